#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_group
version_added: 0.1.0
short_description: Manage a CloudWatch Logs log group
description:
  - Creates, changes and deletes a log group. Only the options that are given are managed.
  - An existing group and its events are never deleted except with O(state=absent).
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the log group.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the group, V(absent) deletes it with all its events.
    type: str
    choices: [present, absent]
    default: present
  retention_days:
    description:
      - How many days events are kept. V(0) keeps them for ever.
    type: int
    choices:
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
  log_group_class:
    description:
      - The class of the group. Only V(STANDARD) groups take subscription and metric filters. V(DELIVERY) groups pass
        the logs of functions on and keep them for a day, whatever the retention says, so that they take none.
      - AWS cannot change the class of a group that exists; asking for another one is an error.
    type: str
    choices: [STANDARD, INFREQUENT_ACCESS, ESSENTIALS, DELIVERY]
  kms_key_arn:
    description:
      - ARN of the KMS key that new events are encrypted with. An empty string returns to AWS's own key.
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the access log of the gateway for 90 days
  central.llm.log_group:
    name: /aws/apigateway/central-llm-rest-api/prod
    retention_days: 90
    tags:
      central-llm:stack: central-llm

- name: Remove the log group of a path that is no longer used
  central.llm.log_group:
    name: /aws/apigwv2/central-llm-http-api
    state: absent
"""

RETURN = r"""
log_group:
  description: The log group as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the group, without the trailing C(:*).
      type: str
      returned: when it exists
      sample: arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/central-llm-service
    name:
      description: Name of the group.
      type: str
      sample: /ecs/central-llm-service
    retention_days:
      description: Days that events are kept, 0 for ever.
      type: int
      sample: 90
    log_group_class:
      description: Class of the group.
      type: str
      sample: STANDARD
    kms_key_arn:
      description: ARN of the key that encrypts the events, empty for AWS's own.
      type: str
      sample: ""
    tags:
      description: Tags of the group.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._logs import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# AWS's answer leaves these out where they are not set.
_UNSET = {"retention_days": 0, "log_group_class": "STANDARD", "kms_key_arn": ""}


def describe(client: t.Any, name: str) -> Resource | None:
    """The group in the shape that this module returns."""
    group = api.find_log_group(client, name)
    if group is None:
        return None
    # logGroupArn is the ARN that tagging takes; 'arn' ends in ':*' and tagging refuses it.
    arn = group.get("logGroupArn") or group["arn"].removesuffix(":*")
    return {
        "arn": arn,
        "name": name,
        "retention_days": group.get("retentionInDays", _UNSET["retention_days"]),
        "log_group_class": group.get("logGroupClass", _UNSET["log_group_class"]),
        "kms_key_arn": group.get("kmsKeyId", _UNSET["kms_key_arn"]),
        "tags": api.list_tags(client, arn),
    }


def validate(desired: Resource, before: Resource | None, name: str) -> None:
    """What AWS refuses or can never change, whatever else is asked for."""
    found = before or _UNSET
    if before and desired.get("log_group_class", found["log_group_class"]) != found["log_group_class"]:
        raise InvalidInput(
            f"The log group {name} is of class {found['log_group_class']}, and AWS cannot change it to "
            f"{desired['log_group_class']}. Leave log_group_class out, or use another name."
        )
    wanted = {**found, **desired}
    if wanted["log_group_class"] == "DELIVERY" and desired.get("retention_days"):
        raise InvalidInput("retention_days: AWS keeps a group of class DELIVERY for a day and takes no retention.")


def create(client: t.Any, name: str, desired: Resource, tags: dict[str, str]) -> None:
    request: Resource = {"logGroupName": name, "tags": tags or None}
    request["logGroupClass"] = desired["log_group_class"]
    request["kmsKeyId"] = desired["kms_key_arn"] or None
    api.create_log_group(client, request=given(request))
    if desired["retention_days"]:
        api.put_retention(client, name, desired["retention_days"])


def update(client: t.Any, name: str, changes: Resource) -> None:
    if "retention_days" in changes:
        if changes["retention_days"]:
            api.put_retention(client, name, changes["retention_days"])
        else:
            api.delete_retention(client, name)
    if "kms_key_arn" in changes:
        if changes["kms_key_arn"]:
            api.associate_kms_key(client, name, changes["kms_key_arn"])
        else:
            api.disassociate_kms_key(client, name)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in _UNSET})
    validate(desired, before, name)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        after = {"name": name, **_UNSET, **desired, "tags": tags.after}
        if check_mode:
            return True, after
        create(client, name, after, tags.after)
        return True, describe(client, name) or after

    changes = differing(desired, before)
    if not check_mode:
        update(client, name, changes)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_log_group(client, before["name"])
    return True, None


def main() -> None:
    retentions = [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
    retentions += [1096, 1827, 2192, 2557, 2922, 3288, 3653]
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "retention_days": {"type": "int", "choices": retentions},
            "log_group_class": {"type": "str", "choices": ["STANDARD", "INFREQUENT_ACCESS", "ESSENTIALS", "DELIVERY"]},
            "kms_key_arn": {"type": "str", "no_log": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("logs")
        before = describe(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("log_group", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
