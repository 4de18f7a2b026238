# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Making and removing the global secondary indexes of a table that exists."""

from __future__ import annotations

import typing as t

from . import api
from .indexes import Plan, attributes_of, keys_of, request_of
from .waiters import wait_indexes


def carry_out(client: t.Any, table: t.Mapping[str, t.Any], plan: Plan, *, timeout: int) -> None:
    """One after the other, as AWS takes them."""
    for name in plan.delete:
        wait_indexes(client, table["name"], timeout=timeout)
        api.update_index(client, table["name"], name, {"Delete": {"IndexName": name}}, [])
    there = [index for index in table["indexes"] if index["name"] not in plan.delete]
    for index in plan.create:
        wait_indexes(client, table["name"], timeout=timeout)
        there.append(index)
        attributes = attributes_of(table["partition_key"], table["sort_key"], *keys_of(there))
        api.update_index(client, table["name"], index["name"], {"Create": request_of(index)}, attributes)


__all__ = ("carry_out",)
