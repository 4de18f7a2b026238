# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The patch operations that turn one usage plan into another.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateUsagePlan-Patch
"""

from __future__ import annotations

import typing as t

from .patch import Operation, add, pointer, remove, replace, replacements
from .usage_plan_model import LATEST_OFFSET, THROTTLE, Limits, Plan, StageName, by_method, by_name


def operations(before: Plan, after: Plan) -> list[Operation]:
    """What to send so that the plan `before` becomes `after`; nothing when they are equal."""
    texts = {name: after[name] for name in ("name", "description") if before[name] != after[name]}
    return [
        *replacements(texts, {"name": "name", "description": "description"}),
        *_product_code(before["product_code"], after["product_code"]),
        *_limits("/throttle", before["throttle"], after["throttle"], THROTTLE),
        *_quota(before["quota"], after["quota"]),
        *_stages(by_name(before["api_stages"]), by_name(after["api_stages"])),
    ]


def _product_code(before: str, after: str) -> list[Operation]:
    if before == after:
        return []
    return [replace("/productCode", after) if after else remove("/productCode")]


def _limits(path: str, before: Limits, after: Limits, members: t.Mapping[str, str]) -> list[Operation]:
    """Members cannot be removed one by one: only all of them."""
    if before and not after:
        return [remove(path)]
    write = replace if before else add
    return [
        write(path + pointer(member), after[option])
        for option, member in members.items()
        if option in after and after[option] != before.get(option)
    ]


def _quota(before: Limits, after: Limits) -> list[Operation]:
    """The offset must fit the period at any moment: a longer period is set before its offset, a shorter one after."""
    longer = LATEST_OFFSET.get(after.get("period", ""), 0) >= LATEST_OFFSET.get(before.get("period", ""), 0)
    order = ("limit", "period", "offset") if longer else ("limit", "offset", "period")
    return _limits("/quota", before, after, {member: member for member in order})


def _stages(before: dict[StageName, Plan], after: dict[StageName, Plan]) -> list[Operation]:
    # Unlike other members, a stage is named by the value: the path alone is refused.
    gone = [remove("/apiStages", ":".join(name)) for name in before if name not in after]
    come = [add("/apiStages", ":".join(name)) for name in after if name not in before]
    throttles = [
        operation
        for name, stage in after.items()
        for operation in _methods(name, before[name]["throttle"] if name in before else [], stage["throttle"])
    ]
    return gone + come + throttles


def _methods(stage: StageName, before: list[Limits], after: list[Limits]) -> list[Operation]:
    there, wanted = by_method(before), by_method(after)
    root = pointer("apiStages", ":".join(stage), "throttle")
    gone = [remove(root + pointer(*method)) for method in there if method not in wanted]
    changed = [
        operation
        for method, limits in wanted.items()
        for operation in _limits(root + pointer(*method), there.get(method, {}), limits, THROTTLE)
    ]
    return gone + changed


__all__ = ("operations",)
