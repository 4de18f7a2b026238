# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""DynamoDB, one function per API call.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Item = dict[str, t.Any]

_MISSING = ("ResourceNotFoundException", "TableNotFoundException")


@aws_call("look up the table {name}", missing=_MISSING)
def find_table(client: t.Any, name: str) -> Item | None:
    return client.describe_table(TableName=name)["Table"]


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


@aws_call("read the time to live of the table {name}", missing=_MISSING, default={})
def read_ttl(client: t.Any, name: str) -> Item:
    return client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]


@aws_call("read the backups of the table {name}", missing=_MISSING, default={})
def read_backups(client: t.Any, name: str) -> Item:
    return client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]


@aws_call("create the table {TableName}")
def create_table(client: t.Any, request: Item) -> Item:
    return client.create_table(**request)["TableDescription"]


@aws_call("change {change} of the table {name}")
def update_table(client: t.Any, name: str, change: str, **settings: t.Any) -> None:
    client.update_table(TableName=name, **settings)


@aws_call("change the index {index} of the table {name}")
def update_index(client: t.Any, name: str, index: str, change: Item, attributes: list[Item]) -> None:
    definitions = {"AttributeDefinitions": attributes} if attributes else {}
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[change], **definitions)


@aws_call("change the time to live of the table {name}")
def update_ttl(client: t.Any, name: str, attribute: str, *, enabled: bool) -> None:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


@aws_call("change the point-in-time recovery of the table {name}")
def update_backups(client: t.Any, name: str, *, enabled: bool) -> None:
    specification = {"PointInTimeRecoveryEnabled": enabled}
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)


@aws_call("delete the table {name}", missing=_MISSING)
def delete_table(client: t.Any, name: str) -> None:
    client.delete_table(TableName=name)


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())])


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceArn=arn, TagKeys=keys)


@aws_call("read from the table {table}")
def get_item(client: t.Any, table: str, key: Item) -> Item | None:
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


@aws_call("write to the table {TableName}")
def put_item(client: t.Any, request: Item) -> None:
    client.put_item(**request)


@aws_call("delete from the table {TableName}")
def delete_item(client: t.Any, request: Item) -> None:
    client.delete_item(**request)


@aws_call("list what the table {table} keeps of {kind}", missing=_MISSING, default=[])
def scan_kind(client: t.Any, table: str, kind: str) -> list[Item]:
    """The table has no sort key, and is small: all of it is read."""
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression="begins_with(#pk, :prefix)",
        ExpressionAttributeNames={"#pk": "pk"},
        ExpressionAttributeValues={":prefix": {"S": f"{kind}#"}},
    )
    return [item for page in pages for item in page["Items"]]
