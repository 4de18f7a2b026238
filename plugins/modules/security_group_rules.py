#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_rules
version_added: 0.1.0
short_description: Manage the rules of security groups
description:
  - Adds the rules that are missing in some security groups, and removes others only where that is asked for.
  - All groups are read at once, and every rule is added before the first one is removed, so that what stays open is
    open all the time.
  - A rule is what it opens, for whom. Its description is set when it is added, and never compared.
  - "AWS reference: U(https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  groups:
    description:
      - The security groups. Rules of other groups are not looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      group_id:
        description:
          - Id of the group.
        type: str
        required: true
      ingress:
        description:
          - Rules for what comes in.
        type: list
        elements: dict
        default: []
        suboptions: &rule
          protocol:
            description:
              - V(tcp), V(udp), or V(-1) for all protocols and ports.
            type: str
            default: tcp
          from_port:
            description:
              - The first port, or the only one.
            type: int
          to_port:
            description:
              - The last port; left out, it is O(groups[].ingress[].from_port) or O(groups[].egress[].from_port).
            type: int
          peer:
            description:
              - Who is at the other end. The id of a security group or of a prefix list, or a CIDR of IPv4 or IPv6.
            type: str
            required: true
          description:
            description:
              - What the rule is for.
            type: str
      egress:
        description:
          - Rules for what goes out.
        type: list
        elements: dict
        default: []
        suboptions: *rule
      purge_ingress:
        description:
          - Whether rules for what comes in go that are not in O(groups[].ingress).
        type: bool
        default: false
      purge_egress:
        description:
          - Whether rules for what goes out go that are not in O(groups[].egress).
        type: bool
        default: false
      purge_ports:
        description:
          - Ports that are open by the rules of O(groups[].ingress) alone. Every other rule that lets TCP in on one of
            them goes; a range of ports that covers it, and a rule for all protocols, which AWS documents to open every
            port, go as a whole.
        type: list
        elements: int
        default: []
  state:
    description:
      - V(present) is all there is; rules are removed by purging.
    type: str
    choices: [present]
    default: present
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let the balancer reach the hosts, and nobody reach them by SSH
  central.llm.security_group_rules:
    groups:
      - group_id: sg-0b8a26869769bfb4c
        ingress:
          - from_port: 8000
            peer: sg-0ee960237203b60e9
            description: the internal load balancer
        purge_ports: [22]
"""

RETURN = r"""
added:
  description: The rules that this run added, in check mode those that it would add.
  returned: always
  type: list
  elements: dict
  contains: &rule
    id:
      description: Id of the rule; empty for one that is not there yet.
      type: str
      sample: sgr-0a1b2c3d4e5f60718
    in_group:
      description: Id of the group that has the rule.
      type: str
      sample: sg-0b8a26869769bfb4c
    egress:
      description: Whether the rule lets traffic out, rather than in.
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
    peer:
      description: Group, prefix list or CIDR at the other end.
      type: str
      sample: sg-0ee960237203b60e9
    description:
      description: What the rule is for.
      type: str
      sample: the internal load balancer
    words:
      description: The rule in words.
      type: str
      sample: sg-0b8a26869769bfb4c lets in tcp 8000 from sg-0ee960237203b60e9
removed:
  description: The rules that this run removed, in check mode those that it would remove.
  returned: always
  type: list
  elements: dict
  contains: *rule
extra:
  description: Rules beyond the wanted ones that stay.
  returned: always
  type: list
  elements: dict
  contains: *rule
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._ec2 import api, rules
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def plan_group(group: Resource, current: list[rules.Rule]) -> rules.Plan:
    group_id = group["group_id"]
    desired = [rules.wanted(group_id, rule, egress=False) for rule in group["ingress"]]
    desired += [rules.wanted(group_id, rule, egress=True) for rule in group["egress"]]
    return rules.plan(
        [rule for rule in current if rule["in_group"] == group_id],
        desired,
        purge_ingress=group["purge_ingress"],
        purge_egress=group["purge_egress"],
        purge_ports=group["purge_ports"],
    )


def read(client: t.Any, groups: list[Resource]) -> list[rules.Rule]:
    # Without a group the filter would be empty, which AWS refuses.
    group_ids = sorted({group["group_id"] for group in groups})
    found = api.list_security_group_rules(client, group_ids) if groups else []
    return sorted((rules.shown(rule) for rule in found), key=lambda rule: rule["id"])


def told(rule: rules.Rule) -> Resource:
    return {**rule, "words": rules.in_words(rule)}


def ensure_rules(client: t.Any, plans: list[rules.Plan], *, check_mode: bool) -> bool:
    if not check_mode:
        rules.add(client, [rule for plan in plans for rule in plan.add])
        rules.remove(client, [rule for plan in plans for rule in plan.remove])
    return any(plan.add or plan.remove for plan in plans)


def main() -> None:
    rule = {
        "protocol": {"type": "str", "default": "tcp"},
        "from_port": {"type": "int"},
        "to_port": {"type": "int"},
        "peer": {"type": "str", "required": True},
        "description": {"type": "str"},
    }
    module = CollectionModule(
        argument_spec={
            "groups": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "group_id": {"type": "str", "required": True},
                    "ingress": {"type": "list", "elements": "dict", "default": [], "options": rule},
                    "egress": {"type": "list", "elements": "dict", "default": [], "options": rule},
                    "purge_ingress": {"type": "bool", "default": False},
                    "purge_egress": {"type": "bool", "default": False},
                    "purge_ports": {"type": "list", "elements": "int", "default": []},
                },
            },
            "state": {"type": "str", "choices": ["present"], "default": "present"},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("ec2")
        groups = module.params["groups"]
        current = read(client, groups)
        plans = [plan_group(group, current) for group in groups]
        changed = ensure_rules(client, plans, check_mode=module.check_mode)
        found = {key: [rule for plan in plans for rule in getattr(plan, key)] for key in ("add", "remove", "extra")}
        before = sorted(map(rules.in_words, current))
        gone = {rule["id"] for rule in found["remove"]}
        kept = [rule for rule in current if rule["id"] not in gone]
        after = sorted(map(rules.in_words, kept + found["add"]))
        module.exit_json(
            changed=changed,
            added=[told(rule) for rule in found["add"]],
            removed=[told(rule) for rule in found["remove"]],
            extra=[told(rule) for rule in found["extra"]],
            diff={"before": {"rules": before}, "after": {"rules": after}},
        )


if __name__ == "__main__":
    main()
