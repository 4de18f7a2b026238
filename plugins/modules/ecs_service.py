#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_service
version_added: 0.1.0
short_description: Manage an Amazon ECS service
description:
  - Creates, changes and deletes a service that keeps a number of tasks running. Only the options that are given are
    managed, and only what differs is sent.
  - A deleted service, which AWS keeps showing as C(INACTIVE) for a while, counts as absent.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html) and
    U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  cluster:
    description:
      - Name or ARN of the cluster.
    type: str
    required: true
  name:
    description:
      - The name of the service, unique in its cluster. 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the service, V(absent) deletes it after its tasks have stopped.
    type: str
    choices: [present, absent]
    default: present
  task_definition:
    description:
      - What the tasks run, as ARN, C(family:revision), or a family, which means its newest C(ACTIVE) revision.
      - Required to create a service. Another revision starts a deployment.
    type: str
  desired_count:
    description:
      - How many tasks shall run. Left out, the count of an existing service is left alone, and a new one gets 0.
    type: int
  launch_type:
    description:
      - Where tasks run. V(EC2) where this and O(capacity_provider_strategy) are left out at creation.
      - Asking an existing service for another one is an error.
    type: str
    choices: [EC2, FARGATE, EXTERNAL]
  capacity_provider_strategy:
    description:
      - Capacity providers to run tasks on instead of a launch type. This is the whole list, in any order; an empty one
        returns the service to its launch type. AWS allows some of these transitions only. A change starts a
        deployment.
    type: list
    elements: dict
    suboptions:
      capacity_provider: {description: Name of a provider that the cluster has., type: str, required: true}
      weight: {description: Share of the tasks beyond the bases., type: int, default: 1}
      base: {description: How many tasks run here at least; one provider may have a base., type: int, default: 0}
  load_balancers:
    description:
      - The target groups in which ECS registers the tasks. This is the whole list, an empty one takes all away. A
        change starts a deployment.
    type: list
    elements: dict
    suboptions:
      target_group_arn: {description: ARN of a target group that a listener forwards to., type: str, required: true}
      container_name: {description: Name of the container that answers., type: str, required: true}
      container_port:
        description: Port of the container, which one of its port mappings must name.
        type: int
        required: true
  deployment_configuration:
    description:
      - How a deployment replaces tasks. What is left out stays as it is.
    type: dict
    suboptions:
      maximum_percent:
        description:
          - How many tasks may exist during a deployment, in percent of the desired count. AWS's default is 200.
        type: int
      minimum_healthy_percent:
        description:
          - How many healthy tasks must remain during a deployment, in percent of the desired count. AWS's default is
            100.
        type: int
      circuit_breaker:
        description:
          - Whether a deployment whose tasks do not come up is given up. It judges deployments only, not a raised count.
        type: dict
        suboptions:
          enable: {description: Whether to give up., type: bool}
          rollback: {description: Whether to go back to the last deployment that came up., type: bool}
  health_check_grace_period_seconds:
    description:
      - How long after its start a task may fail health checks. AWS's default of 0 seconds kills an engine that is still
        loading its model.
    type: int
  availability_zone_rebalancing:
    description:
      - Whether ECS moves tasks between Availability Zones to even them out. AWS's default at creation is V(ENABLED).
    type: str
    choices: [ENABLED, DISABLED]
  placement_constraints:
    description:
      - Rules for where tasks may run, at most 10. This is the whole list.
    type: list
    elements: dict
    suboptions:
      type:
        description: Kind of the rule.
        type: str
        choices: [distinctInstance, memberOf]
        required: true
      expression:
        description: Expression in the cluster query language, for V(memberOf).
        type: str
  placement_strategy:
    description:
      - How to choose among the instances that may run a task, at most 5. This is the whole list.
    type: list
    elements: dict
    suboptions:
      type:
        description: Kind of the strategy.
        type: str
        choices: [random, spread, binpack]
        required: true
      field: {description: What to spread over or pack by., type: str}
  enable_execute_command:
    description:
      - Whether ECS Exec may run commands in the containers of new tasks.
    type: bool
  propagate_tags:
    description:
      - Whose tags new tasks get.
    type: str
    choices: [NONE, SERVICE, TASK_DEFINITION]
  force_new_deployment:
    description:
      - Whether to replace all tasks although nothing else changes. Such a run always reports a change.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), whether to delete the service at once, running tasks included, rather than to scale it
        down to 0 and wait for its tasks to stop first.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: partial
    description: A second run with the same options changes nothing, except that O(force_new_deployment) always does.
notes:
  - With O(wait), a run ends when as many tasks run as are desired and only one deployment is left. It fails where the
    deployment fails, also where ECS has gone back to the last one that came up. A failure names the last events and
    why tasks stopped. Whether targets are healthy says M(central.llm.target_health_info).
"""

EXAMPLES = r"""
- name: Keep the service, with whatever count it has
  central.llm.ecs_service:
    cluster: central-llm-service-cluster
    name: central-llm-service
    task_definition: central-llm-service:7
    load_balancers:
      - target_group_arn: "{{ group.target_group.arn }}"
        container_name: vllm
        container_port: 8000
    # One GPU and a fixed host port leave no room for a second task.
    deployment_configuration:
      maximum_percent: 100
      minimum_healthy_percent: 0
    availability_zone_rebalancing: DISABLED
    health_check_grace_period_seconds: 1800
    wait: false

- name: Start one task and wait for it
  central.llm.ecs_service:
    cluster: central-llm-service-cluster
    name: central-llm-service
    desired_count: 1
    wait_timeout: 900

- name: Delete the service after its tasks have stopped
  central.llm.ecs_service:
    cluster: central-llm-service-cluster
    name: central-llm-service
    state: absent
