# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which versions of a launch template there will be."""

from __future__ import annotations

import typing as t


class Change(t.NamedTuple):
    """What happens to the versions."""

    new_version: bool
    default: int
    prune: list[int]
    versions: list[int]

    @property
    def latest(self) -> int:
        return self.versions[-1]


def plan_versions(before: t.Mapping[str, t.Any], *, new_version: bool, default: str, keep: int | None) -> Change:
    """Numbers grow by one and are never used again; the newest and the default version are never pruned."""
    latest = before["latest_version"] + new_version
    versions = [*before["versions"], latest] if new_version else list(before["versions"])
    default_version = latest if default == "latest" else before["default_version"]
    kept = set(versions if keep is None else versions[-keep:]) | {latest, default_version}
    prune = [number for number in versions if number not in kept]
    return Change(new_version, default_version, prune, [number for number in versions if number in kept])


def warnings_of(answer: t.Mapping[str, t.Any]) -> list[str]:
    """AWS creates a template that cannot be launched as it is, and says so beside it."""
    return [f"{error.get('Code')}: {error.get('Message')}" for error in answer.get("Warning", {}).get("Errors", [])]


__all__ = ("Change", "plan_versions", "warnings_of")
