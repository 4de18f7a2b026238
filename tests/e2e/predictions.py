"""What check mode foretold, held against what the run then did."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.central.llm.plugins.filter.resources import differences

Result = dict[str, t.Any]

# What check mode puts where it cannot know an id.
PLACEHOLDERS = (
    "made-by-this-run",
    "sg-00000000",
    "vpc-00000000",
    "subnet-00000000",
    "/0000000000000000",
    "https://.execute-api",
)


# The end of a lease is counted from when a run asks for it.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def results(document: Result) -> dict[tuple[str, int, int], Result]:
    """The results of a run (by the JSON callback): by task, how many times it had run, and item of its loop.

    What was skipped did not run: where check mode predicts by a task of the same name, that one counts for both.
    """
    found: dict[tuple[str, int, int], Result] = {}
    seen: dict[str, int] = {}
    for play in document["plays"]:
        for task in play["tasks"]:
            for result in task["hosts"].values():
                if result.get("skipped"):
                    continue
                name = task["task"]["name"]
                seen[name] = seen.get(name, 0) + 1
                for item, each in enumerate(result.get("results", [result])):
                    found[name, seen[name], item] = each
    return found


def mistakes(foretold: Result, done: Result) -> list[str]:
    """Where the run did other than check mode had said."""
    before, after = results(foretold), results(done)
    found = []
    for key in sorted(before.keys() | after.keys()):
        said, did = before.get(key, {}), after.get(key, {})
        if bool(said.get("changed")) != bool(did.get("changed")):
            found.append(f"{key}: foretold changed={said.get('changed')}, the run had changed={did.get('changed')}")
        elif did.get("changed"):
            found += [f"{key}: {mistake}" for mistake in _of_diff(said.get("diff"), did.get("diff"))]
    return found


def _of_diff(said: t.Any, did: t.Any) -> list[str]:
    """Where what changes is not what was foretold to change.

    What it was before is not compared: earlier tasks of the run may have changed it, which check mode cannot see.
    """
    if not (isinstance(said, dict) and isinstance(did, dict)):
        return []
    # Check mode leaves out what is AWS's to choose: the id of a new revision, host or deployment.
    left_open = (said.get("before") or {}).keys() - (said.get("after") or {}).keys()
    foretold, done = (
        {option: value for option, value in _changes(diff).items() if option not in left_open} for diff in (said, did)
    )
    # Of what it makes, AWS chooses some options itself.
    unforeseen = sorted(done.keys() - foretold.keys()) if did.get("before") else []
    return [f"{option} became {done[option]!r}, which check mode did not foretell" for option in unforeseen] + [
        f"{option} became {done.get(option)!r}, and check mode said {value!r}"
        for option, value in foretold.items()
        if not _comes_true(value, done.get(option), made=not did.get("before"))
    ]


def _changes(diff: Result) -> dict[str, t.Any]:
    return {each["option"]: each["wanted"] for each in differences(diff.get("before") or {}, diff.get("after") or {})}


def _timeless(value: t.Any) -> str:
    return _MOMENT.sub("(moment)", repr(value))


def _comes_true(said: t.Any, did: t.Any, *, made: bool) -> bool:
    if _timeless(said) == _timeless(did) or any(placeholder in repr(said) for placeholder in PLACEHOLDERS):
        return True
    if made and said in ("", [], None):
        return True  # What belongs to something that the run had yet to make.
    # A revision is foretold by its name, and returned by its ARN.
    return isinstance(said, str) and isinstance(did, str) and did.endswith(f"/{said}")
