# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What is waited for in DynamoDB."""

from __future__ import annotations

import typing as t

from .._waiter import on_error, on_path, wait_for, waiter_model

_STATUS = "Table.TableStatus"
_BACKUPS = "ContinuousBackupsDescription.ContinuousBackupsStatus"
_BROKEN = ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "ARCHIVING", "ARCHIVED", "REPLICATION_NOT_AUTHORIZED")


def wait_active(client: t.Any, name: str, *, timeout: int) -> None:
    """DescribeTable is eventually consistent: right after CreateTable the table may not be there yet."""
    acceptors = [on_path(_STATUS, "ACTIVE", "success"), on_error("ResourceNotFoundException", "retry")]
    acceptors += [on_path(_STATUS, status, "failure") for status in _BROKEN]
    _wait(client, "DescribeTable", acceptors, name, "to be active", timeout, reason=_STATUS)


def wait_indexes(client: t.Any, name: str, *, timeout: int) -> None:
    """AWS makes or removes one index of a table at a time, and fills it before the next one."""
    busy = "length(Table.GlobalSecondaryIndexes[?IndexStatus!='ACTIVE'] || `[]`) > `0` || Table.TableStatus != 'ACTIVE'"
    acceptors = [on_path(busy, False, "success")]
    _wait(client, "DescribeTable", acceptors, name, "to have its indexes", timeout, reason=_STATUS)


def wait_gone(client: t.Any, name: str, *, timeout: int) -> None:
    acceptors = [on_error("ResourceNotFoundException", "success")]
    _wait(client, "DescribeTable", acceptors, name, "to be deleted", timeout, reason=_STATUS)


def wait_backups(client: t.Any, name: str, *, timeout: int) -> None:
    """Point-in-time recovery is refused until AWS has set the backups of a new table up."""
    acceptors = [on_path(_BACKUPS, "ENABLED", "success"), on_error("TableNotFoundException", "retry")]
    _wait(client, "DescribeContinuousBackups", acceptors, name, "to have backups", timeout, reason=_BACKUPS)


def _wait(
    client: t.Any, operation: str, acceptors: list[t.Any], name: str, what: str, timeout: int, *, reason: str
) -> None:
    model = waiter_model(operation, acceptors)
    wait_for(client, model, description=f"the table {name} {what}", timeout=timeout, reason=reason, TableName=name)
