# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Finding a resource of API Gateway: names are not unique there, and an id is AWS's to choose."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput

Found = dict[str, t.Any]


def only_one(found: t.Sequence[Found], kind: str, name: str, summary: t.Callable[[Found], str]) -> Found | None:
    """The one that was found, or None; several are refused with what tells them apart."""
    if len(found) > 1:
        listed = "; ".join(summary(each) for each in found)
        raise InvalidInput(
            f"There are {len(found)} {kind}s named {name}: {listed}. Names are not unique in API Gateway: "
            "give the id of the one that is meant."
        )
    return found[0] if found else None


def locate(
    kind: str,
    options: t.Mapping[str, t.Any],
    *,
    by_id: t.Callable[[str], Found | None],
    by_name: t.Callable[[str], t.Sequence[Found]],
    summary: t.Callable[[Found], str],
) -> Found | None:
    """What the options' id or name stands for. The id wins; with it, another name is a wish to rename."""
    name, identifier, state = options["name"], options["id"], options["state"]
    if identifier is None:
        return only_one(by_name(name), kind, name, summary)
    found = by_id(identifier)
    if found is None and state == "present":
        raise InvalidInput(
            f"There is no {kind} with the id {identifier}, and AWS chooses the ids of new ones. "
            f"Correct the id, or leave it out to find or create the {kind} by its name."
        )
    if found and state == "absent" and name not in (None, found["name"]):
        raise InvalidInput(
            f"The {kind} {identifier} is named {found['name']}, not {name}, and is not deleted. "
            "Correct the id or the name, or leave the name out."
        )
    return found


def check_name(kind: str, name: str | None) -> None:
    if name is not None and not name.strip():
        raise InvalidInput(f"The name of the {kind} is empty: give it a name, or leave name out and give its id.")


__all__ = ("check_name", "locate", "only_one")
