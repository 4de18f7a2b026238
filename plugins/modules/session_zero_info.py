#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: session_zero_info
version_added: 0.1.0
short_description: Look for everything that a session may have left behind
description:
  - Looks for instances in any state but terminated, volumes, network interfaces, idle addresses, fleets, spot requests,
    schedules, tasks, container instances and registered targets of a stack.
  - They are found by the tag C(central-llm:stack), by name, and by relation - the hosts of the cluster, the instances
    behind targets, and what volumes and interfaces are attached to.
  - Nothing counts as nothing once it was seen twice, with a pause between, since AWS's answers can lag behind.
  - Looks only. A cluster, service or target group that does not exist has nothing.
author:
  - The central.llm maintainers (@central-llm)
options:
  stack:
    description:
      - The stack, as its tag C(central-llm:stack) says.
    type: str
    required: true
  host_name:
    description:
      - The C(Name) tag of the hosts.
    type: str
    required: true
  cluster:
    description:
      - Name of the ECS cluster.
    type: str
    required: true
  service:
    description:
      - Name of the ECS service.
    type: str
    required: true
  target_group:
    description:
      - Name of the target group.
    type: str
    required: true
  load_balancer:
    description:
      - Name of the network load balancer, which stays.
    type: str
    required: true
  schedule_prefix:
    description:
      - With what the names of the session's schedules begin; empty where there are none.
    type: str
    default: ""
  timeout:
    description:
      - Seconds that what is on its way out may take to go.
    type: int
    default: 0
  delay:
    description:
      - Seconds between two looks.
    type: int
    default: 5
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - The repeating is done by the action plugin of this name. Run without it, the module looks once.
"""

EXAMPLES = r"""
- name: Look for what is left
  central.llm.session_zero_info:
    stack: central-llm
    host_name: central-llm-ec2
    cluster: central-llm-service-cluster
    service: central-llm-service
    target_group: central-llm-nlb-tg
    load_balancer: central-llm-nlb
    timeout: 300
  register: zero
  failed_when: zero is failed or zero.left != []
"""

RETURN = r"""
left:
  description: What a session started and what is still there.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
      sample: instance
    id:
      description: Its id, name or ARN.
      type: str
      sample: i-0598c7d356eba48d7
    state:
      description: The state that it is in.
      type: str
      sample: stopping
remaining:
  description: What stays between sessions and costs money, in the same shape.
  returned: always
  type: list
  elements: dict
  sample: [{"kind": "network load balancer", "id": "central-llm-nlb", "state": ""}]
looks:
  description: How often it was looked.
  returned: where the action plugin repeats
  type: int
  sample: 2
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._ec2 import billing_api, leftovers
from ansible_collections.central.llm.plugins.module_utils._ecs import api as ecs_api
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api as elbv2_api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._scheduler import listing

Look = t.Callable[[], list[Resource]]


class Clients(t.NamedTuple):
    ec2: t.Any
    ecs: t.Any
    elbv2: t.Any
    scheduler: t.Any


def tasks(client: t.Any, cluster: str) -> list[Resource]:
    arns = [arn for status in ("RUNNING", "STOPPED") for arn in ecs_api.list_tasks(client, cluster, None, status)]
    return ecs_api.describe_tasks(client, cluster, list(dict.fromkeys(arns)))


def container_instances(client: t.Any, cluster: str) -> list[Resource]:
    arns = ecs_api.list_container_instances(client, cluster)
    return ecs_api.describe_container_instances(client, cluster, arns)


def services(client: t.Any, cluster: str, name: str) -> list[Resource]:
    found = ecs_api.find_service(client, cluster, name)
    return [found] if found else []


def targets(client: t.Any, name: str) -> list[Resource]:
    group = elbv2_api.find_target_group(client, name)
    return (elbv2_api.target_health(client, group["TargetGroupArn"]) or []) if group else []


def load_balancers(client: t.Any, name: str) -> list[Resource]:
    found = elbv2_api.find_load_balancer(client, name)
    return [found] if found else []


def looks(clients: Clients, options: Resource) -> dict[str, Look]:
    """The questions that do not depend on each other's answers."""
    ours = {f"tag:{leftovers.STACK_TAG}": [options["stack"]]}
    ec2, ecs, elbv2 = clients.ec2, clients.ecs, clients.elbv2
    cluster, prefix = options["cluster"], options["schedule_prefix"]
    return {
        "instances": lambda: billing_api.instances(ec2, ours),
        "named": lambda: billing_api.instances(ec2, {"tag:Name": [options["host_name"]]}),
        "volumes": lambda: billing_api.volumes(ec2, ours),
        "network_interfaces": lambda: billing_api.network_interfaces(ec2, ours),
        "addresses": lambda: billing_api.addresses(ec2, ours),
        "fleets": lambda: billing_api.fleets(ec2, {"fleet-state": ["submitted", "active", "modifying"]}),
        "spot_requests": lambda: billing_api.spot_requests(ec2, {"state": ["open", "active"]}),
        "nat_gateways": lambda: billing_api.nat_gateways(ec2, ours),
        "vpc_endpoints": lambda: billing_api.vpc_endpoints(ec2, ours),
        "schedules": lambda: listing.list_schedules(clients.scheduler, prefix) if prefix else [],
        "tasks": lambda: tasks(ecs, cluster),
        "container_instances": lambda: container_instances(ecs, cluster),
        "services": lambda: services(ecs, cluster, options["service"]),
        "targets": lambda: targets(elbv2, options["target_group"]),
        "load_balancers": lambda: load_balancers(elbv2, options["load_balancer"]),
    }


def look(clients: Clients, options: Resource) -> dict[str, list[Resource]]:
    questions = looks(clients, options)
    seen = dict(zip(questions, at_once(*questions.values()), strict=True))
    by_name = {each["InstanceId"]: each for each in (*seen.pop("named"), *seen["instances"])}
    seen["instances"] = list(by_name.values())
    related = leftovers.related(seen)
    if related:
        seen["instances"] += billing_api.instances(clients.ec2, {"instance-id": sorted(related)})
    alive = [each["InstanceId"] for each in leftovers.hosts(seen, options["stack"])]
    if alive:
        # What hangs on a host that is still there, whatever its own tags say.
        seen["volumes"] = _merged(
            "VolumeId", seen["volumes"], billing_api.volumes(clients.ec2, {"attachment.instance-id": alive})
        )
    return seen


def _merged(key: str, *lists: list[Resource]) -> list[Resource]:
    return list({each[key]: each for found in lists for each in found}.values())


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "stack": {"type": "str", "required": True},
            "host_name": {"type": "str", "required": True},
            "cluster": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "target_group": {"type": "str", "required": True},
            "load_balancer": {"type": "str", "required": True},
            "schedule_prefix": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 0},
            "delay": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        clients = Clients(
            module.client("ec2"), module.client("ecs"), module.client("elbv2"), module.client("scheduler")
        )
        seen = look(clients, module.params)
        left = leftovers.left(seen, module.params["stack"])
        module.exit_json(changed=False, left=left, remaining=leftovers.remaining(seen))


if __name__ == "__main__":
    main()