"""

RETURN = r"""
service:
  description: The service as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the service.
      type: str
      returned: when it exists
      sample: arn:aws:ecs:eu-central-1:123456789012:service/central-llm-service-cluster/central-llm-service
    name: {description: Name of the service., type: str, sample: central-llm-service}
    cluster_arn:
      description: ARN of the cluster.
      type: str
      returned: when it exists
      sample: arn:aws:ecs:eu-central-1:123456789012:cluster/central-llm-service-cluster
    status: {description: Status of the service., type: str, returned: when it exists, sample: ACTIVE}
    desired_count: {description: How many tasks shall run., type: int, sample: 1}
    running_count: {description: How many tasks run., type: int, returned: when it exists, sample: 1}
    pending_count: {description: How many tasks are about to run., type: int, returned: when it exists, sample: 0}
    task_definition:
      description: ARN of the task definition.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:task-definition/central-llm-service:7
    launch_type:
      description: Where tasks run; empty with a capacity provider strategy.
      type: str
      sample: EC2
    capacity_provider_strategy:
      description: Capacity providers, with the keys of O(capacity_provider_strategy), sorted by name.
      type: list
      elements: dict
      sample: []
    load_balancers:
      description: Target groups, with the keys of O(load_balancers), sorted.
      type: list
      elements: dict
      sample: []
    deployment_configuration:
      description: How a deployment replaces tasks, with the keys of O(deployment_configuration).
      type: dict
      sample: {"maximum_percent": 100, "minimum_healthy_percent": 0}
    health_check_grace_period_seconds:
      description: How long after its start a task may fail health checks.
      type: int
      sample: 1800
    availability_zone_rebalancing: {description: Whether ECS evens out Availability Zones., type: str, sample: DISABLED}
    placement_constraints:
      description: Rules for where tasks may run.
      type: list
      elements: dict
      sample: []
    placement_strategy:
      description: How to choose among instances.
      type: list
      elements: dict
      sample: []
    enable_execute_command: {description: Whether ECS Exec is on., type: bool, sample: false}
    propagate_tags: {description: Whose tags new tasks get., type: str, sample: SERVICE}
    created_at:
      description: When the service was created, in ISO 8601.
      type: str
      returned: when it exists
      sample: "2026-11-23T09:00:00+00:00"
    deployments:
      description: The deployments that are under way or done.
      type: list
      elements: dict
      returned: when it exists
      sample: [{"id": "ecs-svc/1", "status": "PRIMARY", "rollout_state": "COMPLETED", "failed_tasks": 0}]
    events:
      description: The last 10 messages of ECS about the service, the newest first.
      type: list
      elements: str
      returned: when it exists
      sample: ["(service central-llm-service) has reached a steady state."]
    tags:
      description: Tags of the service.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ecs import (
    api,
    service,
    service_change,
    service_removal,
    waiters,
)
from ansible_collections.central.llm.plugins.module_utils._ecs.service_options import ARGUMENT_SPEC
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def create(client: t.Any, after: Resource, cluster: str) -> Resource:
    request = {
        "cluster": cluster,
        "serviceName": after["name"],
        **service.parameters(after),
        "tags": api.tag_list(after["tags"]) or None,
    }
    # AWS takes one of the two.
    if not after["launch_type"]:
        del request["launchType"]
    # AWS refuses a grace period, even of 0, where there is no load balancer to fail a health check of.
    if not after["health_check_grace_period_seconds"]:
        del request["healthCheckGracePeriodSeconds"]
    return api.create_service(client, request=given(request))


def ensure_present(
    client: t.Any, found: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    cluster, name = options["cluster"], options["name"]
    before = service.resource(found) if found else None
    current = before["task_definition"] if before else ""
    arn = service_change.resolve(client, options["task_definition"], current, check_mode=check_mode)
    desired = service.wanted({**options, "task_definition": arn}, before or service.DEFAULTS)
    service.validate(options, desired)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None or found is None:
        after = {"name": name, **service.defaults(desired), **desired, "tags": tags.after}
        if check_mode:
            return True, after
        shown = create(client, after, cluster)
        changed = True
    else:
        changes = differing(desired, before)
        changed = bool(changes or tags.changes or options["force_new_deployment"])
        after = {**before, **changes, **service.launch_type_after(changes), "tags": tags.after}
        if check_mode or not (changed or options["wait"]):
            return changed, after
        shown = found
        # AWS refuses other capacity providers without a new deployment.
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
        forced = options["force_new_deployment"] or "capacity_provider_strategy" in changes
        if changes or forced:
            force = {"forceNewDeployment": True} if forced else {}
            request = {"cluster": cluster, "service": name, **service.parameters(changes, found), **force}
            shown = api.update_service(client, request=request)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)

    if options["wait"]:
        shown = waiters.wait_until_stable(client, cluster, name, options["wait_timeout"], shown)
    return changed, {**service.resource(shown), "tags": tags.after}


def run(module: CollectionModule) -> None:
    options, check_mode = module.params, module.check_mode
    client = module.client("ecs")
    found = api.find_service(client, options["cluster"], options["name"])
    before = service.resource(found) if found else None
    if options["state"] == "absent":
        before = module.removable(before)
        changed = service_removal.ensure_absent(client, before, options, check_mode=check_mode)
        module.exit_with("service", changed=changed, before=before if changed else None, after=None)
    if before and before["status"] == "DRAINING":
        service_removal.clear_the_name(client, options, check_mode=check_mode)
        found = before = None
    service_change.validate(options, before)
    changed, after = ensure_present(client, found, options, check_mode=check_mode)
    module.exit_with("service", changed=changed, before=before, after=after, observed=service.OBSERVED)


def main() -> None:
    module = CollectionModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    with module.failures_reported():
        run(module)


if __name__ == "__main__":
    main()
