"""Keeps each service at its desired count: starts, replaces and stops its tasks, and says so in its events.

One pass looks at what is and does what is possible now; nothing waits. How ECS goes about it:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from __future__ import annotations

import logging
import math
import time

from lab.compute.ecs_backend import EcsBackend
from lab.compute.model import NOT_YET_RUNNING, Deployment, Service, Task, add_event, now
from lab.compute.placement import unable_to_place
from lab.compute.scheduler import Scheduler
from lab.compute.targets import TargetHealth

log = logging.getLogger("lab.compute")

# Service throttle logic: "only for tasks that stop before RUNNING", growing to 27 minutes. The steps are not published.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
_FREE_RETRIES = 2
_FIRST_DELAY = 10.0
_LONGEST_DELAY = 27 * 60.0
# A task that reached RUNNING is restarted without throttle; this is only what keeps the machine usable.
_FLOOR_SECONDS = 1.0
_REPEAT_EVENT_SECONDS = 60.0
_SHOWN_STOPPED_SECONDS = 3600.0


def throttle_delay(failures: int) -> float:
    """Seconds until the next start after so many tasks in a row that never ran."""
    if failures <= _FREE_RETRIES:
        return _FLOOR_SECONDS
    return float(min(_FIRST_DELAY * 2 ** (failures - _FREE_RETRIES - 1), _LONGEST_DELAY))


def breaker_threshold(desired: int) -> int:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html"""
    return max(3, min(200, math.ceil(0.5 * desired)))


