# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which targets of a group are dead, and which are somebody else's. Pure."""

from __future__ import annotations

import typing as t

Resource = dict[str, t.Any]


class Target(t.NamedTuple):
    id: str
    port: int

    def __str__(self) -> str:
        return f"{self.id}:{self.port}"


Reasons = dict[Target, str]

# What an instance never comes back from, and what ours comes back from only to be registered anew.
_ENDED = ("shutting-down", "terminated")
_ASLEEP = ("stopping", "stopped")


def registered(health: t.Sequence[Resource]) -> list[Target]:
    """The targets that are not on their way out already."""
    staying = (one for one in health if "draining" not in one.get("TargetHealth", {}).get("State", ""))
    return sorted(Target(one["Target"]["Id"], one["Target"]["Port"]) for one in staying)


def judge(
    targets: t.Sequence[Target], instances: t.Mapping[str, Resource], own_tags: t.Mapping[str, str]
) -> tuple[Reasons, Reasons]:
    """The dead and the foreign ones of the targets, each with what is wrong with it."""
    dead: Reasons = {}
    foreign: Reasons = {}
    for target in targets:
        instance = instances.get(target.id)
        state = instance["State"]["Name"] if instance else ""
        if instance is None:
            dead[target] = "there is no such instance"
        elif state in _ENDED:
            dead[target] = f"the instance is {state}"
        elif not _ours(instance, own_tags):
            expected = " nor ".join(f"{key}={value}" for key, value in sorted(own_tags.items()))
            foreign[target] = f"the instance is {state} and carries neither {expected}"
        elif state in _ASLEEP:
            dead[target] = f"the instance is {state}"
    return dead, foreign


def shown(reasons: Reasons) -> list[Resource]:
    return [{"id": target.id, "port": target.port, "reason": why} for target, why in sorted(reasons.items())]


def _ours(instance: Resource, own_tags: t.Mapping[str, str]) -> bool:
    tags = {tag["Key"]: tag.get("Value", "") for tag in instance.get("Tags", [])}
    return any(tags.get(key) == value for key, value in own_tags.items())


__all__ = ("Target", "judge", "registered", "shown")
