#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: session_wait
version_added: 0.1.0
short_description: Wait until hosts and engines answer, phase by phase
description:
  - Waits until the instances run, their ECS agents are connected with their GPUs, the image is there, the tasks run,
    the engine has loaded its model and the targets are healthy.
  - Each phase has a limit of its own. What is waited for is shown meanwhile, with the time that it has taken and the
    time that it is expected to take.
  - It gives up before a limit where no patience helps - a host ended by itself, a host without GPUs, an image that does
    not exist, a task that crashed too often, or a call that AWS refuses. Throttling and broken connections are waited
    out.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
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
      - Name of the target group, of type V(instance). Targets other than the hosts do not count.
    type: str
    required: true
  instance_tags:
    description:
      - Tags by which the hosts are found.
    type: dict
    required: true
  count:
    description:
      - How many engines, on as many hosts, are waited for.
    type: int
    default: 1
  gpus:
    description:
      - GPUs that a host has to register.
    type: int
    default: 0
  since:
    description:
      - When the session began, in ISO 8601. Earlier ends of hosts and tasks do not count. Left out, all count.
    type: str
  crash_budget:
    description:
      - Crashes of tasks after which to give up.
    type: int
    default: 2
  limits:
    description:
      - Seconds that each phase may take, by its name, from when the one before was reached.
      - The phases are V(instances), V(agents), V(image), V(tasks), V(engine) and V(targets).
      - A phase that is left out may take O(timeout).
    type: dict
    default: {}
  timeout:
    description:
      - Seconds that a phase may take for which there is no limit.
    type: int
    default: 900
  expected:
    description:
      - Seconds that each phase usually takes, by its name. They are only shown.
    type: dict
    default: {}
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
  - The waiting is done by the action plugin of this name. Run without it, the module looks once.
"""

EXAMPLES = r"""
- name: Wait for two engines
  central.llm.session_wait:
    cluster: central-llm-service-cluster
    service: central-llm-service
    target_group: central-llm-nlb-tg
    instance_tags: {"central-llm:stack": central-llm}
    count: 2
    gpus: 1
    limits: {instances: 120, agents: 600, engine: 1800}
"""

RETURN = r"""
phases:
  description: The phases in their order, up to the first that is not reached.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the phase.
      type: str
      sample: agents
    reached:
      description: Whether it is reached.
      type: bool
      sample: true
    at:
      description: When it was reached, in ISO 8601, as AWS noted it or else as it was seen; null before.
      type: str
      sample: "2026-11-23T08:01:10+00:00"
    progress:
      description: How far it has come.
      type: str
      sample: 1 of 1 agents are connected
    seconds:
      description: How long it took, from when the phase before was reached.
      returned: when the phase is reached
      type: int
      sample: 58
reached:
  description: Whether all phases are reached.
  returned: always
  type: bool
  sample: true
hopeless:
  description: Why it makes no sense to wait on; empty where it does.
  returned: always
  type: str
  sample: ""
crashed_tasks:
  description: ARNs of the tasks that crashed, the newest first.
  returned: always
  type: list
  elements: str
  sample: []
"""

import datetime

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import api as ec2_api
from ansible_collections.central.llm.plugins.module_utils._ecs import api as ecs_api
from ansible_collections.central.llm.plugins.module_utils._ecs import phases
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api as elbv2_api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_STATES = ("pending", "running", "shutting-down", "stopping", "stopped", "terminated")


def look(module: CollectionModule, wanted: phases.Wanted) -> phases.Seen:
    """As much as is needed to tell which phase it is in."""
    options = module.params
    tags = {str(key): str(value) for key, value in options["instance_tags"].items()}
    seen = phases.Seen(ec2_api.find_instances(module.client("ec2"), tags, _STATES))
    if not phases.judge(seen, wanted)[0].reached:
        return seen
    ecs, cluster, service = module.client("ecs"), options["cluster"], options["service"]
    arns = [arn for status in ("RUNNING", "STOPPED") for arn in ecs_api.list_tasks(ecs, cluster, service, status)]
    seen = seen._replace(
        container_instances=ecs_api.describe_container_instances(
            ecs, cluster, ecs_api.list_container_instances(ecs, cluster)
        ),
        tasks=ecs_api.describe_tasks(ecs, cluster, list(dict.fromkeys(arns))),
        events=(ecs_api.find_service(ecs, cluster, service) or {}).get("events", []),
    )
    if phases.judge(seen, wanted)[-1].name not in phases.PHASES[phases.PHASES.index("engine") :]:
        return seen
    elbv2 = module.client("elbv2")
    group = elbv2_api.find_target_group(elbv2, options["target_group"])
    targets = elbv2_api.target_health(elbv2, group["TargetGroupArn"]) if group else []
    return seen._replace(targets=targets or [])


def result(seen: phases.Seen, wanted: phases.Wanted) -> Resource:
    found = phases.judge(seen, wanted)
    told = [{**each._asdict(), "at": each.at.isoformat() if each.at and each.reached else None} for each in found]
    crashed = sorted(phases.crashes(seen, wanted), key=lambda task: task["createdAt"], reverse=True)
    return {
        "phases": told,
        "reached": found[-1].reached,
        "hopeless": phases.hopeless(seen, wanted),
        "crashed_tasks": [task["taskArn"] for task in crashed],
    }


def wanted_of(options: Resource) -> phases.Wanted:
    for option in ("limits", "expected"):
        unknown = sorted(options[option].keys() - set(phases.PHASES))
        if unknown:
            raise InvalidInput(
                f"{option}: no phase is called {', '.join(unknown)}; there are {', '.join(phases.PHASES)}."
            )
    for option, least in (("count", 1), ("crash_budget", 1), ("gpus", 0), ("delay", 0)):
        if options[option] < least:
            raise InvalidInput(f"{option} is {options[option]}, it takes {least} or more.")
    if not options["instance_tags"]:
        raise InvalidInput("instance_tags is empty: say by which tags the hosts are found.")
    try:
        since = datetime.datetime.fromisoformat(options["since"]) if options["since"] else None
    except ValueError as error:
        raise InvalidInput(f"since is {options['since']!r}, which is no time in ISO 8601.") from error
    if since and since.tzinfo is None:
        since = since.replace(tzinfo=datetime.UTC)
    return phases.Wanted(options["count"], options["gpus"], options["crash_budget"], since)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "target_group": {"type": "str", "required": True},
            "instance_tags": {"type": "dict", "required": True},
            "count": {"type": "int", "default": 1},
            "gpus": {"type": "int", "default": 0},
            "since": {"type": "str"},
            "crash_budget": {"type": "int", "default": 2},
            "limits": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 900},
            "expected": {"type": "dict", "default": {}},
            "delay": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        wanted = wanted_of(module.params)
        module.exit_json(changed=False, **result(look(module, wanted), wanted))


if __name__ == "__main__":
    main()
