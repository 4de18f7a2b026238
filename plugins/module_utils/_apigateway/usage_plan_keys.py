# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Whether keys can be attached to a usage plan, found out before anything is written."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from . import api_keys, usage_plans
from .usage_plan_model import Plan, by_name


def check_new_keys(client: t.Any, after: Plan, keys: t.Iterable[str], *, check_mode: bool) -> list[str]:
    """Refuse keys that AWS would refuse to attach: only it would do so after the plan has been written.

    Returns warnings: in check mode, a key may be in a plan that an earlier task only predicts it to leave.
    """
    stages = set(by_name(after["api_stages"]))
    warnings = []
    for key_id in keys:
        if not key_id and check_mode:
            continue
        if not key_id or api_keys.find_api_key(client, key_id) is None:
            raise InvalidInput(
                f"keys: there is no API key with the id {key_id or '(empty)'} in {client.meta.region_name}."
            )
        for other in usage_plans.usage_plans_of_key(client, key_id):
            theirs = {(stage["apiId"], stage["stage"]) for stage in other.get("apiStages") or []}
            shared = sorted(stages & theirs) if other["id"] != after.get("id") else []
            if shared:
                problem = (
                    f"keys: the API key {key_id} is in the usage plan {other['id']} ({other.get('name')}) already, "
                    f"which has the stage {':'.join(shared[0])} as well, and a key can be in one plan of a stage only. "
                    "Detach it there first, or leave it out here."
                )
                if not check_mode:
                    raise InvalidInput(problem)
                warnings.append(f"A run would fail now: {problem}")
    return warnings


__all__ = ("check_new_keys",)
