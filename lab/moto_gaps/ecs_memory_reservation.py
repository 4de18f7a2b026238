"""Task definitions: moto takes a container for EC2 only with a hard `memory`; AWS takes a `memoryReservation` too.

"You must specify one or both of memory or memoryReservation in a container definition", unless the task has a memory.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import typing as t

from moto.ecs.models import EC2ContainerServiceBackend

_upstream = EC2ContainerServiceBackend._validate_container_defs


def apply() -> None:
    EC2ContainerServiceBackend._validate_container_defs = staticmethod(validate)


def validate(memory: str | None, containers: list[dict[str, t.Any]], compatibilities: list[str] | None) -> None:
    # Upstream's check of a task that names no launch type is the one that AWS makes of every task.
    _upstream(memory, containers, None)