class ServiceScheduler:
    def __init__(self, backend: EcsBackend, scheduler: Scheduler, health: TargetHealth, speedup: float) -> None:
        self._backend = backend
        self._scheduler = scheduler
        self._health = health
        self._speedup = speedup

    def reconcile(self, region: str) -> bool:
        """One pass over all services; True while something is in motion."""
        busy = False
        for service in self._backend.services(region):
            if service.status in {"ACTIVE", "DRAINING"}:
                busy |= self._service(service)
        self._forget_old_tasks(region)
        return busy

    def _service(self, service: Service) -> bool:
        tasks = [
            task
            for task in self._backend.tasks(service.region, service.cluster_name)
            if task.service_name == service.name and task.started_by.startswith("ecs-svc/")
        ]
        self._learn_from_stopped(service, tasks)
        self._replace_unhealthy(service, tasks)
        self._scale(service, tasks)
        self._count(service, tasks)
        unfinished = [task for task in tasks if task.last_status != "STOPPED"]
        self._conclude(service, unfinished)
        return not service.steady or (service.running_count > 0 and bool(service.load_balancers))

    # -- what happened

    def _learn_from_stopped(self, service: Service, tasks: list[Task]) -> None:
        for task in tasks:
            if task.last_status != "STOPPED" or task.id in service.seen_stopped:
                continue
            service.seen_stopped.add(task.id)
            if task.stop_code not in {"TaskFailedToStart", "EssentialContainerExited"}:
                continue
            deployment = next((d for d in service.deployments if d.id == task.started_by), None)
            if task.reached_running:
                service.failures_in_row = 0
                service.start_after = time.monotonic() + _FLOOR_SECONDS
            else:
                self._failed(service)
            if deployment and deployment.rollout_state == "IN_PROGRESS":
                deployment.failed_tasks += 1
                self._judge(service, deployment)

    def _failed(self, service: Service) -> None:
        service.failures_in_row += 1
        delay = throttle_delay(service.failures_in_row)
        service.start_after = time.monotonic() + max(_FLOOR_SECONDS, delay / self._speedup)
        if service.failures_in_row == _FREE_RETRIES + 1:
            add_event(service, f"(service {service.name}) is unable to consistently start tasks successfully.")

    def _judge(self, service: Service, deployment: Deployment) -> None:
        """The deployment circuit breaker; it does not look at changes of the desired count."""
        breaker = service.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]
        enough = deployment.failed_tasks >= breaker_threshold(service.desired_count)
        if not breaker.get("enable") or not enough or deployment is not service.primary:
            return
        deployment.rollout_state = "FAILED"
        deployment.updated_at = now()
        start = f"(service {service.name}) (deployment {deployment.id})"
        add_event(service, f"{start} deployment failed: tasks failed to start.")
        previous = service.completed
        if breaker.get("rollback") and previous and previous is not deployment:
            add_event(service, f"(service {service.name}) rolling back to deployment {previous.id}.")
            # Its tasks may all be gone, and it with them.
            service.deployments = [one for one in service.deployments if one is not previous]
            deployment.status, previous.status = "ACTIVE", "PRIMARY"
            previous.rollout_state, previous.updated_at = "IN_PROGRESS", now()
            previous.desired_count = service.desired_count
            service.deployments.insert(0, previous)
            service.task_definition = previous.task_definition
            service.start_after, service.failures_in_row = 0.0, 0

    def _replace_unhealthy(self, service: Service, tasks: list[Task]) -> None:
        for task in tasks:
            if task.last_status != "RUNNING" or task.desired_status != "RUNNING":
                continue
            within_grace = task.started_at and (now() - task.started_at).total_seconds() < service.grace_seconds
            if task.health_status == "UNHEALTHY" and not within_grace:
                add_event(service, f"(service {service.name}) (task {task.id}) failed container health checks.")
                task.stop("ServiceSchedulerInitiated", "Task failed container health checks")
                continue
            for sick in [] if within_grace else self._health.unhealthy(task):
                add_event(
                    service,
                    f"(service {service.name}) (task {task.id}) (instance {task.ec2_instance_id}) (port {sick.port}) "
                    f"is unhealthy in (target-group {sick.target_group_arn}) due to (reason {sick.reason}).",
                )
                reason = f"Task failed ELB health checks in (target-group {sick.target_group_arn})"
                task.stop("ServiceSchedulerInitiated", reason)
                break

    # -- what to do

    def _scale(self, service: Service, tasks: list[Task]) -> None:
        wanted = [task for task in tasks if task.desired_status == "RUNNING"]
        draining = {
            instance.container_instance_arn
            for instance in self._backend.instances(service.region, service.cluster_name)
            if instance.status == "DRAINING"
        }
        current = [
            task
            for task in wanted
            if task.started_by == service.primary.id and task.container_instance_arn not in draining
        ]
        outdated = [task for task in wanted if task not in current]
        self._start(service, current, outdated)
        self._stop_surplus(service, current)
        self._stop_outdated(service, current, outdated)

    def _start(self, service: Service, current: list[Task], outdated: list[Task]) -> None:
        failed = service.primary.rollout_state == "FAILED"
        if service.status != "ACTIVE" or failed or time.monotonic() < service.start_after:
            return
        most = max(math.floor(service.desired_count * service.percents[1] / 100), 0)
        missing = min(service.desired_count - len(current), most - len(current) - len(outdated))
        started = []
        for _ in range(missing):
            task, refusals = self._place(service)
            if task is None:
                self._say_unable(service, refusals)
                break
            started.append(task)
        if started:
            current += started
            service.steady, service.last_refusal = False, None
            names = " ".join(f"(task {task.id})" for task in started)
            add_event(service, f"(service {service.name}) has started {len(started)} tasks: {names}.")

    def _place(self, service: Service) -> tuple[Task | None, dict[str, str]]:
        definition = service.primary.definition
        tags = {"SERVICE": service.tags, "TASK_DEFINITION": definition.get("tags") or []}
        return self._scheduler.place(
            service.region,
            self._backend.cluster(service.region, service.cluster_name),
            service.primary.task_definition,
            definition,
            group=f"service:{service.name}",
            started_by=service.primary.id,
            constraints=service.settings["placementConstraints"],
            tags=tags.get(service.settings["propagateTags"], []),
            load_balancers=service.load_balancers,
            enable_execute_command=service.settings["enableExecuteCommand"],
        )

    def _say_unable(self, service: Service, refusals: dict[str, str]) -> None:
        message = unable_to_place(service.name, refusals)
        last = service.last_refusal
        service.steady = False
        if last and last[0] == message and time.monotonic() - last[1] < _REPEAT_EVENT_SECONDS:
            return
        service.last_refusal = (message, time.monotonic())
        add_event(service, message)

    def _stop_surplus(self, service: Service, current: list[Task]) -> None:
        surplus = len(current) - service.desired_count
        # Those which do not serve yet go first, then the youngest.
        order = sorted(current, key=lambda task: (task.last_status == "RUNNING", -task.created_at.timestamp()))
        self._stop(service, order[: max(surplus, 0)], service.primary.id)

    def _stop_outdated(self, service: Service, current: list[Task], outdated: list[Task]) -> None:
        """Tasks of older deployments and of draining instances, as far as enough healthy ones stay."""
        least = math.ceil(service.desired_count * service.percents[0] / 100)
        healthy = [task for task in [*current, *outdated] if self._is_healthy(task)]
        may_stop = max(len(healthy) - least, 0)
        stopping = []
        for task in sorted(outdated, key=lambda task: task in healthy):
            if task not in healthy:
                stopping.append(task)
            elif may_stop > 0:
                may_stop -= 1
                stopping.append(task)
        self._stop(service, stopping, None)

    def _is_healthy(self, task: Task) -> bool:
        if task.last_status != "RUNNING" or task.desired_status != "RUNNING":
            return False
        return (not task.checks_health or task.health_status == "HEALTHY") and self._health.all_healthy(task)

    def _stop(self, service: Service, tasks: list[Task], deployment: str | None) -> None:
        for task in tasks:
            cause = deployment or task.started_by
            task.stop("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {cause})")
        if tasks:
            service.steady = False
            names = " ".join(f"(task {task.id})" for task in tasks)
            add_event(service, f"(service {service.name}) has stopped {len(tasks)} running tasks: {names}.")

    # -- what to say

    def _count(self, service: Service, tasks: list[Task]) -> None:
        for deployment in service.deployments:
            own = [task for task in tasks if task.started_by == deployment.id]
            # As documented: tasks in the status RUNNING, so one whose connections drain no longer counts.
            deployment.running_count = sum(task.last_status == "RUNNING" for task in own)
            starting = [task for task in own if task.last_status in NOT_YET_RUNNING]
            deployment.pending_count = sum(task.desired_status == "RUNNING" for task in starting)
            if deployment is not service.primary:
                deployment.desired_count = sum(task.desired_status == "RUNNING" for task in own)
        service.running_count = sum(deployment.running_count for deployment in service.deployments)
        service.pending_count = sum(deployment.pending_count for deployment in service.deployments)

    def _conclude(self, service: Service, unfinished: list[Task]) -> None:
        alive = {task.started_by for task in unfinished}
        service.deployments = [d for d in service.deployments if d is service.primary or d.id in alive]
        if service.status == "DRAINING":
            if not unfinished:
                service.status = "INACTIVE"
            return
        running = [task for task in unfinished if task.last_status == "RUNNING" and task.desired_status == "RUNNING"]
        settled = len(running) == len(unfinished) == service.desired_count and len(service.deployments) == 1
        if not settled:
            service.steady = False
            return
        primary = service.primary
        if primary.rollout_state == "IN_PROGRESS" and all(self._is_healthy(task) for task in running):
            primary.rollout_state, primary.updated_at = "COMPLETED", now()
            service.completed = primary
            start = f"(service {service.name}) (deployment {primary.id})"
            add_event(service, f"{start} deployment completed.")
        if not service.steady and primary.rollout_state == "COMPLETED":
            service.steady = True
            if running:
                service.failures_in_row = 0
            add_event(service, f"(service {service.name}) has reached a steady state.")

    def _forget_old_tasks(self, region: str) -> None:
        """Stopped tasks stay visible for an hour: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
        for task in self._backend.tasks(region):
            if task.stopped_at and (now() - task.stopped_at).total_seconds() > _SHOWN_STOPPED_SECONDS:
                self._backend.drop_task(task)
                for service in self._backend.services(region):
                    service.seen_stopped.discard(task.id)
