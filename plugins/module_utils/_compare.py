# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What is asked for against what is there. An option that is None is not managed."""

from __future__ import annotations

import typing as t


def given(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options that were set, hence are managed."""
    return {name: value for name, value in options.items() if value is not None}


def differing(desired: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The managed options whose value is not the current one."""
    return {name: value for name, value in given(desired).items() if current.get(name) != value}


def replacement(
    current: t.Mapping[str, t.Any], managed: t.Mapping[str, t.Any], members: t.Collection[str]
) -> dict[str, t.Any]:
    """The request that replaces a resource as a whole: what is managed, over what is there, as far as `members` go.

    AWS resets what such a request leaves out, so that None, an empty text and an empty list take a member away.
    """
    return {
        name: value for name, value in {**current, **managed}.items() if name in members and value not in (None, "", [])
    }


class TagPlan(t.NamedTuple):
    """What to write so that the tags become `after`."""

    put: dict[str, str]
    remove: list[str]
    after: dict[str, str]

    @property
    def changes(self) -> bool:
        return bool(self.put or self.remove)


def plan_tags(current: t.Mapping[str, str], desired: t.Mapping[str, t.Any] | None, *, purge: bool) -> TagPlan:
    """Compare tags; None leaves all alone, and AWS's own (aws:…) are never touched."""
    if desired is None:
        return TagPlan({}, [], dict(current))
    wanted = {str(key): str(value) for key, value in desired.items()}
    put = {key: value for key, value in wanted.items() if current.get(key) != value}
    remove = sorted(key for key in current if key not in wanted and not key.startswith("aws:")) if purge else []
    after = {key: value for key, value in current.items() if key not in remove} | wanted
    return TagPlan(put, remove, after)


__all__ = ("TagPlan", "differing", "given", "plan_tags", "replacement")
