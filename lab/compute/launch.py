"""How a container definition becomes a process: its environment, its overrides, its ports, and the lab's limits."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from lab.compute.images import ProcessImage
from lab.compute.model import Container

# Nothing else of the lab's own environment reaches a process.
_KEPT = ("PATH", "LANG")


class LaunchError(Exception):
    """The task cannot start: the stop code and the reason that DescribeTasks shows."""

    def __init__(self, code: str, reason: str, container: Container | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.container = container


def lab_limits(definition: dict[str, t.Any]) -> str | None:
    """What a host can do that a process on a loopback address cannot; None when the task needs none of it."""
    mode = definition.get("networkMode") or "bridge"
    if mode not in {"bridge", "host"}:
        return f"the lab runs tasks as processes of their host: network mode bridge or host, not {mode}"
    for container in definition["containerDefinitions"]:
        for mapping in container.get("portMappings") or []:
            inside, outside = mapping.get("containerPort"), mapping.get("hostPort") or 0
            if mode == "host" and outside in {0, inside}:
                continue
            if outside != inside:
                return (
                    f"the lab cannot map ports, because its containers are processes: container {container['name']} "
                    f"has containerPort {inside} and hostPort {outside or 'dynamic'}; make them the same"
                )
    return None


def overridden(definition: dict[str, t.Any], overrides: dict[str, t.Any]) -> dict[str, t.Any]:
    """The definition with what RunTask or StartTask overrides in it."""
    for override in overrides.get("containerOverrides") or []:
        if override.get("name") != definition["name"]:
            continue
        merged = {**definition, **{k: override[k] for k in ("command", "cpu", "memory") if override.get(k)}}
        environment = {e["name"]: e["value"] for e in definition.get("environment") or []}
        environment.update({e["name"]: e["value"] for e in override.get("environment") or []})
        merged["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
        return merged
    return definition


def environment_of(
    image: ProcessImage,
    definition: dict[str, t.Any],
    secrets: dict[str, str],
    gpu_ids: list[str],
    host: str,
    home: Path,
    metadata: Path,
) -> dict[str, str]:
    """Image, then definition, then secrets, then what the agent sets; never the developer's own variables."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env["HOME"] = str(home)
    env.update(image.env)
    env.update({e["name"]: str(e["value"]) for e in definition.get("environment") or []})
    env.update(secrets)
    env["AWS_EXECUTION_ENV"] = "AWS_ECS_EC2"
    env["ECS_CONTAINER_METADATA_FILE"] = str(metadata)
    if gpu_ids:
        env["NVIDIA_VISIBLE_DEVICES"] = ",".join(gpu_ids)
    # A container has a network namespace; a process has its host's address instead.
    env["LAB_BIND_ADDRESS"] = host
    return env


def on_host(definition: dict[str, t.Any], network_mode: str) -> list[dict[str, t.Any]]:
    """The container's networkBindings; ECS reports none for the host's own network."""
    if network_mode == "host":
        return []
    return [
        {
            "bindIP": "0.0.0.0",
            "containerPort": mapping["containerPort"],
            "hostPort": mapping.get("hostPort") or mapping["containerPort"],
            "protocol": mapping.get("protocol") or "tcp",
        }
        for mapping in definition.get("portMappings") or []
    ]
