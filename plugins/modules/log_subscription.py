#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_subscription
version_added: 0.1.0
short_description: Manage a subscription filter of a CloudWatch Logs log group
description:
  - Creates, changes and deletes a subscription filter, which passes the lines of a log group on as they come. Only the
    options that are given are managed.
  - AWS takes two for a log group, of class STANDARD. Where there is no room for another one this fails and names those
    that are there; none is ever replaced.
  - A function has to let C(logs.amazonaws.com) invoke it first, see M(central.llm.lambda_permission). Remove the filter
    before the function. While a filter leads nowhere, AWS skips lines.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  log_group:
    description:
      - The name of the log group.
    type: str
    required: true
  name:
    description:
      - The name of the filter.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the filter, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  pattern:
    description:
      - Which lines are passed on. An empty pattern, which a new filter gets by default, passes all.
    type: str
  destination_arn:
    description:
      - ARN of the function, stream or delivery stream that gets the lines. Required where the filter does not exist.
    type: str
  role_arn:
    description:
      - ARN of the role that CloudWatch Logs writes to a stream with. None for functions.
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Pass the records of the engine on to a function
  central.llm.log_subscription:
    log_group: /ecs/central-llm-service
    name: audit
    pattern: '"central_llm_audit"'
    destination_arn: arn:aws:lambda:eu-central-1:123456789012:function:central-llm-audit-ingest
"""

RETURN = r"""
subscription:
  description: The filter as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    log_group:
      description: Name of the log group.
      type: str
      sample: /ecs/central-llm-service
    name:
      description: Name of the filter.
      type: str
      sample: audit
    pattern:
      description: Which lines are passed on.
      type: str
      sample: '"central_llm_audit"'
    destination_arn:
      description: ARN of what gets the lines.
      type: str
      sample: arn:aws:lambda:eu-central-1:123456789012:function:central-llm-audit-ingest
    role_arn:
      description: ARN of the role that CloudWatch Logs writes with, empty for none.
      type: str
      sample: ""
filters:
  description: Names of all subscription filters that the log group has after the run.
  returned: always
  type: list
  elements: str
  sample: [audit]
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given
from ansible_collections.central.llm.plugins.module_utils._logs import subscriptions as api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
MOST_FILTERS = 2
_NEW = {"pattern": "", "destination_arn": "", "role_arn": ""}


def described(found: Resource) -> Resource:
    return {
        "log_group": found["logGroupName"],
        "name": found["filterName"],
        "pattern": found.get("filterPattern") or "",
        "destination_arn": found["destinationArn"],
        "role_arn": found.get("roleArn") or "",
    }


def put(client: t.Any, wanted: Resource, *, timeout: int) -> None:
    request = {
        "logGroupName": wanted["log_group"],
        "filterName": wanted["name"],
        "filterPattern": wanted["pattern"],
        "destinationArn": wanted["destination_arn"],
        "roleArn": wanted["role_arn"] or None,
    }
    api.put_filter(client, request=given(request), timeout=timeout)


def ensure_present(
    client: t.Any, before: Resource | None, others: list[str], options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    desired = given({key: options[key] for key in _NEW})
    if before is None:
        if not desired.get("destination_arn"):
            raise InvalidInput(f"There is no subscription filter {options['name']}; destination_arn must be given.")
        if len(others) >= MOST_FILTERS:
            raise InvalidInput(
                f"The log group {options['log_group']} has the subscription filters {' and '.join(others)}, and AWS "
                f"takes {MOST_FILTERS}. Remove one of them; nothing was touched."
            )
    found = before or {"log_group": options["log_group"], "name": options["name"], **_NEW}
    changed = before is None or bool(differing(desired, found))
    after = {**found, **desired}
    if changed and not check_mode:
        put(client, after, timeout=options["wait_timeout"] if options["wait"] else 0)
    return changed, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_filter(client, before["log_group"], before["name"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "log_group": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "pattern": {"type": "str"},
            "destination_arn": {"type": "str"},
            "role_arn": {"type": "str"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        client = module.client("logs")
        there = {each["filterName"]: each for each in api.list_filters(client, options["log_group"])}
        before = described(there[options["name"]]) if options["name"] in there else None
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, sorted(there), options, check_mode=module.check_mode)
        else:
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        ours = {options["name"]} if after else set()
        filters = sorted((there.keys() - {options["name"]}) | ours)
        module.exit_with("subscription", changed=changed, before=before, after=after, filters=filters)


if __name__ == "__main__":
    main()
