# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The audit's table by its indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Item = dict[str, t.Any]


@aws_call("ask the index {index} of the table {table}")
def query(client: t.Any, table: str, index: str, attribute: str, value: str) -> list[Item]:
    """All items of one partition, oldest first."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        IndexName=index,
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": attribute},
        ExpressionAttributeValues={":value": {"S": value}},
    )
    return [item for page in pages for item in page["Items"]]


__all__ = ("query",)
