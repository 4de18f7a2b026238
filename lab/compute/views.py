"""Tasks, services and container instances in the shapes of the ECS API."""

from __future__ import annotations

import typing as t

from lab.compute.model import NOT_YET_RUNNING, Container, Deployment, Instance, Service, Task
from lab.compute.placement import RESERVED_PORTS, Room, requirements_of, room_of

Document = dict[str, t.Any]


def _present(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def task_view(task: Task, with_tags: bool = False) -> Document:
    need = requirements_of(task.definition)
    return _present(
        {
            "attachments": [],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": task.availability_zone,
            "clusterArn": task.cluster_arn,
            "connectivity": "CONNECTED",
            "connectivityAt": task.created_at,
            "containerInstanceArn": task.container_instance_arn,
            "containers": [container_view(task, container) for container in task.containers],
            "cpu": str(need.cpu),
            "createdAt": task.created_at,
            "desiredStatus": task.desired_status,
            "enableExecuteCommand": task.enable_execute_command,
            "executionStoppedAt": task.execution_stopped_at,
            "group": task.group,
            "healthStatus": task.health_status,
            "lastStatus": task.last_status,
            "launchType": task.launch_type,
            "memory": str(need.memory),
            "overrides": task.overrides or {"containerOverrides": [{"name": c.name} for c in task.containers]},
            "pullStartedAt": task.pull_started_at,
            "pullStoppedAt": task.pull_stopped_at,
            "startedAt": task.started_at,
            "startedBy": task.started_by or None,
            "stopCode": task.stop_code,
            "stoppedAt": task.stopped_at,
            "stoppedReason": task.stopped_reason,
            "stoppingAt": task.stopping_at,
            "tags": task.tags if with_tags else [],
            "taskArn": task.task_arn,
            "taskDefinitionArn": task.task_definition_arn,
            "version": task.version,
        }
    )


def container_view(task: Task, container: Container) -> Document:
    definition = container.definition
    memory, reservation = definition.get("memory"), definition.get("memoryReservation")
    return _present(
        {
            "containerArn": container.arn,
            "taskArn": task.task_arn,
            "name": container.name,
            "image": definition["image"],
            "runtimeId": container.runtime_id,
            "lastStatus": container.last_status,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "networkBindings": container.network_bindings,
            "networkInterfaces": [],
            "healthStatus": container.health_status,
            "cpu": str(definition.get("cpu") or 0),
            "memory": str(memory) if memory else None,
            "memoryReservation": str(reservation) if reservation else None,
            "gpuIds": container.gpu_ids or None,
        }
    )


def deployment_view(deployment: Deployment) -> Document:
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition,
        "desiredCount": deployment.desired_count,
        "pendingCount": deployment.pending_count,
        "runningCount": deployment.running_count,
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "launchType": deployment.launch_type,
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.rollout_state_reason,
    }


def service_view(service: Service, with_tags: bool = False) -> Document:
    return _present(
        {
            "serviceArn": service.arn,
            "serviceName": service.name,
            "clusterArn": service.cluster_arn,
            "loadBalancers": service.load_balancers,
            "serviceRegistries": [],
            "status": service.status,
            "desiredCount": service.desired_count,
            "runningCount": service.running_count,
            "pendingCount": service.pending_count,
            "launchType": service.launch_type,
            "taskDefinition": service.task_definition,
            "deployments": [deployment_view(deployment) for deployment in list(service.deployments)],
            "events": list(service.events),
            "createdAt": service.created_at,
            "schedulingStrategy": service.scheduling_strategy,
            "tags": service.tags if with_tags else None,
            **service.settings,
        }
    )


def resources_view(cpu: int, memory: int, ports: t.Iterable[int], gpu_ids: t.Iterable[str]) -> list[Document]:
    numbers = {"doubleValue": 0.0, "longValue": 0}
    return [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu, **numbers},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory, **numbers},
        {
            "name": "PORTS",
            "type": "STRINGSET",
            "integerValue": 0,
            "stringSetValue": [str(port) for port in sorted(ports)],
            **numbers,
        },
        {"name": "PORTS_UDP", "type": "STRINGSET", "integerValue": 0, "stringSetValue": [], **numbers},
        {"name": "GPU", "type": "STRINGSET", "integerValue": 0, "stringSetValue": list(gpu_ids), **numbers},
    ]


def instance_view(instance: Instance, tasks: list[Task], with_tags: bool = False) -> Document:
    """`tasks` are the ones that occupy the instance."""
    capacity = instance.capacity
    room: Room = room_of(capacity, tasks)
    return {
        "containerInstanceArn": instance.container_instance_arn,
        "ec2InstanceId": instance.ec2_instance_id,
        "version": instance.version + len(tasks),
        "versionInfo": {
            "agentVersion": "1.106.2",
            "agentHash": "c1a05e0d",
            "dockerVersion": "DockerVersion: 25.0.16",
        },
        "registeredResources": resources_view(capacity.cpu, capacity.memory, RESERVED_PORTS, capacity.gpu_ids),
        "remainingResources": resources_view(room.cpu, room.memory, room.ports, room.gpu_ids),
        "status": instance.status,
        "agentConnected": instance.agent_connected,
        "runningTasksCount": sum(task.last_status == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task.last_status in NOT_YET_RUNNING for task in tasks),
        "attributes": [_present({"name": n, "value": v}) for n, v in instance.attributes.items()],
        "registeredAt": instance.registered_at,
        "attachments": [],
        "tags": instance.tags if with_tags else [],
    }
