#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: schedule
version_added: 0.1.0
short_description: Manage a schedule of EventBridge Scheduler
description:
  - Creates, changes and deletes a schedule, one-time or recurring, with its target.
  - Only the options that are given are managed; of what AWS replaces as a whole, the rest is given back as it is.
    A start that has passed is not, as it has had its effect, and AWS takes it no more.
  - A one-time schedule that is deleted once it has run is made anew when it is asked for again.
  - "AWS reference: U(https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the schedule.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the schedule, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  group:
    description:
      - The schedule group that it belongs to.
    type: str
    default: default
  expression:
    description:
      - When it runs, as C(at(yyyy-mm-ddThh:mm:ss)), C(rate(value unit)) or C(cron(fields)).
      - Required where the schedule does not exist.
    type: str
  timezone:
    description:
      - The time zone of the expression. AWS takes UTC where none was ever given.
    type: str
  description:
    description:
      - What the schedule is for.
    type: str
  enabled:
    description:
      - Whether it runs. AWS enables a new one.
    type: bool
  target_arn:
    description:
      - What is called, the ARN of a resource or of an API operation such as
        C(arn:aws:scheduler:::aws-sdk:ec2:terminateInstances). Required where the schedule does not exist.
      - One of another service is called without the parameters that are for targets of the one before, such as
        C(SqsParameters).
    type: str
  role_arn:
    description:
      - ARN of the role that the target is called with. Required where the schedule does not exist.
    type: str
  input:
    description:
      - What the target is given. The parameters of an API operation have capital first letters.
    type: dict
  dead_letter_queue_arn:
    description:
      - ARN of the SQS queue for what could not be delivered; an empty string is none.
    type: str
  maximum_retry_attempts:
    description:
      - How often a delivery is tried again, 0 to 185.
    type: int
  maximum_event_age:
    description:
      - For how many seconds a delivery is tried again, 60 to 86400.
    type: int
  flexible_window:
    description:
      - Minutes within which it may run later than said; V(0) is none.
    type: int
  action_after_completion:
    description:
      - Whether a schedule that will not run again is deleted.
    type: str
    choices: [NONE, DELETE]
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Terminate a host tonight, whatever happens to this machine
  central.llm.schedule:
    name: my-lease
    expression: at(2030-01-01T22:00:00)
    target_arn: arn:aws:scheduler:::aws-sdk:ec2:terminateInstances
    role_arn: arn:aws:iam::123456789012:role/my-lease-role
    input:
      InstanceIds: [i-0123456789abcdef0]
    action_after_completion: DELETE

- name: Call it off
  central.llm.schedule:
    name: my-lease
    state: absent
"""

RETURN = r"""
schedule:
  description: The schedule as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the schedule.
      type: str
      returned: when it exists
      sample: arn:aws:scheduler:eu-central-1:123456789012:schedule/default/my-lease
    name:
      description: Name of the schedule.
      type: str
      sample: my-lease
    group:
      description: Its schedule group.
      type: str
      sample: default
    expression:
      description: When it runs.
      type: str
      sample: at(2030-01-01T22:00:00)
    timezone:
      description: Time zone of the expression.
      type: str
      sample: UTC
    description:
      description: What it is for.
      type: str
      sample: ""
    enabled:
      description: Whether it runs.
      type: bool
      sample: true
    target_arn:
      description: What is called.
      type: str
      sample: arn:aws:scheduler:::aws-sdk:ec2:terminateInstances
    role_arn:
      description: ARN of the role that the target is called with.
      type: str
      sample: arn:aws:iam::123456789012:role/my-lease-role
    input:
      description: What the target is given. A text that is no JSON is returned as it is.
      type: dict
      sample: {"InstanceIds": ["i-0123456789abcdef0"]}
    dead_letter_queue_arn:
      description: ARN of the queue for what could not be delivered, empty for none.
      type: str
      sample: ""
    maximum_retry_attempts:
      description: How often a delivery is tried again.
      type: int
      sample: 185
    maximum_event_age:
      description: For how many seconds a delivery is tried again.
      type: int
      sample: 86400
    flexible_window:
      description: Minutes within which it may run later.
      type: int
      sample: 0
    action_after_completion:
      description: Whether it is deleted once it will not run again.
      type: str
      sample: NONE
