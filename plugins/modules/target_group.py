#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_group
version_added: 0.1.0
short_description: Manage a target group of a Network Load Balancer
description:
  - Creates, changes and deletes a TCP target group. Only the options that are given are managed.
  - Targets are left alone; Amazon ECS registers those of its services. M(central.llm.target_health_info) shows them.
  - "AWS reference: U(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the target group, unique in account and Region. At most 32 letters, digits and hyphens.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the target group, V(absent) deletes it.
      - A target group that a listener forwards to is not deleted.
    type: str
    choices: [present, absent]
    default: present
  vpc_id:
    description:
      - The VPC of the targets. Required to create a target group; AWS cannot change it afterwards.
    type: str
  protocol:
    description:
      - The protocol of the traffic. V(TCP) where left out at creation; AWS cannot change it afterwards.
    type: str
    choices: [TCP]
  port:
    description:
      - The port, 1 to 65535, of targets that are registered without one. Required to create a target group; AWS cannot
        change it afterwards.
    type: int
  target_type:
    description:
      - Whether targets are instances or addresses. V(instance) where left out at creation; AWS cannot change it
        afterwards.
    type: str
    choices: [instance, ip]
  health_check:
    description:
      - How the load balancer finds out whether a target is healthy. What is left out stays as it is; at creation, AWS's
        defaults hold.
    type: dict
    suboptions:
      protocol:
        description:
          - V(TCP), which only connects, is the default.
        type: str
        choices: [TCP, HTTP, HTTPS]
      port:
        description:
          - A port, or V(traffic-port), the default, for that of the target.
        type: str
      path:
        description:
          - What to ask for by HTTP or HTTPS. The default is C(/).
        type: str
      interval:
        description:
          - Seconds between two checks of a target, 5 to 300. The default is 30.
        type: int
      timeout:
        description:
          - Seconds without an answer after which a check has failed, 2 to 120. The default is 10.
        type: int
      healthy_threshold:
        description:
          - Successes in a row that make a target healthy, 2 to 10. The default is 5.
        type: int
      unhealthy_threshold:
        description:
          - Failures in a row that make a target unhealthy, 2 to 10. The default is 2.
        type: int
      matcher:
        description:
          - HTTP codes from 200 to 599 that are a success, such as V(200), V(200,204) or V(200-399), the default.
        type: str
  deregistration_delay_seconds:
    description:
      - How long a target that is being deregistered may finish its connections, 0 to 3600 seconds. AWS's default is
        300.
    type: int
  connection_termination:
    description:
      - Whether connections are cut at the end of the deregistration delay. AWS's default is V(false).
    type: bool
  unhealthy_connection_termination:
    description:
      - Whether connections to a target are cut when it becomes unhealthy. AWS's default is V(true), with which one slow
        health check ends all answers that are being streamed.
    type: bool
  cross_zone:
    description:
      - Whether nodes of the load balancer send traffic to the targets in all zones. AWS's default is
        V(use_load_balancer_configuration), hence O(central.llm.network_lb#module:cross_zone).
    type: str
    choices: [enabled, disabled, use_load_balancer_configuration]
  preserve_client_ip:
    description:
      - Whether targets see the client's address. AWS's default is V(true) for instances and V(false) for addresses.
      - Has no effect on traffic that comes through AWS PrivateLink.
    type: bool
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the target group of the engine, which answers /health only while it is alive
  central.llm.target_group:
    name: central-llm-nlb-tg
    vpc_id: vpc-0f01f0b70aa75657b
    port: 8000
    health_check:
      protocol: HTTP
      path: /health
      interval: 10
      healthy_threshold: 2
      unhealthy_threshold: 3
      matcher: "200"
    deregistration_delay_seconds: 60
    unhealthy_connection_termination: false
    tags:
      central-llm:stack: central-llm

- name: Delete it
  central.llm.target_group:
    name: central-llm-nlb-tg
    state: absent
"""

RETURN = r"""
target_group:
  description: The target group as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the target group.
      type: str
      returned: when it exists
      sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/central-llm-nlb-tg/6d0ecf831eec9f09
    name:
      description: Name of the target group.
      type: str
      sample: central-llm-nlb-tg
    vpc_id:
      description: VPC of the targets.
      type: str
      sample: vpc-0f01f0b70aa75657b
    protocol:
      description: Protocol of the traffic.
      type: str
      sample: TCP
    port:
      description: Port of targets that are registered without one.
      type: int
      sample: 8000
    target_type:
      description: Kind of the targets.
      type: str
      sample: instance
    health_check:
      description: The health check, with the keys of O(health_check); path and matcher are null for TCP.
      type: dict
      sample: {"protocol": "HTTP", "port": "traffic-port", "path": "/health", "interval": 10, "timeout": 10,
               "healthy_threshold": 2, "unhealthy_threshold": 3, "matcher": "200"}
    deregistration_delay_seconds:
      description: Seconds that a target may take to finish its connections.
      type: int
      sample: 60
    connection_termination:
      description: Whether connections are cut at the end of the deregistration delay.
      type: bool
      sample: false
    unhealthy_connection_termination:
      description: Whether connections to a target are cut when it becomes unhealthy.
      type: bool
      sample: false
    preserve_client_ip:
      description: Whether targets see the client's address.
      type: bool
      sample: true
    cross_zone:
      description: Whether nodes send traffic to all zones, as in O(cross_zone).
      type: str
      sample: use_load_balancer_configuration
    load_balancer_arns:
      description: Load balancers with a listener that forwards to the group.
      type: list
      elements: str
      returned: when it exists
      sample: []
    tags:
      description: Tags of the target group.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api, health_check, waiters
from ansible_collections.central.llm.plugins.module_utils._elbv2.transformations import (
    read_attributes,
    target_group,
    target_group_attribute_table,
    write_attributes,
)
from ansible_collections.central.llm.plugins.module_utils._elbv2.validation import validate_name, validate_range
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_IMMUTABLE = ("vpc_id", "protocol", "port", "target_type")
_ATTRIBUTES = tuple(target_group_attribute_table("instance"))
# A matter of the listeners.
_OBSERVED = ("load_balancer_arns",)


def describe(client: t.Any, name: str) -> Resource | None:
    """The target group in the shape that this module returns."""
    found = api.find_target_group(client, name)
    if found is None:
        return None
    arn = found["TargetGroupArn"]
    attributes, tags = at_once(lambda: api.target_group_attributes(client, arn), lambda: api.list_tags(client, arn))
    return target_group(found, attributes, tags)


def validate(options: Resource, before: Resource | None) -> None:
    validate_name(options["name"], "target group")
    validate_range("port", options["port"], 1, 65535)
    validate_range("deregistration_delay_seconds", options["deregistration_delay_seconds"], 0, 3600)
    health_check.validate(options["health_check"])
    if before is None:
        missing = [option for option in ("vpc_id", "port") if options[option] is None]
        if missing:
            raise InvalidInput(f"{' and '.join(missing)}: required to create the target group {options['name']}.")
        return
    frozen = differing({option: options[option] for option in _IMMUTABLE}, before)
    for option, value in frozen.items():
        raise InvalidInput(
            f"{option}: the target group {options['name']} has {before[option]}, "
            f"and AWS cannot change that to {value}. Create another target group under another name and point the "
            "listener at it; or leave the option out."
        )


def new_group(options: Resource, tags: dict[str, str]) -> Resource:
    """The target group as it will be when it has been created."""
    target_type = options["target_type"] or "instance"
    return {
        "name": options["name"],
        "vpc_id": options["vpc_id"],
        "protocol": options["protocol"] or "TCP",
        "port": options["port"],
        "target_type": target_type,
        "health_check": health_check.complete(options["health_check"], None),
        **read_attributes(target_group_attribute_table(target_type), {}),
        **given({option: options[option] for option in _ATTRIBUTES}),
        "tags": tags,
    }


def create(client: t.Any, after: Resource) -> str:
    request = {
        "Name": after["name"],
        "VpcId": after["vpc_id"],
        "Protocol": after["protocol"],
        "Port": after["port"],
        "TargetType": after["target_type"],
        **health_check.request(after["health_check"]),
        "Tags": api.tag_list(after["tags"]) or None,
    }
    return api.create_target_group(client, request=given(request))["TargetGroupArn"]


def update(client: t.Any, before: Resource, changes: Resource) -> None:
    if "health_check" in changes:
        parameters = health_check.request(changes["health_check"], before["health_check"])
        api.modify_target_group(client, request={"TargetGroupArn": before["arn"], **parameters})
    attributes = write_attributes(target_group_attribute_table(before["target_type"]), changes)
    if attributes:
        api.modify_target_group_attributes(client, before["arn"], attributes)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    desired = {option: options[option] for option in _ATTRIBUTES}
    desired["health_check"] = health_check.complete(options["health_check"], before["health_check"] if before else None)

    current = before
    if current is None:
        after = new_group(options, tags.after)
        if check_mode:
            return True, after
        arn = create(client, after)
        current = describe(client, name) or {**after, "arn": arn}

    # CreateTargetGroup takes no attributes, which is why a new group passes here too.
    changes = differing(desired, current)
    if not check_mode:
        update(client, current, changes)
        if before and tags.put:
            api.tag(client, current["arn"], tags.put)
        if before and tags.remove:
            api.untag(client, current["arn"], tags.remove)
    return before is None or bool(changes or tags.changes), {**current, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if before["load_balancer_arns"]:
        balancers = ", ".join(before["load_balancer_arns"])
        raise InvalidInput(
            f"The target group {before['name']} cannot be deleted: a listener of {balancers} forwards to it. "
            "Delete that listener or load balancer first."
        )
    if not check_mode and not api.delete_target_group(client, before["arn"]):
        waiters.wait_until_target_group_deleted(client, before["arn"])
    return True, None


def main() -> None:
    health_check_options = {
        "protocol": {"type": "str", "choices": ["TCP", "HTTP", "HTTPS"]},
        "port": {"type": "str"},
        "path": {"type": "str"},
        "interval": {"type": "int"},
        "timeout": {"type": "int"},
        "healthy_threshold": {"type": "int"},
        "unhealthy_threshold": {"type": "int"},
        "matcher": {"type": "str"},
    }
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "vpc_id": {"type": "str"},
            "protocol": {"type": "str", "choices": ["TCP"]},
            "port": {"type": "int"},
            "target_type": {"type": "str", "choices": ["instance", "ip"]},
            "health_check": {"type": "dict", "options": health_check_options},
            "deregistration_delay_seconds": {"type": "int"},
            "connection_termination": {"type": "bool"},
            "unhealthy_connection_termination": {"type": "bool"},
            "cross_zone": {"type": "str", "choices": ["enabled", "disabled", "use_load_balancer_configuration"]},
            "preserve_client_ip": {"type": "bool"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
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
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("target_group", changed=changed, before=before, after=after, observed=_OBSERVED)


if __name__ == "__main__":
    main()
