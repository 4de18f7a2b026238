from __future__ import annotations

import typing as t

import boto3
import botocore.waiter
import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError
from ansible_collections.central.llm.plugins.module_utils._ecs import waiters
from botocore.stub import Stubber


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[t.Any, Stubber]]:
    monkeypatch.setattr(botocore.waiter.time, "sleep", lambda seconds: None)
    client = boto3.client("ecs", region_name="eu-central-1", aws_access_key_id="lab", aws_secret_access_key="lab")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


# What UpdateService answered.
WANTED = {
    "serviceName": "engine",
    "taskDefinition": "engine:2",
    "deployments": [{"id": "new", "status": "PRIMARY"}, {"id": "old", "status": "ACTIVE"}],
}


def answer(
    running: int, *rollout_states: str, desired: int = 1, status: str = "ACTIVE", revision: int = 2
) -> dict[str, t.Any]:
    deployments = [
        {
            "id": ("new", "old")[number] if revision == 2 else ("old", "new")[number],
            "status": "ACTIVE" if number else "PRIMARY",
            "rolloutState": state,
            "rolloutStateReason": f"reason of {state}",
        }
        for number, state in enumerate(rollout_states)
    ]
    service = {
        "serviceName": "engine",
        "status": status,
        "taskDefinition": f"engine:{revision}",
        "desiredCount": desired,
        "runningCount": running,
        "pendingCount": 0,
        "deployments": deployments,
        "events": [{"message": "unable to place a task"}],
    }
    return {"services": [service], "failures": []}


def test_stable_is_all_tasks_of_one_deployment(ecs: tuple[t.Any, Stubber]) -> None:
    client, stubber = ecs
    # What an earlier run began, and what failed then, is no matter of this one.
    under_way = (answer(0, "IN_PROGRESS"), answer(1, "IN_PROGRESS", "COMPLETED"), answer(1, "IN_PROGRESS", "FAILED"))
    for waiting in (*under_way, answer(1, "COMPLETED"), answer(1, "COMPLETED")):
        stubber.add_response("describe_services", waiting)
    assert waiters.wait_until_stable(client, "cluster", "engine", 60, WANTED)["taskDefinition"] == "engine:2"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([answer(0, "IN_PROGRESS", "FAILED", revision=1)], "reason of FAILED"),
        # Its last task was gone before anybody looked.
        ([answer(1, "COMPLETED", revision=1)] * 2, "runs engine:1, and was asked to run engine:2: unable to place"),
    ],
)
def test_a_deployment_that_was_rolled_back_failed(
    ecs: tuple[t.Any, Stubber], seen: list[dict[str, t.Any]], said: str
) -> None:
    client, stubber = ecs
    for each in seen:
        stubber.add_response("describe_services", each)
    stubber.add_response("list_tasks", {"taskArns": []})
    with pytest.raises(AwsCallError, match=said):
        waiters.wait_until_stable(client, "cluster", "engine", 60, WANTED)


def test_a_failed_deployment_says_what_stopped_its_tasks(ecs: tuple[t.Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(0, "FAILED"))
    stubber.add_response("list_tasks", {"taskArns": ["a"]})
    stopped = {"taskArn": "arn:task/0cf5", "stoppedReason": "CannotPullContainerError"}
    stubber.add_response("describe_tasks", {"tasks": [stopped], "failures": []})
    with pytest.raises(AwsCallError) as error:
        waiters.wait_until_stable(client, "cluster", "engine", 60, WANTED)
    assert "reason of FAILED, unable to place a task" in error.value.message
    assert "0cf5: CannotPullContainerError" in error.value.message


def test_a_denied_explanation_does_not_hide_the_failure(ecs: tuple[t.Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(0, "FAILED"))
    stubber.add_client_error("list_tasks", "AccessDeniedException")
    with pytest.raises(AwsCallError, match="unable to place a task"):
        waiters.wait_until_stable(client, "cluster", "engine", 60, WANTED)


@pytest.mark.parametrize("status", ["DRAINING", "INACTIVE"])
def test_a_service_that_goes_never_becomes_stable(ecs: tuple[t.Any, Stubber], status: str) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(1, "COMPLETED", status=status))
    stubber.add_response("list_tasks", {"taskArns": []})
    with pytest.raises(AwsCallError):
        waiters.wait_until_stable(client, "cluster", "engine", 60, WANTED)


def test_idle_is_without_tasks(ecs: tuple[t.Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(1, "COMPLETED", desired=0))
    stubber.add_response("describe_services", answer(0, "COMPLETED", desired=0))
    waiters.wait_until_idle(client, "cluster", "engine", 60)


def test_somebody_who_scales_up_meanwhile_is_no_reason_to_wait_on(ecs: tuple[t.Any, Stubber]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(1, "COMPLETED", desired=2))
    with pytest.raises(AwsCallError):
        waiters.wait_until_idle(client, "cluster", "engine", 60)


@pytest.mark.parametrize(
    "gone", [answer(0, status="INACTIVE"), {"services": [], "failures": [{"arn": "a", "reason": "MISSING"}]}]
)
def test_inactive_or_forgotten_is_gone(ecs: tuple[t.Any, Stubber], gone: dict[str, t.Any]) -> None:
    client, stubber = ecs
    stubber.add_response("describe_services", answer(0, status="DRAINING"))
    stubber.add_response("describe_services", gone)
    waiters.wait_until_inactive(client, "cluster", "engine", 60)
