"""The one place that touches moto's ECS backend (and its console output).

moto keeps clusters, task definitions, attributes and tags. Its services, tasks and container instances are records that
nothing stands behind, so the lab puts its own objects (lab.compute.model) into the backend's dictionaries and answers
the operations about them itself; tags and the tagging API go on working on them.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Mapping

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.responses.general import General
from moto.ec2.utils import Base64EncodedString
from moto.ecs.exceptions import ECSException
from moto.ecs.models import ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from lab.compute.model import Instance, Service, Task

Document = dict[str, t.Any]
# Members of a task definition that the scheduler and the agent look at, by moto's attribute names.
_DEFINITION_MEMBERS = {
    "networkMode": "network_mode",
    "cpu": "cpu",
    "memory": "memory",
    "placementConstraints": "placement_constraints",
    "executionRoleArn": "execution_role_arn",
    "taskRoleArn": "task_role_arn",
}


def error(code: str, message: str) -> ECSException:
    return ECSException(code, message)


def plain(value: t.Any) -> t.Any:
    """moto parses requests into mappings of its own; the lab wants dicts with the API's names."""
    if isinstance(value, Mapping):
        source = value.original_dict() if hasattr(value, "original_dict") else value
        return {name: plain(inner) for name, inner in source.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


class EcsBackend:
    """What the control plane knows of ECS, region by region."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    def _of(self, region: str) -> t.Any:
        return ecs_backends[self._account_id][region]

    def regions(self) -> list[str]:
        """The regions that have clusters."""
        return [region for region, backend in list(ecs_backends[self._account_id].items()) if backend.clusters]

    def regions_with_hosts(self) -> list[str]:
        """The regions that have instances, with clusters or without."""
        return [region for region, backend in list(ec2_backends[self._account_id].items()) if backend.reservations]

    # -- what moto keeps

    def cluster(self, region: str, name_or_arn: str | None) -> t.Any:
        found = self._of(region).clusters.get((name_or_arn or "default").rsplit("/", 1)[-1])
        if found is None or found.status == "INACTIVE":
            raise error("ClusterNotFoundException", "Cluster not found.")
        return found

    def clusters(self, region: str) -> list[t.Any]:
        return [cluster for cluster in list(self._of(region).clusters.values()) if cluster.status == "ACTIVE"]

    def definition(self, region: str, reference: str) -> tuple[str, Document]:
        """(ARN, the members that matter) of a task definition; `family` alone is its latest active revision."""
        backend = self._of(region)
        name = reference.rsplit("/", 1)[-1]
        family, _, revision = name.partition(":")
        revisions = backend.task_definitions.get(family) or {}
        if revision:
            found = revisions.get(int(revision)) if revision.isdigit() else None
        else:
            active = [number for number, held in revisions.items() if held.status == "ACTIVE"]
            found = revisions[max(active)] if active else None
        if found is None:
            raise error("ClientException", "TaskDefinition not found.")
        if found.status != "ACTIVE":
            raise error("ClientException", "TaskDefinition is inactive")
        members = {name: plain(getattr(found, attribute, None)) for name, attribute in _DEFINITION_MEMBERS.items()}
        members["containerDefinitions"] = plain(found.container_definitions)
        members["family"] = found.family
        members["tags"] = plain(found.tags or [])
        return found.arn, members

    def uses_long_arns(self, region: str, kind: str) -> bool:
        return bool(self._of(region).enable_long_arn_for_name(name=f"{kind}LongArnFormat"))

    def arn(self, region: str, kind: str, setting: str, cluster: str, name: str) -> str:
        long = f"{cluster}/" if self.uses_long_arns(region, setting) else ""
        return f"arn:aws:ecs:{region}:{self._account_id}:{kind}/{long}{name}"

    # -- what the lab keeps there

    def services(self, region: str) -> list[Service]:
        return [s for s in list(self._of(region).services.values()) if isinstance(s, Service)]

    def service(self, region: str, cluster: str, reference: str) -> Service | None:
        found = self._of(region).services.get(f"{cluster}:{reference.rsplit('/', 1)[-1]}")
        return found if isinstance(found, Service) else None

    def put_service(self, service: Service) -> None:
        self._of(service.region).services[f"{service.cluster_name}:{service.name}"] = service

    def tasks(self, region: str, cluster: str | None = None) -> list[Task]:
        held = self._of(region).tasks
        wanted = list(held.values()) if cluster is None else [held.get(cluster, {})]
        return [task for tasks in wanted for task in list(tasks.values()) if isinstance(task, Task)]

    def put_task(self, task: Task) -> None:
        self._of(task.region).tasks.setdefault(task.cluster_name, {})[task.task_arn] = task

    def drop_task(self, task: Task) -> None:
        self._of(task.region).tasks.get(task.cluster_name, {}).pop(task.task_arn, None)

    def instances(self, region: str, cluster: str | None = None) -> list[Instance]:
        held = self._of(region).container_instances
        wanted = list(held.values()) if cluster is None else [held.get(cluster, {})]
        return [i for instances in wanted for i in list(instances.values()) if isinstance(i, Instance)]

    def put_instance(self, instance: Instance) -> None:
        held = self._of(instance.region).container_instances
        held.setdefault(instance.cluster_name, {})[instance.id] = instance

    def drop_instance(self, instance: Instance) -> None:
        self._of(instance.region).container_instances.get(instance.cluster_name, {}).pop(instance.id, None)

    def count(self, region: str) -> None:
        """Bring the numbers that DescribeClusters shows up to date."""
        for cluster in self.clusters(region):
            tasks = self.tasks(region, cluster.name)
            cluster.running_tasks_count = sum(task.last_status == "RUNNING" for task in tasks)
            cluster.pending_tasks_count = sum(task.last_status in {"PENDING", "ACTIVATING"} for task in tasks)
            cluster.registered_container_instances_count = len(self.instances(region, cluster.name))
            active = [s for s in self.services(region) if s.cluster_name == cluster.name and s.status == "ACTIVE"]
            cluster.active_services_count = len(active)


def install(api: t.Any, operations: t.Iterable[str]) -> t.Callable[[], None]:
    """Let `api` answer these operations instead of moto; the result undoes it.

    Each is a method `(region, parameters) -> document`; one that returns None leaves the answer to moto.
    """
    undo = contextlib.ExitStack()
    # moto turns its attribute dictionaries into lists on the way out; the lab's documents have lists already.
    transformers = EC2ContainerServiceResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
    EC2ContainerServiceResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER = {}
    undo.callback(setattr, EC2ContainerServiceResponse, "RESPONSE_KEY_PATH_TO_TRANSFORMER", transformers)
    for name in operations:
        original = getattr(EC2ContainerServiceResponse, name)
        setattr(EC2ContainerServiceResponse, name, _answered_by(getattr(api, name), original))
        undo.callback(setattr, EC2ContainerServiceResponse, name, original)
    return undo.close


def _answered_by(method: t.Callable[[str, Document], Document | None], original: t.Any) -> t.Any:
    def operation(self: t.Any) -> t.Any:
        answer = method(self.region, plain(self._get_params()))
        return original(self) if answer is None else ActionResult(answer)

    return operation


def install_console(lines_of: t.Callable[[str], list[str]]) -> t.Callable[[], None]:
    """Let GetConsoleOutput show what the lab's hosts wrote while they booted."""
    original = General.get_console_output

    def get_console_output(self: t.Any) -> t.Any:
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        output = Base64EncodedString.from_raw_string("\n".join([*lines_of(instance.id), ""]))
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})

    General.get_console_output = get_console_output
    return lambda: setattr(General, "get_console_output", original)
