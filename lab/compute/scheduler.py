"""Places tasks on container instances, and knows who runs where."""

from __future__ import annotations

import re
import threading
import typing as t
import uuid

from lab.compute.ecs_backend import EcsBackend
from lab.compute.model import Container, Instance, Task
from lab.compute.placement import Room, gpus_of, requirements_of, room_of

Document = dict[str, t.Any]
_EXPRESSION = re.compile(r"^\s*attribute:(?P<name>[\w.\-/]+)\s*(?P<how>==|!=|=~|in|exists)\s*(?P<value>.*?)\s*$")


class Scheduler:
    """`launch` is told of each task that was placed, with the instance it is on."""

    def __init__(self, backend: EcsBackend, launch: t.Callable[[Task, Instance], None]) -> None:
        self._backend = backend
        self._launch = launch
        # Two placements at the same time would see the same free room.
        self._lock = threading.RLock()

    def occupants(self, instance: Instance) -> list[Task]:
        """The tasks that hold resources of an instance: all that have not reached STOPPED."""
        return [
            task
            for task in self._backend.tasks(instance.region, instance.cluster_name)
            if task.container_instance_arn == instance.container_instance_arn and task.last_status != "STOPPED"
        ]

    def place(
        self,
        region: str,
        cluster: t.Any,
        definition_arn: str,
        definition: Document,
        *,
        group: str,
        started_by: str = "",
        only: Instance | None = None,
        constraints: list[Document] | None = None,
        tags: list[Document] | None = None,
        overrides: Document | None = None,
        load_balancers: list[Document] | None = None,
        enable_execute_command: bool = False,
    ) -> tuple[Task | None, dict[str, str]]:
        """(the task, {}) or (None, {instance: why not}); instances with few tasks of the group come first."""
        need = requirements_of(definition)
        rules = [*(definition.get("placementConstraints") or []), *(constraints or [])]
        refusals: dict[str, str] = {}
        with self._lock:
            candidates = [only] if only else self._backend.instances(region, cluster.name)
            rooms = [(instance, self.occupants(instance)) for instance in candidates]
            rooms.sort(key=lambda pair: (sum(task.group == group for task in pair[1]), len(pair[1])))
            for instance, tasks in rooms:
                room = room_of(instance.capacity, tasks)
                refusal = _unfit(instance) or _broken_rule(rules, instance, tasks, group) or room.refusal(need)
                if refusal:
                    refusals[instance.id] = refusal
                    continue
                task = Task(
                    id=uuid.uuid4().hex,
                    task_arn="",
                    region=region,
                    cluster_name=cluster.name,
                    cluster_arn=cluster.arn,
                    task_definition_arn=definition_arn,
                    definition=definition,
                    container_instance_arn=instance.container_instance_arn,
                    ec2_instance_id=instance.ec2_instance_id,
                    availability_zone=instance.availability_zone,
                    group=group,
                    containers=[],
                    started_by=started_by,
                    tags=list(tags or []),
                    overrides=overrides or {},
                    load_balancers=load_balancers or [],
                    enable_execute_command=enable_execute_command,
                )
                task.task_arn = self._backend.arn(region, "task", "task", cluster.name, task.id)
                task.containers = _containers(self._backend, task, room)
                self._backend.put_task(task)
                self._launch(task, instance)
                return task, {}
        return None, refusals

    def deregister(self, instance: Instance) -> None:
        """A forced deregistration leaves the tasks running; ECS then knows nothing of the host any more.

        Its service tasks are orphans that the service replaces elsewhere, so the lab ends them: without a container
        instance nobody could ever reach them.
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
        """
        for task in self.occupants(instance):
            task.stop("ServiceSchedulerInitiated", f"Container instance {instance.container_instance_arn} deregistered")
        self._backend.drop_instance(instance)


def _unfit(instance: Instance) -> str | None:
    if instance.status != "ACTIVE":
        return "INACTIVE"
    return None if instance.agent_connected else "AGENT"


def _broken_rule(rules: list[Document], instance: Instance, tasks: list[Task], group: str) -> str | None:
    for rule in rules:
        if rule["type"] == "distinctInstance" and any(task.group == group for task in tasks):
            return "DistinctInstance placement constraint unsatisfied."
        if rule["type"] == "memberOf" and not member_of(rule.get("expression") or "", instance.attributes):
            return "MemberOf placement constraint unsatisfied."
    return None


def member_of(expression: str, attributes: t.Mapping[str, str | None]) -> bool:
    """A single attribute comparison of the cluster query language; what the lab cannot read is not satisfied.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
    """
    found = _EXPRESSION.match(expression)
    if not found:
        return False
    name, how, value = found["name"], found["how"], found["value"]
    actual = attributes.get(name)
    if how == "exists":
        return name in attributes
    if how == "==":
        return actual == value
    if how == "!=":
        return actual != value
    if how == "=~":
        return actual is not None and re.fullmatch(value.replace("*", ".*"), actual) is not None
    return actual in [part.strip() for part in value.strip("[]").split(",")]


def _containers(backend: EcsBackend, task: Task, room: Room) -> list[Container]:
    """The task's containers; each gets the GPUs it asked for, exclusively."""
    free = list(room.gpu_ids)
    containers = []
    for definition in task.definition["containerDefinitions"]:
        count = gpus_of(definition)
        arn = backend.arn(task.region, "container", "container", f"{task.cluster_name}/{task.id}", str(uuid.uuid4()))
        containers.append(Container(definition, arn, gpu_ids=free[:count]))
        free = free[count:]
    return containers
