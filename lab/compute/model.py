"""A task as the agent and the scheduler see it, and the service events both write."""

from __future__ import annotations

import threading
import typing as t
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

ALIVE = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")
NOT_YET_RUNNING = ("PROVISIONING", "PENDING", "ACTIVATING")
# DescribeServices returns the most recent hundred:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
MAX_EVENTS = 100


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Container:
    """One container of a task."""

    definition: dict[str, t.Any]
    arn: str
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health_status: str = "UNKNOWN"
    network_bindings: list[dict[str, t.Any]] = field(default_factory=list)
    gpu_ids: list[str] = field(default_factory=list)
    runtime_id: str | None = None

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        return bool(self.definition.get("essential", True))

    @property
    def checks_health(self) -> bool:
        command = (self.definition.get("healthCheck") or {}).get("command") or ["NONE"]
        return bool(command[0] != "NONE")


@dataclass
class Task:
    """One task; the scheduler creates it, its runner moves it through its life.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    """

    id: str
    task_arn: str
    region: str
    cluster_name: str
    cluster_arn: str
    task_definition_arn: str
    definition: dict[str, t.Any]
    container_instance_arn: str
    ec2_instance_id: str
    availability_zone: str
    group: str
    containers: list[Container]
    started_by: str = ""
    launch_type: str = "EC2"
    tags: list[dict[str, str]] = field(default_factory=list)
    overrides: dict[str, t.Any] = field(default_factory=dict)
    load_balancers: list[dict[str, t.Any]] = field(default_factory=list)
    enable_execute_command: bool = False
    last_status: str = "PENDING"
    desired_status: str = "RUNNING"
    created_at: datetime = field(default_factory=now)
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    version: int = 1
    # The host is gone: there is nobody left to be polite to.
    host_lost: bool = False
    stop_requested: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @property
    def service_name(self) -> str | None:
        return self.group.removeprefix("service:") if self.group.startswith("service:") else None

    @property
    def reached_running(self) -> bool:
        return self.started_at is not None

    @property
    def health_status(self) -> str:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html: what the essential say."""
        states = {c.health_status for c in self.containers if c.essential and c.checks_health}
        for state in ("UNHEALTHY", "UNKNOWN"):
            if state in states:
                return state
        return "HEALTHY" if states else "UNKNOWN"

    @property
    def checks_health(self) -> bool:
        return any(c.essential and c.checks_health for c in self.containers)

    def move(self, status: str) -> None:
        self.last_status = status
        self.version += 1

    def give_reason(self, code: str, reason: str) -> None:
        """The first reason to stop is the one that counts."""
        with self._lock:
            if self.stop_code is None:
                self.stop_code, self.stopped_reason = code, reason

    def stop(self, code: str, reason: str) -> None:
        self.give_reason(code, reason)
        self.desired_status = "STOPPED"
        self.stop_requested.set()


def add_event(service: t.Any, message: str) -> None:
    """Service events are listed newest first."""
    service.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": now(), "message": message})
    del service.events[MAX_EVENTS:]


@dataclass
class Deployment:
    """One deployment of a service; the newest is PRIMARY, the ones it replaces are ACTIVE while they have tasks."""

    id: str
    task_definition: str
    definition: dict[str, t.Any]
    desired_count: int
    launch_type: str = "EC2"
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    failed_tasks: int = 0
    running_count: int = 0
    pending_count: int = 0
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def rollout_state_reason(self) -> str:
        words = {"COMPLETED": "completed", "FAILED": "failed: tasks failed to start", "IN_PROGRESS": "in progress"}
        return f"ECS deployment {self.id} {words[self.rollout_state]}."


@dataclass
class Service:
    """A service as it was created, and what the scheduler remembers about it."""

    name: str
    arn: str
    region: str
    cluster_name: str
    cluster_arn: str
    desired_count: int
    task_definition: str
    # The members of CreateService that are shown again as they were given.
    settings: dict[str, t.Any]
    status: str = "ACTIVE"
    launch_type: str = "EC2"
    scheduling_strategy: str = "REPLICA"
    load_balancers: list[dict[str, t.Any]] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    # The last one that came up, to which the circuit breaker goes back.
    completed: Deployment | None = None
    events: list[dict[str, t.Any]] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    task_sets: list[t.Any] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)
    running_count: int = 0
    pending_count: int = 0
    # The scheduler's memory: when it may start a task again, and how often none has reached RUNNING in a row.
    start_after: float = 0.0
    failures_in_row: int = 0
    seen_stopped: set[str] = field(default_factory=set)
    last_refusal: tuple[str, float] | None = None
    steady: bool = False

    @property
    def physical_resource_id(self) -> str:
        return self.arn

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def percents(self) -> tuple[int, int]:
        """(minimumHealthyPercent, maximumPercent)"""
        configuration = self.settings["deploymentConfiguration"]
        return int(configuration["minimumHealthyPercent"]), int(configuration["maximumPercent"])

    @property
    def grace_seconds(self) -> int:
        return int(self.settings.get("healthCheckGracePeriodSeconds") or 0)


@dataclass
class Instance:
    """A container instance: a host that has registered."""

    id: str
    container_instance_arn: str
    region: str
    cluster_name: str
    ec2_instance_id: str
    availability_zone: str
    capacity: t.Any
    role: str | None
    attributes: dict[str, str | None]
    status: str = "ACTIVE"
    agent_connected: bool = True
    # It ended with its agent connected, so that ECS forgets it.
    leaves: bool = False
    registered_at: datetime = field(default_factory=now)
    version: int = 1
    tags: list[dict[str, str]] = field(default_factory=list)
