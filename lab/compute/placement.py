"""What a task asks of an instance, what an instance has, and why one does not fit the other.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field

# The agent keeps these for SSH, Docker and itself (ECS_RESERVED_PORTS).
RESERVED_PORTS = (22, 2375, 2376, 51678, 51679)
# The kernel and the firmware keep a part of an instance's nominal memory: /proc/meminfo shows about this share.
_VISIBLE_MEMORY = 0.97


@dataclass(frozen=True)
class Requirements:
    cpu: int = 0
    memory: int = 0
    gpus: int = 0
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Capacity:
    """What a host registered."""

    cpu: int
    memory: int
    gpu_ids: tuple[str, ...] = ()


@dataclass
class Room:
    """What is left of it."""

    cpu: int
    memory: int
    gpu_ids: list[str] = field(default_factory=list)
    ports: set[int] = field(default_factory=set)

    def refusal(self, need: Requirements) -> str | None:
        """The failure reason of RunTask when `need` does not fit, None when it does.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
        """
        if need.cpu > self.cpu:
            return "RESOURCE:CPU"
        if need.memory > self.memory:
            return "RESOURCE:MEMORY"
        if need.gpus > len(self.gpu_ids):
            return "RESOURCE:GPU"
        if self.ports & set(need.ports):
            return "RESOURCE:PORTS"
        return None


def capacity_of(instance_type: dict[str, t.Any], instance_id: str, settings: dict[str, str], gpu: bool) -> Capacity:
    """From an entry of DescribeInstanceTypes; GPUs only where the agent's GPU support is on."""
    reserved = int(settings.get("ECS_RESERVED_MEMORY") or 0)
    count = sum(int(gpus.get("Count", 0)) for gpus in (instance_type.get("GpuInfo") or {}).get("Gpus") or [])
    return Capacity(
        cpu=int(instance_type["VCpuInfo"]["DefaultVCpus"]) * 1024,
        memory=int(instance_type["MemoryInfo"]["SizeInMiB"] * _VISIBLE_MEMORY) - reserved,
        gpu_ids=tuple(
            f"GPU-{uuid.uuid5(uuid.NAMESPACE_OID, f'{instance_id}/{n}')}" for n in range(count if gpu else 0)
        ),
    )


def gpus_of(container: dict[str, t.Any]) -> int:
    asked = [r["value"] for r in container.get("resourceRequirements") or [] if r.get("type") == "GPU"]
    return sum(int(value) for value in asked)


def ports_of(definition: dict[str, t.Any]) -> tuple[int, ...]:
    """The host ports a task takes; 0 is any free one."""
    host_mode = definition.get("networkMode") == "host"
    ports = []
    for container in definition["containerDefinitions"]:
        for mapping in container.get("portMappings") or []:
            port = mapping.get("hostPort") or (mapping.get("containerPort") if host_mode else 0)
            if port:
                ports.append(int(port))
    return tuple(ports)


def requirements_of(definition: dict[str, t.Any]) -> Requirements:
    """The task's own cpu and memory where it has them, else the sum of its containers'.

    A container's memoryReservation counts before its memory, as the documentation of the parameter says:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    containers = definition["containerDefinitions"]
    cpu = definition.get("cpu") or sum(int(c.get("cpu") or 0) for c in containers)
    memory = definition.get("memory") or sum(
        int(c.get("memoryReservation") or c.get("memory") or 0) for c in containers
    )
    return Requirements(int(cpu), int(memory), sum(gpus_of(c) for c in containers), ports_of(definition))


def room_of(capacity: Capacity, tasks: t.Iterable[t.Any]) -> Room:
    """What the tasks on a host leave free; computed anew each time, so that it cannot drift."""
    room = Room(capacity.cpu, capacity.memory, list(capacity.gpu_ids), set(RESERVED_PORTS))
    for task in tasks:
        need = requirements_of(task.definition)
        room.cpu -= need.cpu
        room.memory -= need.memory
        room.ports |= set(need.ports)
        used = {gpu for container in task.containers for gpu in container.gpu_ids}
        room.gpu_ids = [gpu for gpu in room.gpu_ids if gpu not in used]
    return room


_CLOSEST = {
    "RESOURCE:CPU": "has insufficient CPU units available",
    "RESOURCE:MEMORY": "has insufficient memory available",
    "RESOURCE:GPU": "has insufficient GPU resource available",
    "RESOURCE:PORTS": "is already using a port required by your task",
    "AGENT": 'encountered error "AGENT"',
    "INACTIVE": "is not ACTIVE",
    "ATTRIBUTE": "is missing an attribute required by your task",
    "MemberOf placement constraint unsatisfied.": 'encountered error "MemberOf placement constraint unsatisfied."',
    "DistinctInstance placement constraint unsatisfied.": "encountered error "
    '"DistinctInstance placement constraint unsatisfied."',
}
_GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


def unable_to_place(service: str, refusals: dict[str, str]) -> str:
    """The service event for a task that fits nowhere; `refusals` is {container instance id: reason}.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
    """
    start = f"(service {service}) was unable to place a task because no container instance met all of its requirements."
    if not refusals:
        return f"{start} Reason: No Container Instances were found in your cluster. {_GUIDE}"
    closest, reason = next(iter(refusals.items()))
    return f"{start} The closest matching (container-instance {closest}) {_CLOSEST.get(reason, reason)}. {_GUIDE}"