"""

import json
import typing as t
from datetime import UTC, datetime

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput, members_of
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, replacement
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._scheduler import api
from ansible_collections.central.llm.plugins.module_utils._scheduler.expressions import wrong_with
from ansible_collections.central.llm.plugins.module_utils._scheduler.targets import retargeted

# What AWS takes where nothing was given.
DEFAULTS: Resource = {
    "timezone": "UTC",
    "description": "",
    "enabled": True,
    "input": {},
    "dead_letter_queue_arn": "",
    "maximum_retry_attempts": 185,
    "maximum_event_age": 86400,
    "flexible_window": 0,
    "action_after_completion": "NONE",
}
NEEDED = ("expression", "target_arn", "role_arn")
# How long a role that was made a moment ago may be unknown to the scheduler.
ROLE_SECONDS = 30


def input_of(target: Resource) -> t.Any:
    """What the target is given; other targets than ours may have a text that is no JSON."""
    text = target.get("Input") or "{}"
    try:
        return json.loads(text)
    except ValueError:
        return text


def describe(found: Resource | None) -> Resource | None:
    """The schedule in the shape that this module returns."""
    if found is None:
        return None
    target = found["Target"]
    retries = target.get("RetryPolicy") or {}
    return {
        **DEFAULTS,
        "arn": found["Arn"],
        "name": found["Name"],
        "group": found["GroupName"],
        "expression": found["ScheduleExpression"],
        "timezone": found.get("ScheduleExpressionTimezone") or "UTC",
        "description": found.get("Description") or "",
        "enabled": found.get("State", "ENABLED") == "ENABLED",
        "target_arn": target["Arn"],
        "role_arn": target["RoleArn"],
        "input": input_of(target),
        "dead_letter_queue_arn": (target.get("DeadLetterConfig") or {}).get("Arn", ""),
        "maximum_retry_attempts": retries.get("MaximumRetryAttempts", 185),
        "maximum_event_age": retries.get("MaximumEventAgeInSeconds", 86400),
        "flexible_window": found["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0),
        "action_after_completion": found.get("ActionAfterCompletion") or "NONE",
    }


def request_of(found: Resource, schedule: Resource, members: t.Collection[str], now: datetime) -> Resource:
    """All that makes a schedule: AWS resets what an update leaves out, so that what is not managed is sent again."""
    window = schedule["flexible_window"]
    start = found.get("StartDate")
    target = retargeted(found.get("Target") or {}, schedule["target_arn"])
    if input_of(target) != schedule["input"]:
        target["Input"] = json.dumps(schedule["input"], sort_keys=True) if schedule["input"] else None
    target |= {
        "RoleArn": schedule["role_arn"],
        "DeadLetterConfig": {"Arn": schedule["dead_letter_queue_arn"]} if schedule["dead_letter_queue_arn"] else None,
        "RetryPolicy": {
            "MaximumRetryAttempts": schedule["maximum_retry_attempts"],
            "MaximumEventAgeInSeconds": schedule["maximum_event_age"],
        },
    }
    managed = {
        "Name": schedule["name"],
        "GroupName": schedule["group"],
        "ScheduleExpression": schedule["expression"],
        "ScheduleExpressionTimezone": schedule["timezone"],
        # AWS takes none that is more than five minutes ago.
        "StartDate": start if start and start > now else None,
        "Description": schedule["description"],
        "State": "ENABLED" if schedule["enabled"] else "DISABLED",
        "FlexibleTimeWindow": given(
            {"Mode": "FLEXIBLE" if window else "OFF", "MaximumWindowInMinutes": window or None}
        ),
        "Target": given(target),
        "ActionAfterCompletion": schedule["action_after_completion"],
    }
    return replacement(found, managed, members)


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    reason = wrong_with(options["expression"]) if options["expression"] is not None else None
    if reason:
        raise InvalidInput(f"expression: {options['expression']!r} {reason}")
    for name, least, most in (
        ("maximum_retry_attempts", 0, 185),
        ("maximum_event_age", 60, 86400),
        ("flexible_window", 0, 1440),
    ):
        if options[name] is not None and not least <= options[name] <= most:
            raise InvalidInput(f"{name}: {options[name]} is not between {least} and {most}.")


def ensure_present(
    client: t.Any, found: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource]:
    before = describe(found)
    desired = given({key: options[key] for key in (*NEEDED, *DEFAULTS)})
    if before is None or found is None:
        missing = [key for key in NEEDED if key not in desired]
        if missing:
            raise InvalidInput(f"The schedule {options['name']} does not exist; {', '.join(missing)} must be given.")
        after = {"name": options["name"], "group": options["group"], **DEFAULTS, **desired}
        if check_mode:
            return True, None, after
        request = request_of({}, after, members_of(client, "CreateSchedule"), datetime.now(UTC))
        api.create_schedule(client, request, ROLE_SECONDS)
        return True, None, describe(api.find_schedule(client, options["name"], options["group"])) or after
    changes = differing(desired, before)
    after = {**before, **changes}
    if changes and not check_mode:
        request = request_of(found, after, members_of(client, "UpdateSchedule"), datetime.now(UTC))
        api.update_schedule(client, request, ROLE_SECONDS)
    return bool(changes), before, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_schedule(client, before["name"], before["group"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "group": {"type": "str", "default": "default"},
            "expression": {"type": "str"},
            "timezone": {"type": "str"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
            "target_arn": {"type": "str"},
            "role_arn": {"type": "str"},
            "input": {"type": "dict"},
            "dead_letter_queue_arn": {"type": "str"},
            "maximum_retry_attempts": {"type": "int"},
            "maximum_event_age": {"type": "int"},
            "flexible_window": {"type": "int"},
            "action_after_completion": {"type": "str", "choices": ["NONE", "DELETE"]},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("scheduler")
        found = api.find_schedule(client, module.params["name"], module.params["group"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, before, after = ensure_present(client, found, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(describe(found))
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("schedule", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
