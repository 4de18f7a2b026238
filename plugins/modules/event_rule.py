#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_rule
version_added: 0.1.0
short_description: Manage an EventBridge rule that runs on a schedule
description:
  - Creates, changes and deletes a rule of the default event bus with a schedule, and its targets.
  - Only the options that are given are managed; of what AWS replaces as a whole, the rest is given back as it is.
  - A function needs a statement that lets the rule invoke it besides, see M(central.llm.lambda_permission).
  - "AWS reference: U(https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the rule.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the rule, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  expression:
    description:
      - When it runs, as C(rate(value unit)) or C(cron(fields)). Required where the rule does not exist.
    type: str
  description:
    description:
      - What the rule is for.
    type: str
  enabled:
    description:
      - Whether it runs. AWS enables a new one.
    type: bool
  targets:
    description:
      - What it calls. A target of another id stays.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - The id of the target within the rule.
        type: str
        required: true
      arn:
        description:
          - ARN of what is called. Where it changes, the target keeps what it has besides, such as its input; parameters
            for targets of one service, such as C(SqsParameters), only while it is of that service.
        type: str
        required: true
  purge_targets:
    description:
      - Whether targets that are not in O(targets) are removed.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Call a function every minute
  central.llm.event_rule:
    name: my-reaper
    expression: rate(1 minute)
    targets:
      - id: my-reaper
        arn: arn:aws:lambda:eu-central-1:123456789012:function:my-reaper
"""

RETURN = r"""
rule:
  description: The rule as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the rule.
      type: str
      returned: when it exists
      sample: arn:aws:events:eu-central-1:123456789012:rule/my-reaper
    name:
      description: Name of the rule.
      type: str
      sample: my-reaper
    expression:
      description: When it runs.
      type: str
      sample: rate(1 minute)
    description:
      description: What it is for.
      type: str
      sample: ""
    enabled:
      description: Whether it runs.
      type: bool
      sample: true
    targets:
      description: ARNs of what it calls, by the targets' ids.
      type: dict
      sample: {"my-reaper": "arn:aws:lambda:eu-central-1:123456789012:function:my-reaper"}
    tags:
      description: Tags of the rule.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput, members_of
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags, replacement
from ansible_collections.central.llm.plugins.module_utils._events import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._scheduler.expressions import wrong_with
from ansible_collections.central.llm.plugins.module_utils._scheduler.targets import retargeted

DEFAULTS: Resource = {"description": "", "enabled": True}
# What PutRule calls the options.
MEMBERS = {"name": "Name", "expression": "ScheduleExpression", "description": "Description"}


class Found(t.NamedTuple):
    """A rule as AWS shows it, with its targets by their ids."""

    rule: Resource
    targets: dict[str, Resource]
    tags: dict[str, str]


def find(client: t.Any, name: str) -> Found | None:
    rule = api.find_rule(client, name)
    if rule is None:
        return None
    targets, tags = at_once(lambda: api.list_targets(client, name), lambda: api.list_tags(client, rule["Arn"]))
    return Found(rule, {target["Id"]: target for target in targets}, tags)


def describe(found: Found | None) -> Resource | None:
    """The rule in the shape that this module returns."""
    if found is None:
        return None
    return {
        "arn": found.rule["Arn"],
        "name": found.rule["Name"],
        "expression": found.rule.get("ScheduleExpression") or "",
        "description": found.rule.get("Description") or "",
        "enabled": found.rule["State"] != "DISABLED",
        "targets": {key: target["Arn"] for key, target in found.targets.items()},
        "tags": found.tags,
    }


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    expression = options["expression"]
    if expression is None:
        return
    reason = "is for EventBridge Scheduler." if expression.startswith("at(") else wrong_with(expression)
    if reason:
        raise InvalidInput(f"expression: {expression!r} {reason}")


def request_of(found: Resource, changes: Resource, members: t.Collection[str]) -> Resource:
    """All that makes a rule: AWS resets what it is put without, so that what is not managed is sent again."""
    managed = {MEMBERS[option]: value for option, value in changes.items() if option in MEMBERS}
    if "enabled" in changes:
        managed["State"] = "ENABLED" if changes["enabled"] else "DISABLED"
    return replacement(found, managed, members)


def put(client: t.Any, found: Resource, changes: Resource, tags: dict[str, str]) -> None:
    """Tags are taken at creation only."""
    request = request_of(found, changes, members_of(client, "PutRule"))
    request |= given({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()] or None})
    api.put_rule(client, request=request)


def put_targets(client: t.Any, name: str, before: dict[str, Resource], after: dict[str, str]) -> None:
    was = {key: target["Arn"] for key, target in before.items()}
    new = [retargeted(before.get(key, {"Id": key}), arn) for key, arn in after.items() if was.get(key) != arn]
    if new:
        api.put_targets(client, name, new)
    gone = sorted(set(before) - set(after))
    if gone:
        api.remove_targets(client, name, gone)


def ensure_present(
    client: t.Any, found: Found | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource]:
    before = describe(found)
    name = options["name"]
    desired = given({key: options[key] for key in ("expression", *DEFAULTS)})
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    asked = {target["id"]: target["arn"] for target in options["targets"] or []}
    there = before["targets"] if before else {}
    kept = {} if options["purge_targets"] and options["targets"] is not None else there
    targets = {**kept, **asked}

    if before is None or found is None:
        if "expression" not in desired:
            raise InvalidInput(f"The rule {name} does not exist; expression is needed to create it.")
        after = {"name": name, **DEFAULTS, **desired, "targets": targets, "tags": tags.after}
        if check_mode:
            return True, None, after
        put(client, {}, after, tags.after)
        put_targets(client, name, {}, targets)
        return True, None, describe(find(client, name)) or after

    changes = differing(desired, before)
    after = {**before, **changes, "targets": targets, "tags": tags.after}
    if not check_mode:
        if changes:
            put(client, found.rule, changes, {})
        put_targets(client, name, found.targets, targets)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or tags.changes or targets != there), before, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        # AWS deletes only a rule without targets.
        if before["targets"]:
            api.remove_targets(client, before["name"], sorted(before["targets"]))
        api.delete_rule(client, before["name"])
    return True, None


def main() -> None:
    target = {"id": {"type": "str", "required": True}, "arn": {"type": "str", "required": True}}
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "expression": {"type": "str"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
            "targets": {"type": "list", "elements": "dict", "options": target},
            "purge_targets": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("events")
        found = find(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, before, after = ensure_present(client, found, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(describe(found))
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("rule", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
