# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""CloudWatch Logs, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

_MISSING = ("ResourceNotFoundException",)


@aws_call("look up the log group {name}")
def find_log_group(client: t.Any, name: str) -> dict[str, t.Any] | None:
    """The group of exactly this name: the API filters by prefix only."""
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    groups = (group for page in pages for group in page["logGroups"])
    return next((group for group in groups if group["logGroupName"] == name), None)


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return client.list_tags_for_resource(resourceArn=arn)["tags"]


@aws_call("create the log group {logGroupName}")
def create_log_group(client: t.Any, request: dict[str, t.Any]) -> None:
    client.create_log_group(**request)


@aws_call("delete the log group {name}", missing=_MISSING)
def delete_log_group(client: t.Any, name: str) -> None:
    client.delete_log_group(logGroupName=name)


@aws_call("set the retention of the log group {name}")
def put_retention(client: t.Any, name: str, days: int) -> None:
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


@aws_call("remove the retention of the log group {name}")
def delete_retention(client: t.Any, name: str) -> None:
    client.delete_retention_policy(logGroupName=name)


@aws_call("encrypt the log group {name}")
def associate_kms_key(client: t.Any, name: str, key_arn: str) -> None:
    client.associate_kms_key(logGroupName=name, kmsKeyId=key_arn)


@aws_call("stop encrypting the log group {name}")
def disassociate_kms_key(client: t.Any, name: str) -> None:
    client.disassociate_kms_key(logGroupName=name)


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=tags)


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)
