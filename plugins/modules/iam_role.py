#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role
version_added: 0.1.0
short_description: Manage an IAM role with its policies
description:
  - Creates, changes and deletes a role, its trust policy, its inline and managed policies and its permissions boundary.
  - Only the options that are given are managed; documents are compared by what they mean, not by how they are written.
  - "AWS reference: U(https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the role.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the role.
      - V(absent) deletes it with its inline policies; it is taken out of instance profiles and its managed policies are
        detached first, as AWS asks for.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The path of the role. AWS cannot change it; asking for another one is an error.
    type: str
  description:
    description:
      - What the role is for.
    type: str
  assume_role_policy_document:
    description:
      - The trust policy, who may assume the role. Required where the role does not exist.
    type: dict
  managed_policies:
    description:
      - ARNs of managed policies that shall be attached.
    type: list
    elements: str
  purge_managed_policies:
    description:
      - Whether managed policies that are not in O(managed_policies) are detached.
    type: bool
    default: false
  inline_policies:
    description:
      - Policy documents by name. A name with an empty document is removed.
    type: dict
  purge_inline_policies:
    description:
      - Whether inline policies that are not in O(inline_policies) are removed.
    type: bool
    default: false
  permissions_boundary:
    description:
      - ARN of the policy that limits what the role can be allowed. An empty string removes the boundary.
    type: str
  max_session_duration:
    description:
      - How long a session of the role may last at most, in seconds.
    type: int
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let tasks write their log, and nothing else
  central.llm.iam_role:
    name: my-task-role
    description: What my tasks may do
    assume_role_policy_document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {Service: ecs-tasks.amazonaws.com}
          Action: sts:AssumeRole
    inline_policies:
      logs:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: [logs:CreateLogStream, logs:PutLogEvents]
            Resource: arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/mine:*

- name: Remove one inline policy and leave the others
  central.llm.iam_role:
    name: my-task-role
    inline_policies:
      logs: {}
"""

RETURN = r"""
role:
  description: The role as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the role.
      type: str
      returned: when it exists
      sample: arn:aws:iam::123456789012:role/central-llm-task-role
    name:
      description: Name of the role.
      type: str
      sample: central-llm-task-role
    path:
      description: Path of the role.
      type: str
      sample: /
    description:
      description: What the role is for.
      type: str
      sample: What the engine may do
    max_session_duration:
      description: How long a session may last at most, in seconds.
      type: int
      sample: 3600
    permissions_boundary:
      description: ARN of the permissions boundary, empty for none.
      type: str
      sample: ""
    assume_role_policy_document:
      description: The trust policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    managed_policies:
      description: ARNs of the managed policies, sorted.
      type: list
      elements: str
      sample: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    inline_policies:
      description: Documents of the inline policies, by name.
      type: dict
      sample: {"logs": {"Version": "2012-10-17", "Statement": []}}
    tags:
      description: Tags of the role.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import TagPlan, differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._iam import api
from ansible_collections.central.llm.plugins.module_utils._iam.documents import compact
from ansible_collections.central.llm.plugins.module_utils._iam.role import UNSET, Resource, describe, desired, validate
from ansible_collections.central.llm.plugins.module_utils._iam.waiters import wait_for_role
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def create(client: t.Any, role: Resource) -> None:
    request: Resource = {
        "RoleName": role["name"],
        "Path": role["path"],
        "AssumeRolePolicyDocument": compact(role["assume_role_policy_document"]),
        "Description": role["description"] or None,
        "MaxSessionDuration": role["max_session_duration"],
        "PermissionsBoundary": role["permissions_boundary"] or None,
        "Tags": api.tag_list(role["tags"]) or None,
    }
    api.create_role(client, request=given(request))


def update(client: t.Any, before: Resource, changes: Resource, tags: TagPlan) -> None:
    name = before["name"]
    if "assume_role_policy_document" in changes:
        api.put_trust(client, name, changes["assume_role_policy_document"])
    if {"description", "max_session_duration"} & set(changes):
        # What is left out here goes back to its default.
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
        after = {**before, **changes}
        settings = {"Description": after["description"], "MaxSessionDuration": after["max_session_duration"]}
        api.update_role(client, request={"RoleName": name, **settings})
    if changes.get("permissions_boundary"):
        api.put_boundary(client, name, changes["permissions_boundary"])
    elif "permissions_boundary" in changes:
        api.delete_boundary(client, name)
    if tags.put:
        api.tag_role(client, name, tags.put)
    if tags.remove:
        api.untag_role(client, name, tags.remove)


def put_policies(client: t.Any, name: str, before: Resource, changes: Resource) -> None:
    """What the role may do grows before it shrinks: a change of policies is no gap in between."""
    after = {**before, **changes}
    attached, inline = after["managed_policies"], after["inline_policies"]
    for arn in attached:
        if arn not in before["managed_policies"]:
            api.attach_policy(client, name, arn)
    for policy, document in inline.items():
        if document != before["inline_policies"].get(policy):
            api.put_inline_policy(client, name, policy, document)
    for arn in before["managed_policies"]:
        if arn not in attached:
            api.detach_policy(client, name, arn)
    for policy in before["inline_policies"]:
        if policy not in inline:
            api.delete_inline_policy(client, name, policy)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    wanted = desired(options, before)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        if options["assume_role_policy_document"] is None:
            raise InvalidInput(f"The role {name} does not exist; assume_role_policy_document is needed to create it.")
        after = {"name": name, "path": options["path"] or "/", **UNSET, **wanted, "tags": tags.after}
        if check_mode:
            return True, after
        create(client, after)
        put_policies(client, name, UNSET, after)
        if options["wait"]:
            wait_for_role(client, name, timeout=options["wait_timeout"])
        return True, describe(client, name) or after

    if options["path"] not in (None, before["path"]):
        raise InvalidInput(
            f"The role {name} has the path {before['path']}, and AWS cannot change it to {options['path']}. "
            "Leave path out, or use another name."
        )
    changes = differing(wanted, before)
    if not check_mode:
        update(client, before, changes, tags)
        put_policies(client, name, before, changes)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        name = before["name"]
        for profile in api.profiles_of_role(client, name):
            api.remove_role(client, profile, name)
        put_policies(client, name, before, {"managed_policies": [], "inline_policies": {}})
        api.delete_role(client, name)
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "path": {"type": "str"},
            "description": {"type": "str"},
            "assume_role_policy_document": {"type": "dict"},
            "managed_policies": {"type": "list", "elements": "str"},
            "purge_managed_policies": {"type": "bool", "default": False},
            "inline_policies": {"type": "dict"},
            "purge_inline_policies": {"type": "bool", "default": False},
            "permissions_boundary": {"type": "str"},
            "max_session_duration": {"type": "int"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("iam")
        before = describe(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("role", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
