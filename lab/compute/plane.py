"""The compute plane: hosts, scheduler and agent as one small reconcile loop."""

from __future__ import annotations

import logging
import os
import threading
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

from lab.compute import containers, ecs_backend, processes, runner
from lab.compute.api import OPERATIONS, EcsApi
from lab.compute.guests import Guests
from lab.compute.hosts import Hosts
from lab.compute.model import Instance, Task
from lab.compute.permissions import ExecutionRole
from lab.compute.runner import TaskRunner
from lab.compute.scheduler import Scheduler
from lab.compute.services import ServiceScheduler
from lab.compute.targets import TargetHealth, TaskTargets
from lab.context import LabContext

log = logging.getLogger("lab.compute")

_POLL_SECONDS = 0.1
_BUSY_SECONDS = 0.5
_IDLE_SECONDS = 5.0
_WATCHED = ("ec2", "ecs", "elbv2", "iam")


class ComputePlane:
    name = "compute"

    def __init__(self) -> None:
        self._boot_seconds = float(os.environ.get("LAB_BOOT_SECONDS") or 1.0)
        self._speedup = float(os.environ.get("LAB_HEALTH_SPEEDUP") or 5.0)
        self._runners: dict[str, TaskRunner] = {}
        self._runners_lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._undo: list[t.Callable[[], None]] = []
        self._thread: threading.Thread | None = None

    def start(self, ctx: LabContext) -> None:
        self._ctx = ctx
        processes.sweep(ctx.home / "processes")
        containers.sweep(ctx.home)
        runner.clean_home(ctx.home)
        self._backend = ecs_backend.EcsBackend(ctx.account_id)
        self._scheduler = Scheduler(self._backend, self._launch)
        self._targets = TaskTargets(ctx, self._backend, self._speedup)
        health = TargetHealth(ctx, self._speedup)
        self._services = ServiceScheduler(self._backend, self._scheduler, health, self._speedup)
        self._hosts = Hosts(ctx, self._backend, self._scheduler, self._end_tasks, self._boot_seconds)
        self._guests = Guests(ctx, self._backend.regions_with_hosts)
        api = EcsApi(self._backend, self._scheduler, self._find_target_group)
        self._undo = [
            ecs_backend.install(api, OPERATIONS),
            ecs_backend.install_console(self._hosts.console),
        ]
        self._thread = threading.Thread(target=self._run, name="compute-plane", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop and all processes; nothing of the lab's outlives it."""
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=15)
        with self._runners_lock:
            runners = list(self._runners.values())
        for each in runners:
            each.task.give_reason("TerminationNotice", "the lab stopped")
            each.abandon()
        for each in runners:
            each.join(timeout=10)
        for undo in reversed(self._undo):
            undo()
        self._guests.close()
        self._hosts.close()

    # -- the loop

    def _run(self) -> None:
        seen = -1
        next_pass = 0.0
        while not (self._stopping.is_set() or self._ctx.stopping.is_set()):
            generation = self._ctx.generations.of(*_WATCHED)
            if generation != seen or self._wake.is_set() or time.monotonic() >= next_pass:
                seen = generation
                self._wake.clear()
                busy = self._pass()
                next_pass = time.monotonic() + (_BUSY_SECONDS if busy else _IDLE_SECONDS)
            self._wake.wait(_POLL_SECONDS)

    def _pass(self) -> bool:
        busy = self._end_orphans()
        for region in self._backend.regions():
            try:
                busy |= self._hosts.reconcile(region)
                busy |= self._services.reconcile(region)
            except (ClientError, BotoCoreError) as error:
                log.warning("compute plane, %s: %s", region, error)
                busy = True
            except Exception:
                log.exception("compute plane, %s", region)
                busy = True
        return busy

    def _end_orphans(self) -> bool:
        """Processes whose task is gone from ECS (the lab's state was reset) end too; True while any task lives."""
        known = {task.id for region in self._backend.regions() for task in self._backend.tasks(region)}
        with self._runners_lock:
            for task_id, each in list(self._runners.items()):
                if not each.is_alive():
                    del self._runners[task_id]
                elif task_id not in known:
                    each.abandon()
            return any(each.task.desired_status == "STOPPED" for each in self._runners.values())

    # -- what the scheduler and the hosts ask for

    def _launch(self, task: Task, instance: Instance) -> None:
        definition = task.definition
        role = ExecutionRole(
            self._ctx.client("iam", task.region),
            task.overrides.get("executionRoleArn") or definition.get("executionRoleArn"),
            instance.role,
            self._ctx.account_id,
        )
        each = TaskRunner(self._ctx, task, self._targets, role, self._speedup, self._wake.set)
        with self._runners_lock:
            self._runners[task.id] = each
        each.start()

    def _end_tasks(self, instance: Instance, reason: str) -> None:
        for task in self._scheduler.occupants(instance):
            task.give_reason("TerminationNotice", reason)
            with self._runners_lock:
                each = self._runners.get(task.id)
            if each:
                each.abandon()

    def _find_target_group(self, region: str, arn: str) -> dict[str, t.Any] | None:
        try:
            answer = self._ctx.client("elbv2", region).describe_target_groups(TargetGroupArns=[arn])
        except ClientError:
            return None
        groups: list[dict[str, t.Any]] = answer["TargetGroups"]
        return groups[0] if groups else None
