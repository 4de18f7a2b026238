# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Capacity provider strategies, of a service and of a cluster. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput

Resource = dict[str, t.Any]

_PROVIDER = {"capacity_provider": "capacityProvider", "weight": "weight", "base": "base"}


def by_name(one: Resource) -> str:
    name: str = one["capacity_provider"]
    return name


def strategy(found: t.Sequence[Resource] | None) -> list[Resource]:
    """A capacity provider strategy of AWS's in the words of the modules."""
    items = (
        {"capacity_provider": one["capacityProvider"], "weight": one.get("weight", 0), "base": one.get("base", 0)}
        for one in found or []
    )
    return sorted(items, key=by_name)


def as_aws(items: t.Sequence[Resource]) -> list[Resource]:
    return [{parameter: one[option] for option, parameter in _PROVIDER.items()} for one in items]


def validate_strategy(option: str, items: t.Sequence[Resource] | None) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"""
    names = [one["capacity_provider"] for one in items or []]
    if len(set(names)) < len(names):
        raise InvalidInput(f"{option}: names a capacity provider more than once: {', '.join(names)}.")
    for one in items or []:
        if not 0 <= one["weight"] <= 1000 or not 0 <= one["base"] <= 100_000:
            raise InvalidInput(f"{option}: {one['capacity_provider']}: weight takes 0 to 1000, base 0 to 100000.")
    if sum(one["base"] > 0 for one in items or []) > 1:
        raise InvalidInput(f"{option}: only one capacity provider may have a base.")
    if items and not any(one["weight"] for one in items):
        raise InvalidInput(f"{option}: at least one capacity provider needs a weight above 0.")


__all__ = ("as_aws", "by_name", "strategy", "validate_strategy")
