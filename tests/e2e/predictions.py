"""What check mode foretold, held against what the run then did."""

from __future__ import annotations

import typing as t

Result = dict[str, t.Any]

# What check mode puts where it cannot know an id.
PLACEHOLDERS = ("made-by-this-run", "sg-00000000", "vpc-00000000", "subnet-00000000", "/0000000000000000")


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
    if not (isinstance(said, dict) and isinstance(did, dict)):
        return []
    found = []
    if said.get("before") != did.get("before"):
        found.append(f"before was {did.get('before')}, and check mode saw {said.get('before')}")
    wanted, got = said.get("after"), did.get("after")
    if isinstance(wanted, dict) and isinstance(got, dict):
        found += [
            f"{option} became {got.get(option)!r}, and check mode said {value!r}"
            for option, value in wanted.items()
            if got.get(option) != value and not any(placeholder in repr(value) for placeholder in PLACEHOLDERS)
        ]
    return found
