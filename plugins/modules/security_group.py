#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group
version_added: 0.1.0
short_description: Manage a security group
description:
  - Creates, tags and deletes a security group of a VPC. Its rules are those of M(central.llm.security_group_rules).
  - A new group has the one rule that AWS gives it, which lets everything out.
  - AWS can change neither the name nor the description of a group. A description that differs is an error.
  - "AWS reference: U(https://docs.aws.amazon.com/vpc/latest/userguide/security-groups.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - Name of the group, unique in its VPC.
    type: str
  group_id:
    description:
      - Id of the group. It wins over the name, and a group that has another name than O(name) is an error.
    type: str
  vpc_id:
    description:
      - Id of the VPC, required with O(name) alone. Check mode takes an empty one, for a VPC that is yet to be made.
    type: str
  description:
    description:
      - What the group is for; required to create it.
    type: str
  state:
    description:
      - Whether the group is there.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How long to wait, in seconds. For a new group until AWS shows it, and before a deletion until no network
        interface is in the group, as those of a load balancer or a VPC link go some minutes after it.
    type: int
    default: 300
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Make the group of the hosts
  central.llm.security_group:
    name: central-llm-service-sg
    description: the hosts of the engine
    vpc_id: vpc-0f01f0b70aa75657b
    tags:
      central-llm:stack: central-llm
  register: hosts

- name: Remove it
  central.llm.security_group:
    group_id: "{{ hosts.security_group.group_id }}"
    state: absent
"""

RETURN = r"""
security_group:
  description: The group after the run, in check mode as it would be; empty when it is absent.
  returned: always
  type: dict
  contains:
    group_id:
      description: Id of the group.
      type: str
      returned: when it exists
      sample: sg-0b8a26869769bfb4c
    name:
      description: Its name.
      type: str
      sample: central-llm-service-sg
    description:
      description: What it is for.
      type: str
      sample: the hosts of the engine
    vpc_id:
      description: Id of its VPC.
      type: str
      sample: vpc-0f01f0b70aa75657b
    tags:
      description: Tags of the group.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import plan_tags
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, network_api, waiters
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def validate(options: Resource) -> None:
    for name in ("name", "description"):
        value = options[name]
        if value is not None and not _TEXT.fullmatch(value):
            raise InvalidInput(
                f"{name}: {value!r}. AWS takes 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*"
            )
    if (options["name"] or "").lower().startswith("sg-"):
        raise InvalidInput(f"name: {options['name']!r} starts with sg-, as only ids do.")
    if not options["group_id"] and options["vpc_id"] is None:
        raise InvalidInput("vpc_id: missing. A name is unique in its VPC only; give vpc_id, or group_id.")


def shown(group: Resource) -> Resource:
    return {
        "group_id": group["GroupId"],
        "name": group["GroupName"],
        "description": group["Description"],
        "vpc_id": group["VpcId"],
        "tags": api.tag_dict(group.get("Tags")),
    }


def find(client: t.Any, options: Resource) -> Resource | None:
    filters = (
        {"group-id": [options["group_id"]]}
        if options["group_id"]
        else {"vpc-id": [options["vpc_id"]], "group-name": [options["name"]]}
    )
    # '*' and '?' in a filter's value are wildcards, hence the second look.
    found = [
        group
        for group in map(shown, network_api.find_security_groups(client, filters))
        if options["group_id"] or group["name"] == options["name"]
    ]
    return found[0] if found else None


def validate_found(before: Resource | None, options: Resource) -> None:
    if before is None:
        missing = [name for name in ("name", "vpc_id", "description") if options[name] is None]
        if options["group_id"]:
            raise InvalidInput(f"group_id: there is no security group {options['group_id']}.")
        if missing:
            raise InvalidInput(f"{', '.join(missing)}: needed to create the security group {options['name']}.")
        return
    for name in ("name", "vpc_id", "description"):
        if options[name] is not None and options[name] != before[name]:
            raise InvalidInput(
                f"{name}: {before['group_id']} has {before[name]!r}, and AWS cannot change that to {options[name]!r}. "
                f"Leave {name} out, or make another group."
            )


def create(client: t.Any, after: Resource) -> str:
    request = {"GroupName": after["name"], "Description": after["description"], "VpcId": after["vpc_id"]}
    if after["tags"]:
        request["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": api.tag_list(after["tags"])}]
    return network_api.create_security_group(client, request=request)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    validate_found(before, options)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None:
        after = {key: options[key] for key in ("name", "description", "vpc_id")} | {"tags": tags.after}
        if not check_mode:
            after["group_id"] = create(client, after)
            waiters.wait_security_group(client, after["group_id"], timeout=options["wait_timeout"])
        return True, after
    if not check_mode:
        if tags.put:
            api.tag(client, before["group_id"], tags.put)
        if tags.remove:
            api.untag(client, before["group_id"], tags.remove)
    return tags.changes, {**before, "tags": tags.after}


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if before["name"] == "default":
        raise InvalidInput(f"{before['group_id']} is the default group of its VPC, which AWS does not delete.")
    if not check_mode:
        waiters.wait_unused(client, before["group_id"], timeout=options["wait_timeout"])
        network_api.delete_security_group(client, before["group_id"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str"},
            "group_id": {"type": "str"},
            "vpc_id": {"type": "str"},
            "description": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
        },
        required_one_of=[("name", "group_id")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = module.params
        validate(options)
        client = module.client("ec2")
        in_no_vpc_yet = not options["group_id"] and module.yet_to_be_made("vpc_id")
        before = None if in_no_vpc_yet else find(client, options)
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, options, check_mode=module.check_mode)
        module.exit_with("security_group", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
