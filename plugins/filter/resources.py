# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run in check mode has seen, resource by resource: what is there, and how it differs from what is wanted."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: resources
short_description: Tell the resources that check mode looked at, and their drift
version_added: 0.1.0
author:
  - The central.llm maintainers
description:
  - Turns the results of modules that ran in check mode with C(diff) into one list of what there is.
  - It reads results only, and calls nothing.
positional: _input
options:
  _input:
    description: What was looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description:
          - What it is. Where the result has a dictionary of this name, that is the resource, as this collection's
            modules return it; else the result itself is, or a dictionary in it that has an id.
        type: str
        required: true
      name:
        description: How it is called; with a list of names, the result is that of a loop over them.
        type: raw
        required: true
      result:
        description: The registered result.
        type: dict
        required: true
"""

EXAMPLES = r"""
- name: Look at a log group
  central.llm.log_group:
    name: /ecs/central-llm-service
    retention_days: 30
  check_mode: true
  diff: true
  register: looked

- name: Say what there is
  ansible.builtin.debug:
    msg: "{{ [{'kind': 'log_group', 'name': '/ecs/central-llm-service', 'result': looked}] | central.llm.resources }}"
"""

RETURN = r"""
_value:
  description: One entry for each resource, in the order given.
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
    name:
      description: How it is called.
      type: str
    id:
      description: Its id, else its ARN; empty where there is none.
      type: str
    state:
      description:
        - V(as wanted), V(differs), V(missing), or V(unknown) where it could not be looked at, because what it belongs
          to is missing.
      type: str
    drift:
      description: How it differs.
      type: list
      elements: dict
      contains:
        option:
          description: The option, dotted where it is nested.
          type: str
        is:
          description: What it is.
          type: raw
        wanted:
          description: What was asked for.
          type: raw
"""

# Where modules keep a resource's id, the most telling first.
IDS = ("id", "group_id", "endpoint_id", "gateway_id", "nat_gateway_id", "arn")
# What stands beside it in a result.
_NO_RESOURCE = ("diff", "invocation", "item")

Entry = dict[str, t.Any]


def resources(looked: list[Entry]) -> list[Entry]:
    if not isinstance(looked, list):
        raise AnsibleFilterError(f"resources takes a list of what was looked at, not {type(looked).__name__}")
    return [entry for item in looked for entry in _entries(item)]


def _entries(item: Entry) -> list[Entry]:
    missing = {"kind", "name", "result"} - item.keys()
    if missing:
        raise AnsibleFilterError(f"resources: {item.get('name', 'an entry')} lacks {', '.join(sorted(missing))}")
    kind, name, result = item["kind"], item["name"], item["result"]
    if isinstance(name, str):
        return [_entry(kind, name, result)]
    results = result.get("results", [])
    if len(results) != len(name):
        raise AnsibleFilterError(f"resources: {len(name)} names of a {kind} for {len(results)} results")
    return [_entry(kind, each, of) for each, of in zip(name, results, strict=True)]


def _entry(kind: str, name: str, result: Entry) -> Entry:
    resource = _resource(kind, result)
    drift: list[Entry] = []
    if result.get("skipped") or "changed" not in result:
        state = "unknown"
    elif not result["changed"]:
        state = "as wanted"
    elif "diff" in result:
        before, after = _sides(result["diff"])
        there = any(before.values()) if isinstance(before, dict) else bool(before)
        state = "differs" if there else "missing"
        drift = differences(before, after) if there else []
    else:
        state = "differs" if _id(resource) else "missing"
    found = "" if state == "missing" else _id(resource)
    return {"kind": kind, "name": name, "id": found, "state": state, "drift": drift}


def _resource(kind: str, result: Entry) -> Entry:
    """What a module returns of it: under the kind, under another word, or flat in its result."""
    nested = {name: value for name, value in result.items() if isinstance(value, dict) and name not in _NO_RESOURCE}
    candidates = [nested.get(kind), result, *nested.values()]
    return next((each for each in candidates if each and _id(each)), {})


def _id(resource: Entry) -> str:
    return str(next((resource[key] for key in IDS if resource.get(key)), ""))


def _sides(diff: t.Any) -> tuple[t.Any, t.Any]:
    """Before and after, of a diff in any of the shapes that modules give it."""
    if isinstance(diff, list):
        diff = next((each for each in diff if isinstance(each, dict) and "after" in each), {})
    diff = diff or {}
    return diff.get("before"), diff.get("after")


def differences(before: t.Any, after: t.Any, option: str = "") -> list[Entry]:
    """The options that differ, each by its own name, down to what is no dictionary on both sides."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        dot = f"{option}." if option else ""
        keys = sorted(before.keys() | after.keys())
        return [each for key in keys for each in differences(before.get(key), after.get(key), f"{dot}{key}")]
    return [{"option": option, "is": before, "wanted": after}]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"resources": resources}
