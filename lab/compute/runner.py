"""The agent's part for one task: a thread that takes it from PENDING to STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
import typing as t
import uuid
from dataclasses import dataclass
from pathlib import Path

from lab.compute import awslogs, containers, images, permissions, secret_values
from lab.compute.health import HealthCheck, command_of
from lab.compute.launch import LaunchError, environment_of, lab_limits, on_host, overridden
from lab.compute.model import Container, Task, now
from lab.compute.processes import CannotStart, ContainerProcess
from lab.context import LabContext

log = logging.getLogger("lab.compute")

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html: ECS_CONTAINER_STOP_TIMEOUT
DEFAULT_STOP_SECONDS = 30.0
_TICK_SECONDS = 0.2


class Targets(t.Protocol):
    """What a task that serves behind a balancer needs: registration before RUNNING, draining before it stops."""

    def register(self, task: Task) -> None: ...

    def deregister(self, task: Task, wait: threading.Event | None) -> None: ...


@dataclass
class Running:
    container: Container
    process: ContainerProcess
    pump: awslogs.OutputPump
    health: HealthCheck | None


class TaskRunner(threading.Thread):
    def __init__(
        self,
        ctx: LabContext,
        task: Task,
        targets: Targets,
        execution_role: permissions.ExecutionRole,
        speedup: float,
        changed: t.Callable[[], None],
    ) -> None:
        super().__init__(name=f"task-{task.id[:8]}", daemon=True)
        self.ctx = ctx
        self.task = task
        self._targets = targets
        self._role = execution_role
        self._speedup = speedup
        self._changed = changed
        self._folder = ctx.home / "tasks" / task.id
        self._running: list[Running] = []
        # Set to end the task at once, without draining or asking: its host is gone, or the lab stops.
        self._abandon = threading.Event()

    def abandon(self) -> None:
        self.task.host_lost = True
        self._abandon.set()
        self.task.stop_requested.set()

    def run(self) -> None:
        try:
            self._start_containers()
            if not self.task.stop_requested.is_set():
                self._move("ACTIVATING")
                self._targets.register(self.task)
                self.task.started_at = now()
                self._move("RUNNING")
                self._watch()
        except LaunchError as error:
            self._failed_to_start(error)
        except Exception as error:
            log.exception("task %s failed inside the lab", self.task.id)
            self.task.give_reason("TaskFailedToStart", f"the lab failed to run this task: {error}")
        finally:
            self._end()

    def _move(self, status: str) -> None:
        self.task.move(status)
        self._changed()

    # -- start

    def _start_containers(self) -> None:
        task = self.task
        limit = lab_limits(task.definition)
        if limit:
            raise LaunchError("TaskFailedToStart", limit)
        self._folder.mkdir(parents=True, exist_ok=True)
        host = self.ctx.addresses.of(task.ec2_instance_id)
        for container in task.containers:
            if task.stop_requested.is_set():
                return
            self._running.append(self._start_container(container, host))

    def _start_container(self, container: Container, host: str) -> Running:
        task = self.task
        definition = overridden(container.definition, task.overrides)
        task.pull_started_at = task.pull_started_at or now()
        docker = containers.resolve(str(definition["image"]))
        image = docker or images.resolve(str(definition["image"]), self.ctx.home)
        if image is None:
            repository = images.repository_of(str(definition["image"]))
            raise LaunchError(
                "TaskFailedToStart",
                f"CannotPullContainerError: Error response from daemon: pull access denied for {repository}, "
                "repository does not exist or may require 'docker login': denied: requested access to the resource is "
                "denied",
                container,
            )
        task.pull_stopped_at = now()
        secrets = self._secrets(definition, container)
        stream = self._log_stream(definition, container)
        folder = self._folder / container.name
        folder.mkdir(exist_ok=True)
        metadata = folder / "ecs-container-metadata.json"
        record = self.ctx.home / "processes" / f"{task.id}-{container.name}.json"
        name = f"ecs-{task.id[:12]}-{container.name}"
        process: ContainerProcess
        try:
            if isinstance(image, containers.DockerImage):
                env = containers.environment_of(definition, secrets, container.gpu_ids)
                home = self.ctx.home
                process = containers.start(image, definition, env, name, host, home, record, folder)
            else:
                env = environment_of(image, definition, secrets, container.gpu_ids, host, folder, metadata)
                process = ContainerProcess(record, images.argv_of(image, definition), env, folder)
        except CannotStart as error:
            message = (
                f"CannotStartContainerError: Error response from daemon: failed to create task for container: {error}"
            )
            raise LaunchError("TaskFailedToStart", message, container) from error
        pump = awslogs.OutputPump(process.output, stream, f"{task.id[:8]}-{container.name}")
        pump.start()
        container.runtime_id = f"{task.id.replace('-', '')}-{process.pid}"
        container.network_bindings = on_host(definition, str(task.definition.get("networkMode") or "bridge"))
        container.last_status = "RUNNING"
        metadata.write_text(json.dumps(self._metadata(container)))
        check = (definition.get("healthCheck") or {}).get("command") or ["NONE"]
        command = containers.inside(name, check) if docker else command_of(check, host)
        health = HealthCheck.of(definition, container, env, folder, command, self._speedup)
        if health:
            health.start()
        return Running(container, process, pump, health)

    def _secrets(self, definition: dict[str, t.Any], container: Container) -> dict[str, str]:
        wanted = definition.get("secrets") or []
        try:
            if wanted:
                self._role.require(wanted)
            return {
                secret["name"]: secret_values.resolve(secret["valueFrom"], self.task.region, self.ctx.client)
                for secret in wanted
            }
        except secret_values.SecretError as error:
            raise LaunchError("TaskFailedToStart", str(error), container) from error

    def _log_stream(self, definition: dict[str, t.Any], container: Container) -> awslogs.LogStream | None:
        configuration = definition.get("logConfiguration") or {}
        if configuration.get("logDriver") != "awslogs":
            return None
        options = configuration.get("options") or {}
        logs = self.ctx.client("logs", options.get("awslogs-region") or self.task.region)
        try:
            self._role.require_logs(options)
            return awslogs.LogStream.open(logs, options, container.name, self.task.id)
        except (awslogs.LogDriverError, permissions.Denied) as error:
            # The docker daemon of an EC2 host refuses to start such a container; on Fargate it is a
            # ResourceInitializationError, and so both words are in the reason.
            message = f"ResourceInitializationError: CannotStartContainerError: Error response from daemon: {error}"
            raise LaunchError("TaskFailedToStart", message, container) from error

    def _metadata(self, container: Container) -> dict[str, t.Any]:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-metadata.html"""
        family, _, revision = self.task.task_definition_arn.rpartition("/")[2].partition(":")
        return {
            "Cluster": self.task.cluster_name,
            "ContainerInstanceARN": self.task.container_instance_arn,
            "TaskARN": self.task.task_arn,
            "TaskDefinitionFamily": family,
            "TaskDefinitionRevision": revision,
            "ContainerName": container.name,
            "DockerContainerName": f"/ecs-{family}-{revision}-{container.name}",
            "ImageName": container.definition["image"],
            "PortMappings": [
                {
                    "ContainerPort": b["containerPort"],
                    "HostPort": b["hostPort"],
                    "BindIp": b["bindIP"],
                    "Protocol": b["protocol"],
                }
                for b in container.network_bindings
            ],
            "AvailabilityZone": self.task.availability_zone,
            "MetadataFileStatus": "READY",
        }

    def _failed_to_start(self, error: LaunchError) -> None:
        if error.container is not None:
            error.container.reason = error.reason
        self.task.give_reason(error.code, error.reason)
        log.warning("task %s failed to start: %s", self.task.id, error.reason)

    # -- run

    def _watch(self) -> None:
        """Until the task is to stop: an essential container ended, or somebody asked."""
        while not self.task.stop_requested.wait(_TICK_SECONDS):
            for running in self._running:
                code = running.process.wait(0)
                if code is None or running.container.exit_code is not None:
                    continue
                self._ended(running, code)
                if running.container.essential:
                    self.task.give_reason("EssentialContainerExited", "Essential container in task exited")
                    return
            if all(running.container.exit_code is not None for running in self._running):
                self.task.give_reason("EssentialContainerExited", "All containers in task exited")
                return

    def _ended(self, running: Running, code: int) -> None:
        running.container.exit_code = code
        running.container.last_status = "STOPPED"
        if running.health:
            running.health.stop()
        running.process.forget()

    # -- stop

    def _end(self) -> None:
        # Not _stop: Thread has one of its own, which is_alive() calls once the thread has ended.
        task = self.task
        task.desired_status = "STOPPED"
        task.stopping_at = now()
        alive = any(running.container.exit_code is None for running in self._running)
        if task.reached_running:
            self._move("DEACTIVATING")
            # A task that ended by itself has no connections left to wait for.
            self._targets.deregister(task, self._abandon if alive else None)
        self._move("STOPPING")
        self._stop_processes()
        task.execution_stopped_at = now()
        self._move("DEPROVISIONING")
        shutil.rmtree(self._folder, ignore_errors=True)
        for container in task.containers:
            container.last_status = "STOPPED"
        task.give_reason("UserInitiated", "Task stopped")
        task.stopped_at = now()
        self._move("STOPPED")

    def _stop_processes(self) -> None:
        """SIGTERM to all, SIGKILL to those which are still there after their stopTimeout."""
        begun = time.monotonic()
        waiting = [running for running in self._running if running.container.exit_code is None]
        for running in waiting:
            if self._abandon.is_set():
                running.process.kill()
            else:
                running.process.terminate()
        while waiting:
            for running in list(waiting):
                code = running.process.wait(0.05)
                if code is not None:
                    self._ended(running, code)
                    waiting.remove(running)
                elif self._abandon.is_set() or time.monotonic() - begun > stop_seconds(running.container):
                    running.process.kill()
        for running in self._running:
            running.pump.join(timeout=5)


def stop_seconds(container: Container) -> float:
    return float(container.definition.get("stopTimeout") or DEFAULT_STOP_SECONDS)


def new_task_id() -> str:
    """Task ids of the long ARN format are 32 hexadecimal digits."""
    return uuid.uuid4().hex


def clean_home(home: Path) -> None:
    """Folders of tasks that an earlier lab had no time to remove."""
    shutil.rmtree(home / "tasks", ignore_errors=True)
