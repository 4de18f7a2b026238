#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: network_lb
version_added: 0.1.0
short_description: Manage a Network Load Balancer
description:
  - Creates, changes and deletes a Network Load Balancer. Only the options that are given are managed.
  - Listeners are managed by M(central.llm.network_lb_listener), target groups by M(central.llm.target_group).
  - "AWS reference: U(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the load balancer, unique in account and Region. At most 32 letters, digits and hyphens.
      - A load balancer of another type with this name is an error.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the load balancer, V(absent) deletes it together with its listeners.
    type: str
    choices: [present, absent]
    default: present
  subnet_ids:
    description:
      - The subnets that the load balancer has a node in, at most one an Availability Zone. This is the whole list;
        subnets that are not in it are removed.
      - Required to create a load balancer.
      - AWS takes up to 3 minutes to remove a subnet, ends the connections in its zone, and refuses while a VPC endpoint
        (hence a VPC link of API Gateway's first kind) uses the load balancer.
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups of the load balancer. This is the whole list.
      - AWS attaches the first group only at creation, and never lets go of the last one. A load balancer that was
        created without groups can never have any, one that has groups must keep at least one. Both are refused with the
        way out.
    type: list
    elements: str
  scheme:
    description:
      - Whether the nodes have private addresses only. V(internal) where left out at creation.
      - AWS cannot change the scheme of a load balancer that exists; asking for another one is an error.
    type: str
    choices: [internal, internet-facing]
  cross_zone:
    description:
      - Whether each node sends traffic to the targets in all zones. AWS's default is V(false), with which a node
        answers nothing while its own zone has no target.
    type: bool
  deletion_protection:
    description:
      - Whether AWS refuses to delete the load balancer.
      - With O(state=absent), V(false) turns a protection off that is on; without it a protected load balancer is not
        deleted.
    type: bool
  enforce_privatelink_rules:
    description:
      - Whether the inbound rules of the security groups hold for traffic that comes through AWS PrivateLink, as that of
        a VPC link of API Gateway's first kind does. AWS's default is V(true).
      - Needs security groups.
    type: bool
  access_logs:
    description:
      - Whether requests are logged to S3. What is left out stays as it is.
      - AWS logs what TLS listeners receive and nothing else. The bucket must exist in the same Region and let Elastic
        Load Balancing write.
    type: dict
    suboptions:
      enabled:
        description: Whether to log; needs a bucket.
        type: bool
      bucket:
        description: Name of the bucket.
        type: str
      prefix:
        description: What the names of the logs begin with; an empty string for nothing.
        type: str
  client_routing_policy:
    description:
      - To the nodes of which zones clients are sent by DNS. AWS's default is V(any_availability_zone).
    type: str
    choices: [any_availability_zone, partial_availability_zone_affinity, availability_zone_affinity]
  zonal_shift:
    description:
      - Whether a zone in trouble may be left by a zonal shift of Amazon Application Recovery Controller. AWS's default
        is V(false).
    type: bool
  secondary_ips_per_subnet:
    description:
      - Further addresses of each node, 0 to 7, against port allocation errors. AWS never takes one back.
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
- name: Keep the internal load balancer in front of the hosts
  central.llm.network_lb:
    name: central-llm-nlb
    subnet_ids:
      - subnet-07b4b1c7bd77a628d
      - subnet-09f116bb3ca0b1748
    security_group_ids:
      - sg-0ee960237203b60e9
    cross_zone: true
    tags:
      central-llm:stack: central-llm

- name: Delete it, although it is protected
  central.llm.network_lb:
    name: central-llm-nlb
    state: absent
    deletion_protection: false
"""

RETURN = r"""
network_lb:
  description: The load balancer as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the load balancer.
      type: str
      returned: when it exists
      sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/central-llm-nlb/9ee1ea123d16308e
    name:
      description: Name of the load balancer.
      type: str
      sample: central-llm-nlb
    dns_name:
      description: Name that resolves to the addresses of the nodes.
      type: str
      returned: when it exists
      sample: central-llm-nlb-9ee1ea123d16308e.elb.eu-central-1.amazonaws.com
    canonical_hosted_zone_id:
      description: Hosted zone for alias records.
      type: str
      returned: when it exists
      sample: Z3F0SRJ5LGBH90
    vpc_id:
      description: VPC of the load balancer.
      type: str
      returned: when it exists
      sample: vpc-0f01f0b70aa75657b
    scheme:
      description: Scheme of the load balancer.
      type: str
      sample: internal
    state:
      description: State of the load balancer, one of C(provisioning), C(active), C(active_impaired), C(failed).
      type: str
      returned: when it exists
      sample: active
    subnet_ids:
      description: Subnets of the load balancer, sorted.
      type: list
      elements: str
      sample: [subnet-07b4b1c7bd77a628d]
    security_group_ids:
      description: Security groups of the load balancer, sorted.
      type: list
      elements: str
      sample: [sg-0ee960237203b60e9]
    cross_zone:
      description: Whether nodes send traffic to all zones.
      type: bool
      sample: true
    deletion_protection:
      description: Whether AWS refuses to delete the load balancer.
      type: bool
      sample: false
    enforce_privatelink_rules:
      description: Whether inbound rules hold for PrivateLink traffic; null without security groups.
      type: bool
      sample: true
    access_logs:
      description: Whether and where requests are logged, with the keys of O(access_logs).
      type: dict
      sample: {"enabled": false, "bucket": "", "prefix": ""}
    client_routing_policy:
      description: To the nodes of which zones clients are sent.
      type: str
      sample: any_availability_zone
    zonal_shift:
      description: Whether a zone may be left by a zonal shift.
      type: bool
      sample: false
    secondary_ips_per_subnet:
      description: Further addresses of each node.
      type: int
      sample: 0
    tags:
      description: Tags of the load balancer.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api, waiters
from ansible_collections.central.llm.plugins.module_utils._elbv2.load_balancer_change import validate
from ansible_collections.central.llm.plugins.module_utils._elbv2.transformations import (
    ACCESS_LOGS,
    LOAD_BALANCER_ATTRIBUTES,
    load_balancer,
    read_attributes,
    write_attributes,
)
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# What creation gives where an option is left out. AWS's own default scheme is the public one.
_DEFAULTS: Resource = {
    "scheme": "internal",
    "security_group_ids": [],
    "enforce_privatelink_rules": None,
    "access_logs": read_attributes(ACCESS_LOGS, {}),
    **read_attributes(LOAD_BALANCER_ATTRIBUTES, {}),
}
_MANAGED = ("subnet_ids", *_DEFAULTS)
# What AWS is doing with it at the moment, no matter of ours.
_OBSERVED = ("state",)


def describe(client: t.Any, name: str) -> Resource | None:
    """The load balancer in the shape that this module returns."""
    found = api.find_load_balancer(client, name)
    if found is None:
        return None
    if found["Type"] != "network":
        raise InvalidInput(
            f"{name} is a load balancer of type {found['Type']}, and this module manages Network Load Balancers only. "
            "Names are unique across types: use another name."
        )
    arn = found["LoadBalancerArn"]
    attributes, tags = at_once(lambda: api.load_balancer_attributes(client, arn), lambda: api.list_tags(client, arn))
    return load_balancer(found, attributes, tags)


def wanted(options: Resource, before: Resource | None) -> Resource:
    """The managed options, with lists in the order in which they are returned, and logs complete."""
    desired = given({option: options[option] for option in _MANAGED})
    if "access_logs" in desired:
        desired["access_logs"] = {**(before or _DEFAULTS)["access_logs"], **given(desired["access_logs"])}
    return {option: sorted(value) if isinstance(value, list) else value for option, value in desired.items()}


def create(client: t.Any, after: Resource) -> str:
    request: Resource = {
        "Name": after["name"],
        "Type": "network",
        "Scheme": after["scheme"],
        "Subnets": after["subnet_ids"],
        "SecurityGroups": after["security_group_ids"] or None,
        "Tags": api.tag_list(after["tags"]) or None,
    }
    return api.create_load_balancer(client, request=given(request))["LoadBalancerArn"]


def replace_subnets(client: t.Any, before: Resource, subnet_ids: list[str], timeout: int) -> None:
    """Set the subnets; in two steps where that replaces some.

    AWS refuses to exchange one subnet of a zone for another in one call: the old one must be gone first.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/availability-zones.html
    """
    removed = set(before["subnet_ids"]) - set(subnet_ids)
    kept = [subnet for subnet in subnet_ids if subnet in before["subnet_ids"]]
    if removed and kept and len(kept) < len(subnet_ids):
        api.set_subnets(client, before["arn"], kept)
        waiters.wait_until_without_subnets(client, before["arn"], removed, timeout)
    api.set_subnets(client, before["arn"], subnet_ids)


def update(client: t.Any, before: Resource, changes: Resource, timeout: int) -> None:
    arn = before["arn"]
    if "subnet_ids" in changes:
        replace_subnets(client, before, changes["subnet_ids"], timeout)
    if changes.keys() & {"security_group_ids", "enforce_privatelink_rules"}:
        # CreateLoadBalancer has no such parameter, which is why a new load balancer passes here too.
        enforce = {**before, **changes}["enforce_privatelink_rules"]
        request = {
            "LoadBalancerArn": arn,
            "SecurityGroups": changes.get("security_group_ids", before["security_group_ids"]),
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on" if enforce else "off",
        }
        api.set_security_groups(client, request=request)
    attributes = write_attributes(LOAD_BALANCER_ATTRIBUTES, changes)
    attributes |= write_attributes(ACCESS_LOGS, changes.get("access_logs", {}))
    if attributes:
        api.modify_load_balancer_attributes(client, arn, attributes)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name, desired, timeout = options["name"], wanted(options, before), options["wait_timeout"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    current = before
    if current is None:
        after = {"name": name, **_DEFAULTS, **desired, "tags": tags.after}
        if after["security_group_ids"] and after["enforce_privatelink_rules"] is None:
            after["enforce_privatelink_rules"] = True
        if check_mode:
            return True, after
        arn = create(client, after)
        current = describe(client, name) or {**after, "arn": arn}

    changes = differing(desired, current)
    unsettled = changes or current["state"] not in waiters.ACTIVE
    if not check_mode:
        update(client, current, changes, timeout)
        if before and tags.put:
            api.tag(client, current["arn"], tags.put)
        if before and tags.remove:
            api.untag(client, current["arn"], tags.remove)
        if options["wait"] and unsettled:
            waiters.wait_until_active(client, current["arn"], timeout)
            found = api.find_load_balancer(client, name) or {}
            current = {**current, "state": found.get("State", {}).get("Code", "")}
    return before is None or bool(changes or tags.changes), {**current, **changes, "tags": tags.after}


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if before["deletion_protection"] and options["deletion_protection"] is not False:
        raise InvalidInput(
            f"The load balancer {before['name']} is protected against deletion. "
            "Give deletion_protection: false together with state: absent to delete it all the same."
        )
    if not check_mode:
        if before["deletion_protection"]:
            attributes = write_attributes(LOAD_BALANCER_ATTRIBUTES, {"deletion_protection": False})
            api.modify_load_balancer_attributes(client, before["arn"], attributes)
        api.delete_load_balancer(client, before["arn"])
        if options["wait"]:
            waiters.wait_until_gone(client, before["arn"], options["wait_timeout"])
    return True, None


def main() -> None:
    log_options = {"enabled": {"type": "bool"}, "bucket": {"type": "str"}, "prefix": {"type": "str"}}
    policies = ["any_availability_zone", "partial_availability_zone_affinity", "availability_zone_affinity"]
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "subnet_ids": {"type": "list", "elements": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "scheme": {"type": "str", "choices": ["internal", "internet-facing"]},
            "cross_zone": {"type": "bool"},
            "deletion_protection": {"type": "bool"},
            "enforce_privatelink_rules": {"type": "bool"},
            "access_logs": {"type": "dict", "options": log_options},
            "client_routing_policy": {"type": "str", "choices": policies},
            "zonal_shift": {"type": "bool"},
            "secondary_ips_per_subnet": {"type": "int"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("elbv2")
        before = describe(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            validate(module.params, before)
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, module.params, check_mode=module.check_mode)
        module.exit_with("network_lb", changed=changed, before=before, after=after, observed=_OBSERVED)


if __name__ == "__main__":
    main()
