#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: unused_security_group
version_added: 0.1.0
short_description: Delete security groups that nothing uses
description:
  - Deletes security groups of a VPC, and refuses to delete any of them as long as one is in use, naming who uses it.
  - A group is in use by a network interface, by a rule of another group, by the default version of a launch template
    and by a VPC link (version 2). AWS itself only minds the first two, and a launch template or an inactive link would
    be broken without a word.
  - Rules by which the listed groups name one another are no use, and are removed before.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  groups:
    description:
      - Names or ids of the groups. One that is not in the VPC is gone already.
    type: list
    elements: str
    required: true
  vpc_id:
    description:
      - Id of the VPC in which the groups are looked for.
    type: str
    required: true
  leaving_rules:
    description:
      - Ids of rules that are removed by somebody else before, in the same run. They are no use, so that check mode can
        tell what a run will do.
    type: list
    elements: str
    default: []
  state:
    description:
      - Groups are only ever deleted here; M(amazon.aws.ec2_security_group) makes them.
    type: str
    choices: [absent]
    default: absent
notes:
  - A caller who may not read launch templates or VPC links gets a warning instead of their answer.
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Delete what is left of the deprecated HTTP API path
  central.llm.unused_security_group:
    vpc_id: vpc-0f01f0b70aa75657b
    groups:
      - central-llm-http-api-link-sg
      - sg-0ee960237203b60e9
    state: absent
"""

RETURN = r"""
removed:
  description: The groups that this run deleted, in check mode those that it would delete.
  returned: success
  type: list
  elements: dict
  contains:
    group_id:
      description: Id of the group.
      type: str
      sample: sg-0ee960237203b60e9
    name:
      description: Name of the group.
      type: str
      sample: central-llm-http-api-link-sg
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import network_api, rules
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def find(groups: list[Resource], asked: list[str]) -> list[Resource]:
    """The groups of the VPC that are meant; AWS keeps its own for ever."""
    found = [group for group in groups if {group["GroupId"], group["GroupName"]} & set(asked)]
    if any(group["GroupName"] == "default" for group in found):
        raise InvalidInput("The group 'default' of a VPC cannot be deleted. Leave it out of groups.")
    return [
        {"group_id": group["GroupId"], "name": group["GroupName"]}
        for group in sorted(found, key=lambda group: group["GroupName"])
    ]


def interface_users(interfaces: list[Resource], group_id: str) -> t.Iterator[str]:
    for interface in interfaces:
        if group_id in {group["GroupId"] for group in interface.get("Groups", [])}:
            of = (interface.get("Attachment") or {}).get("InstanceId") or interface.get("Description")
            yield f"network interface {interface['NetworkInterfaceId']}{f' ({of})' if of else ''}"


def template_users(versions: list[Resource], group_id: str) -> t.Iterator[str]:
    for version in versions:
        data = version.get("LaunchTemplateData", {})
        named = set(data.get("SecurityGroupIds", []))
        named |= {one for interface in data.get("NetworkInterfaces", []) for one in interface.get("Groups", [])}
        if group_id in named:
            yield f"version {version['VersionNumber']} of the launch template {version['LaunchTemplateName']}"


def link_users(links: list[Resource], group_id: str) -> t.Iterator[str]:
    return (f"VPC link {link['Name']}" for link in links if group_id in link.get("SecurityGroupIds", []))


def naming(current: list[rules.Rule], group_id: str) -> list[rules.Rule]:
    """The rules of other groups that name this one."""
    return [rule for rule in current if rule["peer"] == group_id and rule["in_group"] != group_id]


def ensure_absent(
    client: t.Any, groups: list[Resource], current: list[rules.Rule], *, check_mode: bool
) -> tuple[bool, list[Resource]]:
    if not check_mode:
        ids = {group["group_id"] for group in groups}
        among = [rule for rule in current if rule["in_group"] in ids and rule["peer"] in ids]
        rules.remove(client, among)
        for group in groups:
            network_api.delete_security_group(client, group["group_id"])
    return bool(groups), groups


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "groups": {"type": "list", "elements": "str", "required": True},
            "vpc_id": {"type": "str", "required": True},
            "leaving_rules": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("ec2")
        groups = find(network_api.list_security_groups(client, module.params["vpc_id"]), module.params["groups"])
        current: list[rules.Rule] = []
        if groups:
            current = [rules.shown(rule) for rule in network_api.list_all_rules(client)]
            refuse_used(module, client, groups, current)
        changed, removed = ensure_absent(client, groups, current, check_mode=module.check_mode)
        module.exit_json(
            changed=changed,
            removed=removed,
            diff={"before": {"groups": [group["name"] for group in groups]}, "after": {"groups": []}},
        )


def refuse_used(module: CollectionModule, client: t.Any, groups: list[Resource], current: list[rules.Rule]) -> None:
    ids = [group["group_id"] for group in groups]
    interfaces = network_api.list_interfaces(client, ids)
    versions = network_api.default_template_versions(client)
    links = network_api.list_vpc_links(module.client("apigatewayv2"))
    for answer, what in ((versions, "launch templates"), (links, "VPC links (version 2)")):
        if answer is None:
            module.warn(f"The caller may not read {what}, so none of them counted as a user of {', '.join(ids)}.")
    uses = []
    for group in groups:
        group_id = group["group_id"]
        foreign = [rule for rule in naming(current, group_id) if rule["in_group"] not in ids]
        users = [
            *interface_users(interfaces, group_id),
            *(
                f"rule {rule['id']} ({rules.in_words(rule)})"
                for rule in foreign
                if rule["id"] not in module.params["leaving_rules"]
            ),
            *template_users(versions or [], group_id),
            *link_users(links or [], group_id),
        ]
        if users:
            uses.append(f"{group['name']} ({group_id}) is used by {', '.join(users)}")
    if uses:
        raise InvalidInput(
            f"No security group was deleted: {'; '.join(uses)}. Remove what uses them, or leave them out of groups."
        )


if __name__ == "__main__":
    main()
