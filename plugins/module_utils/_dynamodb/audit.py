# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""One record of the audit's table."""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._waiter import on_path, wait_for, waiter_model

KEY = "request_id"
SIDES = ("gateway", "engine")
Item = dict[str, t.Any]


@aws_call("read from the table {table}")
def get_record(client: t.Any, table: str, request_id: str) -> Item | None:
    return client.get_item(TableName=table, Key={KEY: {"S": request_id}}, ConsistentRead=True).get("Item")


def wait_for_record(client: t.Any, table: str, request_id: str, sides: t.Sequence[str], timeout: int) -> None:
    """Until each of these sides has told of the request."""
    told = " && ".join(f"length(Item.{side}_line.S || '') > `0`" for side in sides)
    wait_for(
        client,
        waiter_model("GetItem", [on_path(told, True, "success")]),
        description=f"the record of the request {request_id} in {table}, which {' and '.join(sides)} tell of",
        timeout=timeout,
        TableName=table,
        Key={KEY: {"S": request_id}},
        ConsistentRead=True,
    )


__all__ = ("KEY", "SIDES", "get_record", "wait_for_record")
