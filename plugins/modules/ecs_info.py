#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_info
version_added: 0.1.0
short_description: Show an Amazon ECS cluster with its service, tasks and container instances
description:
  - Reads a cluster, one of its services, tasks that run or stopped lately, and the container instances.
  - What does not exist is null or an empty list; that is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  cluster:
    description:
      - Name or ARN of the cluster.
    type: str
    required: true
  service:
    description:
      - Name of the service to show, and to narrow the tasks down to.
    type: str
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Wait until a host has registered
  central.llm.ecs_info:
    cluster: central-llm-service-cluster
    service: central-llm-service
  register: ecs
  until: ecs.container_instances | selectattr('agent_connected') | length > 0
  retries: 60
  delay: 5

- name: Show why tasks stopped
  ansible.builtin.debug:
    msg: "{{ ecs.tasks | selectattr('last_status', 'eq', 'STOPPED') | map(attribute='stopped_reason') }}"
"""

RETURN = r"""
cluster:
  description: The cluster as M(central.llm.ecs_cluster) returns it; null when there is none.
  returned: always
  type: dict
  sample: {"name": "central-llm-service-cluster", "status": "ACTIVE", "registered_container_instances": 1}
service:
  description: The service as M(central.llm.ecs_service) returns it; null when there is none or none was asked for.
  returned: always
  type: dict
  sample: {"name": "central-llm-service", "status": "ACTIVE", "desired_count": 1, "running_count": 1}
tasks:
  description: Tasks that run, are about to, or stopped within the last hour or so; the newest first.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: ARN of the task.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:task/central-llm-service-cluster/0cf5ad6c0f0c4d3c9d7b7f2e6f0c4a5e
    task_definition:
      description: ARN of its task definition.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:task-definition/central-llm-service:7
    last_status:
      description: Status that the task is known to have.
      type: str
      sample: RUNNING
    desired_status:
      description: Status that the task shall have.
      type: str
      sample: RUNNING
    health_status:
      description: What the health checks of the essential containers say.
      type: str
      sample: HEALTHY
    stopped_reason:
      description: Why the task stopped, null while it has not.
      type: str
      sample: Essential container in task exited
    stop_code:
      description: AWS's code for why the task stopped.
      type: str
      sample: EssentialContainerExited
    container_instance_arn:
      description: ARN of the container instance that the task is on.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:container-instance/central-llm-service-cluster/1b5f3f4c
    created_at:
      description: When the task was created, in ISO 8601.
      type: str
      sample: "2026-11-23T09:00:00+00:00"
    started_at:
      description: When the task started to run, in ISO 8601.
      type: str
      sample: "2026-11-23T09:00:20+00:00"
    stopped_at:
      description: When the task stopped, in ISO 8601.
      type: str
      sample: null
    containers:
      description: The containers of the task.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the container.
          type: str
          sample: vllm
        last_status:
          description: Status that the container is known to have.
          type: str
          sample: RUNNING
        exit_code:
          description: Exit code, null while the container runs.
          type: int
          sample: null
        reason:
          description: Details about the container, such as why its image could not be pulled.
          type: str
          sample: null
        health_status:
          description: What the container's own health check says.
          type: str
          sample: HEALTHY
container_instances:
  description: The hosts that are registered in the cluster, sorted by their ARN.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: ARN of the container instance.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:container-instance/central-llm-service-cluster/1b5f3f4c
    ec2_instance_id:
      description: Id of the EC2 instance.
      type: str
      sample: i-0598c7d356eba48d7
    status:
      description: Status of the container instance, such as C(ACTIVE) or C(DRAINING).
      type: str
      sample: ACTIVE
    status_reason:
      description: Why it has that status.
      type: str
      sample: null
    agent_connected:
      description: Whether the ECS agent on the host is connected.
      type: bool
      sample: true
    registered_at:
      description: When the host registered, in ISO 8601.
      type: str
      sample: "2026-11-23T08:59:00+00:00"
    registered_gpus:
      description: How many GPUs the host registered with.
      type: int
      sample: 1
    running_tasks:
      description: How many tasks run on the host.
      type: int
      sample: 1
    pending_tasks:
      description: How many tasks are about to run on the host.
      type: int
      sample: 0
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._ecs import api, service, transformations
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def tasks(client: t.Any, cluster: str, name: str | None) -> list[Resource]:
    """Tasks of the service, or of the whole cluster, the newest first."""
    arns = [arn for status in ("RUNNING", "STOPPED") for arn in api.list_tasks(client, cluster, name, status)]
    # A task that stops between the two calls is in both lists.
    found = api.describe_tasks(client, cluster, list(dict.fromkeys(arns)))
    return sorted(map(transformations.task, found), key=lambda task: task["created_at"] or "", reverse=True)


def container_instances(client: t.Any, cluster: str) -> list[Resource]:
    found = api.describe_container_instances(client, cluster, api.list_container_instances(client, cluster))
    return sorted(map(transformations.container_instance, found), key=lambda instance: instance["arn"])


def describe(client: t.Any, cluster: str, name: str | None) -> Resource:
    found = api.find_cluster(client, cluster)
    if found is None:
        return {"cluster": None, "service": None, "tasks": [], "container_instances": []}
    running = api.find_service(client, cluster, name) if name else None
    return {
        "cluster": transformations.cluster(found),
        "service": service.resource(running) if running else None,
        "tasks": tasks(client, cluster, name),
        "container_instances": container_instances(client, cluster),
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={"cluster": {"type": "str", "required": True}, "service": {"type": "str"}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("ecs")
        module.exit_json(changed=False, **describe(client, module.params["cluster"], module.params["service"]))


if __name__ == "__main__":
    main()
