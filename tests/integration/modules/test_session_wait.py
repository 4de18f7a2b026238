"""One look at a session; how looks are repeated is tried with the action, tests/unit/plugins/action."""

from __future__ import annotations

import typing as t

import pytest

NAMES = {
    "cluster": "central-llm-service-cluster",
    "service": "central-llm-service",
    "target_group": "central-llm-nlb-tg",
    "instance_tags": {"central-llm:stack": "central-llm"},
}
TAGS = [{"Key": "central-llm:stack", "Value": "central-llm"}]


@pytest.fixture
def look(run_module: t.Any) -> t.Any:
    return run_module("session_wait")


def launch(lab: t.Any) -> str:
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    tagged = [{"ResourceType": "instance", "Tags": TAGS}]
    made = ec2.run_instances(
        ImageId=image, InstanceType="g6e.2xlarge", MinCount=1, MaxCount=1, TagSpecifications=tagged
    )
    host = str(made["Instances"][0]["InstanceId"])
    ec2.get_waiter("instance_running").wait(InstanceIds=[host])
    return host


def test_no_host(look: t.Any, faults: t.Any) -> None:
    outcome = look.ok(**NAMES, count=2)
    assert not outcome.changed and not outcome["reached"] and outcome["hopeless"] == ""
    (phase,) = outcome["phases"]
    assert phase == {"name": "instances", "reached": False, "at": None, "progress": "0 of 2 hosts run"}
    # Nothing that needs a host is asked for.
    assert faults.calls() == ["DescribeInstances"]
    assert look.ok(check=True, **NAMES)["phases"][0]["name"] == "instances"


def test_a_host_without_a_cluster(look: t.Any, lab: t.Any) -> None:
    launch(lab)
    outcome = look.ok(**NAMES)
    assert [(each["name"], each["reached"]) for each in outcome["phases"]] == [("instances", True), ("agents", False)]


def test_a_host_that_ended_by_itself(look: t.Any, lab: t.Any) -> None:
    host = launch(lab)
    lab.client("ec2").terminate_instances(InstanceIds=[host])
    assert f"A host ended by itself. {host}" in look.ok(**NAMES)["hopeless"]
    # In another session, that is.
    assert look.ok(**NAMES, since="2999-01-01T00:00:00")["hopeless"] == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limits": {"launch": 60}}, "no phase is called launch"),
        ({"expected": {"boot": 60}}, "no phase is called boot"),
        ({"count": 0}, "count is 0"),
        ({"crash_budget": 0}, "crash_budget is 0"),
        ({"since": "yesterday"}, "no time in ISO 8601"),
        ({"instance_tags": {}}, "instance_tags is empty"),
    ],
)
def test_bad_input(look: t.Any, faults: t.Any, options: dict[str, t.Any], message: str) -> None:
    assert message in look.refused(**{**NAMES, **options})
    assert faults.calls() == []


def test_denied_and_throttled(look: t.Any, lab: t.Any, faults: t.Any) -> None:
    launch(lab)
    faults.add("ecs", "ListTasks", "AccessDeniedException")
    outcome = look(**NAMES)
    assert outcome["error_code"] == "AccessDeniedException" and "ecs:ListTasks" in outcome["msg"]
    faults.add("ecs", "ListTasks", "ThrottlingException", times=2)
    assert look.ok(**NAMES)["phases"][-1]["name"] == "agents"
