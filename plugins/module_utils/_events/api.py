# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""EventBridge, one function per API call.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import AwsCallError, aws_call

_MISSING = ("ResourceNotFoundException",)


@aws_call("look up the rule {name}", missing=_MISSING)
def find_rule(client: t.Any, name: str) -> dict[str, t.Any] | None:
    return client.describe_rule(Name=name)


@aws_call("read the targets of the rule {name}", missing=_MISSING, default=[])
def list_targets(client: t.Any, name: str) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = []
    request: dict[str, t.Any] = {"Rule": name}
    while True:
        answer = client.list_targets_by_rule(**request)
        found += answer["Targets"]
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]}


@aws_call("put the rule {Name}")
def put_rule(client: t.Any, request: dict[str, t.Any]) -> None:
    client.put_rule(**request)


def put_targets(client: t.Any, name: str, targets: list[dict[str, t.Any]]) -> None:
    _require_all(_put_targets(client, name, targets), f"give the rule {name} its targets")


@aws_call("give the rule {name} its targets")
def _put_targets(client: t.Any, name: str, targets: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    return client.put_targets(Rule=name, Targets=targets)


def remove_targets(client: t.Any, name: str, ids: list[str]) -> None:
    _require_all(_remove_targets(client, name, ids) or {}, f"take targets from the rule {name}")


@aws_call("take targets from the rule {name}", missing=_MISSING)
def _remove_targets(client: t.Any, name: str, ids: list[str]) -> dict[str, t.Any]:
    return client.remove_targets(Rule=name, Ids=ids)


def _require_all(answer: dict[str, t.Any], what: str) -> None:
    """The call succeeds as a whole and says of each entry whether it failed."""
    failed = answer.get("FailedEntries") or []
    if failed:
        reasons = "; ".join(f"{each['TargetId']}: {each['ErrorCode']}: {each['ErrorMessage']}" for each in failed)
        raise AwsCallError(message=f"Failed to {what}: {reasons}", exception=None)


@aws_call("delete the rule {name}", missing=_MISSING)
def delete_rule(client: t.Any, name: str) -> None:
    client.delete_rule(Name=name)


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)
