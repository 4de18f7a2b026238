# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Tags of API Gateway's resources, of REST (V1) as well as of HTTP and VPC link (V2) kind.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
"""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput, aws_call
from .._compare import TagPlan

# https://docs.aws.amazon.com/apigateway/latest/api/API_TagResource.html
_LONGEST_KEY = 128
_LONGEST_VALUE = 256


def arn_of(client: t.Any, *path: str) -> str:
    """The ARN of a resource, in the partition and region of the client; it has no account in it."""
    return f"arn:{client.meta.partition}:apigateway:{client.meta.region_name}::/{'/'.join(path)}"


def validate_tags(tags: t.Mapping[str, t.Any] | None) -> None:
    for key, value in (tags or {}).items():
        if str(key).lower().startswith("aws:"):
            raise InvalidInput(f"The tag {key} cannot be set: keys that start with aws: are AWS's own.")
        if not 1 <= len(str(key)) <= _LONGEST_KEY:
            raise InvalidInput(f"The tag key {key!r} must have 1 to {_LONGEST_KEY} characters.")
        if len(str(value)) > _LONGEST_VALUE:
            raise InvalidInput(f"The value of the tag {key} is longer than {_LONGEST_VALUE} characters.")


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=tags)


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


def write_tags(client: t.Any, arn: str, plan: TagPlan) -> None:
    """Make the tags those of the plan."""
    if plan.put:
        tag(client, arn, plan.put)
    if plan.remove:
        untag(client, arn, plan.remove)


__all__ = ("arn_of", "validate_tags", "write_tags")
