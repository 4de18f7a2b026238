from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._ecs.phases import (
    PHASES,
    Seen,
    Wanted,
    hopeless,
    judge,
)
from hypothesis import given
from hypothesis import strategies as st

BEGAN = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.UTC)
ONE = Wanted(1, 1, 2, BEGAN)


def later(seconds: int) -> datetime.datetime:
    return BEGAN + datetime.timedelta(seconds=seconds)


def instance(state: str = "running", **more: t.Any) -> dict[str, t.Any]:
    return {"InstanceId": "i-1", "State": {"Name": state}, "LaunchTime": later(1), **more}


def agent(gpus: int = 1, **more: t.Any) -> dict[str, t.Any]:
    resources = [{"name": "GPU", "stringSetValue": [f"GPU-{number}" for number in range(gpus)]}]
    known = {"agentConnected": True, "status": "ACTIVE", "ec2InstanceId": "i-1", "registeredAt": later(60)}
    return {**known, "registeredResources": resources, **more}


def task(status: str = "RUNNING", **more: t.Any) -> dict[str, t.Any]:
    known = {"taskArn": "arn:task", "lastStatus": status, "desiredStatus": "RUNNING", "createdAt": later(2)}
    return {**known, **more}


def stopped(code: str = "EssentialContainerExited", **more: t.Any) -> dict[str, t.Any]:
    return task("STOPPED", desiredStatus="STOPPED", stopCode=code, **more)


def target(state: str = "healthy", description: str = "", host: str = "i-1") -> dict[str, t.Any]:
    return {"Target": {"Id": host, "Port": 8000}, "TargetHealth": {"State": state, "Description": description}}


UP = Seen(
    [instance()],
    [agent()],
    [task(pullStoppedAt=later(200), startedAt=later(210), healthStatus="HEALTHY")],
    [],
    [target()],
)


def phase_of(seen: Seen, wanted: Wanted = ONE) -> str:
    last = judge(seen, wanted)[-1]
    return "up" if last.reached else last.name


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"instances": []}, "instances"),
        ({"instances": [instance("pending")]}, "instances"),
        ({"container_instances": []}, "agents"),
        ({"container_instances": [agent(agentConnected=False)]}, "agents"),
        ({"container_instances": [agent(status="DRAINING")]}, "agents"),
        ({"container_instances": [agent(0)]}, "agents"),
        ({"tasks": []}, "image"),
        ({"tasks": [task("PENDING")]}, "image"),
        ({"tasks": [task("PENDING", pullStoppedAt=later(3))]}, "tasks"),
        ({"tasks": [task("PENDING"), stopped()]}, "image"),
        ({"tasks": [task()], "targets": []}, "engine"),
        ({"targets": [target("unhealthy")]}, "targets"),
        # A host that is not the session's answers, and the session's is still loading.
        ({"tasks": [task()], "targets": [target(host="i-old"), target("initial")]}, "engine"),
        ({"targets": [target(host="i-old"), target("initial")]}, "targets"),
        # The balancer takes a while to notice that a host ended.
        (
            {
                "instances": [instance(), instance("terminated", InstanceId="i-old")],
                "tasks": [task()],
                "targets": [target(host="i-old")],
            },
            "engine",
        ),
        # The balancer's check says as much as the container's own.
        ({"tasks": [task(healthStatus="UNKNOWN")]}, "up"),
        ({}, "up"),
    ],
)
def test_the_phase_that_it_is_in(changes: dict[str, t.Any], phase: str) -> None:
    assert phase_of(UP._replace(**changes)) == phase


def test_what_aws_noted_counts() -> None:
    assert [each.at for each in judge(UP, ONE)] == [None, later(60), later(200), later(210), None, None]


COUNTS = st.integers(min_value=0, max_value=3)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(min_value=1, max_value=3))
def test_a_phase_needs_as_many_as_are_wanted_and_all_before_it(
    instances: int, agents: int, tasks: int, targets: int, count: int
) -> None:
    seen = Seen([instance()] * instances, [agent()] * agents, [task()] * tasks, [], [target()] * targets)
    found = judge(seen, ONE._replace(engines=count))
    assert [each.name for each in found] == list(PHASES[: len(found)])
    assert all(each.reached for each in found[:-1])
    assert found[-1].reached == (min(instances, agents, tasks, targets) >= count)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"instances": [instance("terminated", StateReason={"Message": "Server.SpotInstanceTermination"})]},
            "ended by itself. i-1: Server.SpotInstanceTermination",
        ),
        ({"container_instances": [agent(0)]}, "i-1 0"),
        (
            {"tasks": [stopped(stoppedReason="Essential container in task exited")] * 2},
            "2 crashes of the engine's task",
        ),
        (
            {
                "tasks": [
                    stopped("TaskFailedToStart", stoppedReason="CannotPullContainerError: x:1: not found"),
                ]
            },
            "The engine's image cannot be had. CannotPullContainerError: x:1: not found",
        ),
    ],
    ids=["host", "gpu", "crashes", "image"],
)
def test_where_no_patience_helps(changes: dict[str, t.Any], reason: str) -> None:
    assert reason in hopeless(UP._replace(**changes), ONE)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tasks": [stopped()]},
        # Of an earlier session, or told to stop.
        {"tasks": [stopped(createdAt=later(-5))] * 3},
        {"tasks": [stopped("ServiceSchedulerInitiated")] * 3},
        {"instances": [instance(), instance("terminated")]},
        {"instances": [instance("terminated", LaunchTime=later(-5))]},
        {"tasks": [stopped("TaskFailedToStart", stoppedReason="CannotPullContainerError: i/o timeout")]},
    ],
)
def test_where_it_may_help(changes: dict[str, t.Any]) -> None:
    assert hopeless(UP._replace(**changes), ONE) == ""


def test_what_others_answer_is_not_shown() -> None:
    targets = [target("unhealthy", "of another", host="i-old"), target("initial", "Initial health checks in progress")]
    progress = judge(UP._replace(targets=targets), ONE)[-1].progress
    assert progress == "0 of 1 targets are healthy; Initial health checks in progress"


def test_what_keeps_a_task_from_its_place_is_shown() -> None:
    event = {"createdAt": later(5), "message": "(service x) was unable to place a task because no container instance"}
    seen = UP._replace(tasks=[], events=[event, {**event, "createdAt": later(3), "message": "older"}])
    assert "unable to place a task" in judge(seen, ONE)[-1].progress
    assert "unable" not in judge(seen._replace(events=[{**event, "createdAt": later(-3)}]), ONE)[-1].progress
