# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What an ARN says of the resource that it names. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
import typing as t

# These name no type: all that has tags there is of one.
_ONLY_TYPE = {"s3": "bucket", "sns": "topic", "sqs": "queue"}


class Named(t.NamedTuple):
    service: str
    type: str
    id: str


def named(arn: str) -> Named:
    """Service, type and id; what is no ARN is an id and nothing else."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return Named("", "", arn)
    service, rest = parts[2], parts[5]
    if service in _ONLY_TYPE:
        return Named(service, _ONLY_TYPE[service], rest)
    if service == "apigateway":
        return Named(service, *_of_path(rest))
    if service == "wafv2":
        # What comes first is the scope: regional/webacl/NAME/ID.
        rest = rest.partition("/")[2]
    kind, name = _apart(rest)
    return Named(service, kind, name)


def _apart(rest: str) -> tuple[str, str]:
    """A type ends at the first slash or colon; the name behind it may have more of both."""
    found = re.search("[:/]", rest)
    return (rest[: found.start()], rest[found.end() :]) if found else ("", rest)


def _of_path(path: str) -> tuple[str, str]:
    """A path goes from collection to member, and on: /restapis/ID/stages/NAME is the stage ID/NAME.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """
    steps = path.strip("/").split("/")
    collections, members = steps[::2], steps[1::2]
    return collections[-1], "/".join(members)
