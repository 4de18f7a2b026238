#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_references
version_added: 0.1.0
short_description: Remove the rules by which security groups name one another
description:
  - Removes from some security groups every rule, of either direction, that lets in or out a certain other group. All
    other rules stay as they are, also those that nobody described.
  - AWS does not delete a group that a rule of another group names, not even when that other group is deleted next.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  group_id:
    description:
      - Id of the security group that shall no longer be named.
    type: str
    required: true
  in_groups:
    description:
      - Ids of the security groups whose rules are looked at. Rules of other groups stay, and so does the group's own
        rule that names itself unless it is in this list.
    type: list
    elements: str
    required: true
  state:
    description:
      - Rules are only ever removed here; M(amazon.aws.ec2_security_group) adds them.
    type: str
    choices: [absent]
    default: absent
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let the hosts' group forget the balancer's, which is deleted next
  central.llm.security_group_references:
    group_id: sg-0ee960237203b60e9
    in_groups:
      - sg-0b8a26869769bfb4c
    state: absent
"""

RETURN = r"""
removed:
  description: The rules that this run removed, sorted by their id.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the rule.
      type: str
      sample: sgr-0a1b2c3d4e5f60718
    in_group:
      description: Id of the group that had the rule.
      type: str
      sample: sg-0b8a26869769bfb4c
    egress:
      description: Whether the rule let traffic out, rather than in.
      type: bool
      sample: false
    protocol:
      description: Protocol of the rule, C(-1) for all.
      type: str
      sample: tcp
    from_port:
      description: First port of the rule, -1 for all.
      type: int
      sample: 8000
    to_port:
      description: Last port of the rule, -1 for all.
      type: int
      sample: 8000
    description:
      description: What the rule is for.
      type: str
      sample: the internal load balancer
"""

import itertools
import typing as t

from ansible_collections.central.llm.plugins.module_utils._ec2 import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def shown(rule: t.Mapping[str, t.Any]) -> Resource:
    return {
        "id": rule["SecurityGroupRuleId"],
        "in_group": rule["GroupId"],
        "egress": rule["IsEgress"],
        "protocol": rule["IpProtocol"],
        "from_port": rule.get("FromPort", -1),
        "to_port": rule.get("ToPort", -1),
        "description": rule.get("Description", ""),
    }


def naming(rules: t.Iterable[t.Mapping[str, t.Any]], group_id: str) -> list[Resource]:
    """The rules whose peer is this group."""
    peers = ((rule, rule.get("ReferencedGroupInfo") or {}) for rule in rules)
    found = [shown(rule) for rule, peer in peers if peer.get("GroupId") == group_id]
    return sorted(found, key=lambda rule: rule["id"])


def remove(client: t.Any, rules: list[Resource]) -> None:
    """One request for each group and direction."""

    def where(rule: Resource) -> tuple[str, bool]:
        return rule["in_group"], rule["egress"]

    for (group_id, egress), some in itertools.groupby(sorted(rules, key=where), where):
        revoke = api.revoke_egress if egress else api.revoke_ingress
        revoke(client, group_id, [rule["id"] for rule in some])


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "group_id": {"type": "str", "required": True},
            "in_groups": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        },
        supports_check_mode=True,
    )
    group_id, in_groups = module.params["group_id"], module.params["in_groups"]
    with module.failures_reported():
        client = module.client("ec2")
        # Without a group the filter would be empty, which AWS refuses.
        rules = naming(api.list_security_group_rules(client, in_groups), group_id) if in_groups else []
        if rules and not module.check_mode:
            remove(client, rules)
        diff = {"before": {"rules": rules}, "after": {"rules": []}}
        module.exit_json(changed=bool(rules), removed=rules, diff=diff)


if __name__ == "__main__":
    main()
