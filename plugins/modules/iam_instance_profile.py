#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_instance_profile
version_added: 0.1.0
short_description: Manage an IAM instance profile
description:
  - Creates, changes and deletes an instance profile, by which EC2 instances get a role. Only the options that are given
    are managed.
  - "AWS reference: U(https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the instance profile.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the profile, V(absent) deletes it; its role stays.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The path of the profile. AWS cannot change it; asking for another one is an error.
    type: str
  role:
    description:
      - Name of the role that instances with this profile get. A profile holds one role; another one is replaced, which
        running instances follow. An empty string takes the role out.
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Give hosts their role
  central.llm.iam_instance_profile:
    name: my-host
    role: my-host-role
    tags:
      central-llm:stack: central-llm

- name: Remove the profile again
  central.llm.iam_instance_profile:
    name: my-host
    state: absent
"""

RETURN = r"""
instance_profile:
  description: The instance profile as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the profile.
      type: str
      returned: when it exists
      sample: arn:aws:iam::123456789012:instance-profile/central-llm-instance-profile
    name:
      description: Name of the profile.
      type: str
      sample: central-llm-instance-profile
    path:
      description: Path of the profile.
      type: str
      sample: /
    role:
      description: Name of the role in it, empty for none.
      type: str
      sample: central-llm-instance-role
    tags:
      description: Tags of the profile.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import json
import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._iam import api
from ansible_collections.central.llm.plugins.module_utils._iam.waiters import wait_for_profile
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_NAME = re.compile(r"^[\w+=,.@-]{1,128}$", re.ASCII)


def describe(client: t.Any, name: str) -> Resource | None:
    profile = api.find_profile(client, name)
    if profile is None:
        return None
    return {
        "arn": profile["Arn"],
        "name": profile["InstanceProfileName"],
        "path": profile["Path"],
        "role": next((role["RoleName"] for role in profile["Roles"]), ""),
        "tags": api.tag_dict(profile.get("Tags")),
    }


def put_role(client: t.Any, name: str, current: str, wanted: str) -> None:
    # AWS takes no second role, so that for a moment there is none.
    if current:
        api.remove_role(client, name, current)
    if wanted:
        api.add_role(client, name, wanted)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name, role = options["name"], options["role"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        after = {"name": name, "path": options["path"] or "/", "role": role or "", "tags": tags.after}
        if check_mode:
            return True, after
        request = {"InstanceProfileName": name, "Path": options["path"], "Tags": api.tag_list(tags.after) or None}
        api.create_profile(client, request=given(request))
        put_role(client, name, "", role or "")
        if options["wait"]:
            wait_for_profile(client, name, role, timeout=options["wait_timeout"])
        return True, describe(client, name) or after

    if options["path"] not in (None, before["path"]):
        raise InvalidInput(
            f"The instance profile {name} has the path {before['path']}, and AWS cannot change it to "
            f"{options['path']}. Leave path out, or use another name."
        )
    other_role = role is not None and role != before["role"]
    if not check_mode:
        if other_role:
            put_role(client, name, before["role"], role)
        if tags.put:
            api.tag_profile(client, name, tags.put)
        if tags.remove:
            api.untag_profile(client, name, tags.remove)
    after = {**before, "role": role if other_role else before["role"], "tags": tags.after}
    return other_role or tags.changes, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        put_role(client, before["name"], before["role"], "")
        api.delete_profile(client, before["name"])
    return True, None


def validate(options: Resource) -> None:
    if not _NAME.match(options["name"]):
        raise InvalidInput(
            f"{json.dumps(options['name'])} is no name of an instance profile: 1 to 128 letters, digits and any of "
            "_ + = , . @ -"
        )


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "path": {"type": "str"},
            "role": {"type": "str"},
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
        module.exit_with("instance_profile", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
