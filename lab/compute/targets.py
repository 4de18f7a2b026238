"""A task's place behind balancers: its targets are registered before it is RUNNING and drained before it stops."""

from __future__ import annotations

import logging
import threading
import time
import typing as t
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lab.compute.ecs_backend import EcsBackend
from lab.compute.model import Task, add_event
from lab.context import LabContext

log = logging.getLogger("lab.compute")


@dataclass(frozen=True)
class Target:
    target_group_arn: str
    instance_id: str
    port: int
    reason: str = ""


def targets_of(task: Task) -> list[Target]:
    """instance:hostPort in each target group of the task's service."""
    targets = []
    for balancer in task.load_balancers:
        for container in task.definition["containerDefinitions"]:
            if container["name"] != balancer["containerName"]:
                continue
            for mapping in container.get("portMappings") or []:
                if mapping.get("containerPort") == balancer["containerPort"]:
                    port = int(mapping.get("hostPort") or mapping["containerPort"])
                    targets.append(Target(balancer["targetGroupArn"], task.ec2_instance_id, port))
    return targets


class TargetHealth:
    """What DescribeTargetHealth says of tasks; asked at most once a second for each target group."""

    def __init__(self, ctx: LabContext, speedup: float) -> None:
        self._ctx = ctx
        self._seconds = max(0.1, 1.0 / speedup)
        self._seen: dict[str, tuple[float, dict[tuple[str, int], tuple[str, str]]]] = {}

    def _of(self, region: str, group: str) -> dict[tuple[str, int], tuple[str, str]]:
        asked, states = self._seen.get(group, (0.0, {}))
        if time.monotonic() - asked > self._seconds:
            try:
                answer = self._ctx.client("elbv2", region).describe_target_health(TargetGroupArn=group)
            except ClientError:
                return {}
            states = {
                (entry["Target"]["Id"], entry["Target"]["Port"]): (
                    entry["TargetHealth"]["State"],
                    entry["TargetHealth"].get("Description") or entry["TargetHealth"].get("Reason") or "",
                )
                for entry in answer["TargetHealthDescriptions"]
            }
            self._seen[group] = (time.monotonic(), states)
        return states

    def _states(self, task: Task) -> t.Iterator[tuple[Target, str, str]]:
        for target in targets_of(task):
            states = self._of(task.region, target.target_group_arn)
            state, reason = states.get((target.instance_id, target.port), ("unused", ""))
            yield target, state, reason

    def unhealthy(self, task: Task) -> list[Target]:
        return [
            Target(target.target_group_arn, target.instance_id, target.port, reason)
            for target, state, reason in self._states(task)
            if state == "unhealthy"
        ]

    def all_healthy(self, task: Task) -> bool:
        return all(state == "healthy" for _, state, _ in self._states(task))


class TaskTargets:
    """Registers and deregisters; implements lab.compute.runner.Targets."""

    def __init__(self, ctx: LabContext, backend: EcsBackend, speedup: float) -> None:
        self._ctx = ctx
        self._backend = backend
        self._speedup = speedup

    def register(self, task: Task) -> None:
        for target in targets_of(task):
            try:
                self._client(task).register_targets(**_request(target))
            except ClientError as error:
                log.warning("task %s: %s", task.id, error)
                continue
            self._say(task, f"registered 1 targets in (target-group {target.target_group_arn})")

    def deregister(self, task: Task, wait: threading.Event | None) -> None:
        """`wait` cuts the deregistration delay short; without one there is none."""
        longest = 0.0
        targets = targets_of(task)
        if targets and wait is not None:
            self._say(task, "has begun draining connections on 1 tasks")
        for target in targets:
            try:
                self._client(task).deregister_targets(**_request(target))
                longest = max(longest, self._delay(task, target))
            except ClientError as error:
                log.warning("task %s: %s", task.id, error)
                continue
            self._say(task, f"deregistered 1 targets in (target-group {target.target_group_arn})")
        if wait is not None and longest:
            wait.wait(longest / self._speedup)

    def _client(self, task: Task) -> t.Any:
        return self._ctx.client("elbv2", task.region)

    def _delay(self, task: Task, target: Target) -> float:
        answer = self._client(task).describe_target_group_attributes(TargetGroupArn=target.target_group_arn)
        attributes = {a["Key"]: a["Value"] for a in answer["Attributes"]}
        return float(attributes.get("deregistration_delay.timeout_seconds", "300"))

    def _say(self, task: Task, what: str) -> None:
        service = self._backend.service(task.region, task.cluster_name, task.service_name or "")
        if service:
            add_event(service, f"(service {service.name}) {what}.")


def _request(target: Target) -> dict[str, t.Any]:
    targets = [{"Id": target.instance_id, "Port": target.port}]
    return {"TargetGroupArn": target.target_group_arn, "Targets": targets}
