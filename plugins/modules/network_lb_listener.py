#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: network_lb_listener
version_added: 0.1.0
short_description: Manage a listener of a Network Load Balancer
description:
  - Creates, changes and deletes a TCP listener, which its load balancer and its port identify.
  - Only the options that are given are managed.
  - "AWS reference: U(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  load_balancer_arn:
    description:
      - ARN of the load balancer, as M(central.llm.network_lb) returns it.
      - In check mode an empty one stands for a load balancer that the run is yet to make.
    type: str
    required: true
  port:
    description:
      - The port that the load balancer listens on, 1 to 65535.
    type: int
    required: true
  state:
    description:
      - V(present) creates or changes the listener, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  protocol:
    description:
      - The protocol of the connections. A listener of another protocol on the same port is an error.
    type: str
    choices: [TCP]
    default: TCP
  target_group_arn:
    description:
      - ARN of the target group that connections are forwarded to. Required to create a listener.
    type: str
  idle_timeout_seconds:
    description:
      - How long a connection may stay silent, 60 to 6000 seconds. AWS's default is 350.
      - Changes hold for new connections.
    type: int
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Forward port 8000 to the hosts, with patience for long silences
  central.llm.network_lb_listener:
    load_balancer_arn: "{{ balancer.network_lb.arn }}"
    port: 8000
    target_group_arn: "{{ group.target_group.arn }}"
    idle_timeout_seconds: 1000
    tags:
      central-llm:stack: central-llm

- name: Close port 8000
  central.llm.network_lb_listener:
    load_balancer_arn: "{{ balancer.network_lb.arn }}"
    port: 8000
    state: absent
"""

RETURN = r"""
listener:
  description: The listener as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the listener.
      type: str
      returned: when it exists
      sample: >-
        arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/central-llm-nlb/9ee1ea123d16308e/f2f7dc8efc522ab2
    load_balancer_arn:
      description: ARN of the load balancer.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/central-llm-nlb/9ee1ea123d16308e
    port:
      description: Port that the load balancer listens on.
      type: int
      sample: 8000
    protocol:
      description: Protocol of the connections.
      type: str
      sample: TCP
    target_group_arn:
      description: ARN of the target group; empty where the listener forwards to several.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/central-llm-nlb-tg/6d0ecf831eec9f09
    idle_timeout_seconds:
      description: Seconds that a connection may stay silent.
      type: int
      sample: 350
    tags:
      description: Tags of the listener.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api
from ansible_collections.central.llm.plugins.module_utils._elbv2.transformations import (
    LISTENER_ATTRIBUTES,
    listener,
    read_attributes,
    write_attributes,
)
from ansible_collections.central.llm.plugins.module_utils._elbv2.validation import validate_range
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def find(client: t.Any, load_balancer_arn: str, port: int) -> Resource | None:
    """AWS's answer for the listener on the port."""
    listeners = api.list_listeners(client, load_balancer_arn) or []
    return next((found for found in listeners if found["Port"] == port), None)


def describe(client: t.Any, load_balancer_arn: str, port: int) -> Resource | None:
    """The listener in the shape that this module returns."""
    found = find(client, load_balancer_arn, port)
    if found is None:
        return None
    arn = found["ListenerArn"]
    attributes, tags = at_once(lambda: api.listener_attributes(client, arn), lambda: api.list_tags(client, arn))
    return listener(found, attributes, tags)


def validate(options: Resource) -> None:
    validate_range("port", options["port"], 1, 65535)
    validate_range("idle_timeout_seconds", options["idle_timeout_seconds"], 60, 6000)


def validate_change(options: Resource, before: Resource | None) -> None:
    if before is None and options["target_group_arn"] is None:
        raise InvalidInput("target_group_arn: required to create a listener.")
    if before is not None and before["protocol"] != options["protocol"]:
        raise InvalidInput(
            f"protocol: the listener on port {options['port']} speaks {before['protocol']}, not {options['protocol']}. "
            "Delete it first, or use another port."
        )


def forward_to(target_group_arn: str) -> list[Resource]:
    return [{"Type": "forward", "TargetGroupArn": target_group_arn}]


def create(client: t.Any, after: Resource) -> None:
    request: Resource = {
        "LoadBalancerArn": after["load_balancer_arn"],
        "Protocol": after["protocol"],
        "Port": after["port"],
        "DefaultActions": forward_to(after["target_group_arn"]),
        "Tags": api.tag_list(after["tags"]) or None,
    }
    api.create_listener(client, request=given(request))


def update(client: t.Any, arn: str, changes: Resource) -> None:
    if "target_group_arn" in changes:
        actions = forward_to(changes["target_group_arn"])
        api.modify_listener(client, request={"ListenerArn": arn, "DefaultActions": actions})
    attributes = write_attributes(LISTENER_ATTRIBUTES, changes)
    if attributes:
        api.modify_listener_attributes(client, arn, attributes)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    desired = given({option: options[option] for option in ("target_group_arn", "idle_timeout_seconds")})
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    key = {option: options[option] for option in ("load_balancer_arn", "port", "protocol")}

    current = before
    if current is None:
        if key["load_balancer_arn"] and api.list_listeners(client, key["load_balancer_arn"]) is None:
            raise InvalidInput(f"load_balancer_arn: there is no load balancer {key['load_balancer_arn']}.")
        after = {**key, **read_attributes(LISTENER_ATTRIBUTES, {}), **desired, "tags": tags.after}
        if check_mode:
            return True, after
        create(client, after)
        current = describe(client, key["load_balancer_arn"], key["port"])
        if current is None:
            raise InvalidInput(f"The listener on port {key['port']} was deleted by somebody else while it was created.")

    # CreateListener takes no attributes, which is why a new listener passes here too.
    changes = differing(desired, current)
    if not check_mode:
        update(client, current["arn"], changes)
        if before and tags.put:
            api.tag(client, current["arn"], tags.put)
        if before and tags.remove:
            api.untag(client, current["arn"], tags.remove)
    return before is None or bool(changes or tags.changes), {**current, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_listener(client, before["arn"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "load_balancer_arn": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "protocol": {"type": "str", "choices": ["TCP"], "default": "TCP"},
            "target_group_arn": {"type": "str"},
            "idle_timeout_seconds": {"type": "int"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("elbv2")
        new_balancer = module.yet_to_be_made("load_balancer_arn")
        before = None if new_balancer else describe(client, module.params["load_balancer_arn"], module.params["port"])
        after: Resource | None
        if module.params["state"] == "present":
            validate_change(module.params, before)
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("listener", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
