from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
END = "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances"


@pytest.fixture
def schedule(run_module: t.Any) -> t.Any:
    return run_module("schedule")


@pytest.fixture
def scheduler(lab: t.Any) -> t.Any:
    return lab.client("scheduler")


@pytest.fixture
def options(lab: t.Any) -> dict[str, t.Any]:
    role = lab.client("iam").create_role(RoleName="lease", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    return {
        "name": "lease",
        "expression": "at(2030-01-01T22:00:00)",
        "target_arn": END,
        "role_arn": role,
        "input": {"InstanceIds": ["i-1"]},
        "action_after_completion": "DELETE",
    }


def read_back(scheduler: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", scheduler.get_schedule(Name="lease"))


def test_create_and_create_again(schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]) -> None:
    assert schedule.predicted(**options).changed
    found = read_back(scheduler)
    assert found["ScheduleExpression"] == "at(2030-01-01T22:00:00)"
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert json.loads(found["Target"]["Input"]) == {"InstanceIds": ["i-1"]}
    schedule.settled(**options)


def test_check_mode_creates_nothing(schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]) -> None:
    assert schedule.ok(check=True, **options).changed
    assert scheduler.list_schedules()["Schedules"] == []


def test_one_option_changes_and_the_others_stay(schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]) -> None:
    schedule.ok(**options, description="as it was", maximum_retry_attempts=3)
    outcome = schedule.predicted(name="lease", expression="at(2030-01-02T22:00:00)")
    assert outcome["diff"]["before"]["expression"] != outcome["diff"]["after"]["expression"]
    found = read_back(scheduler)
    assert found["ScheduleExpression"] == "at(2030-01-02T22:00:00)"
    assert (found["Description"], found["ActionAfterCompletion"]) == ("as it was", "DELETE")
    assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 3
    schedule.settled(name="lease")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"expression": "at(2030-02-30T22:00:00)"}, "no moment"),
        ({"expression": "rate(1 minutes)"}, "no rate"),
        ({"maximum_retry_attempts": 186}, "between 0 and 185"),
        ({"flexible_window": -1}, "between 0 and 1440"),
    ],
)
def test_bad_input_stops_before_any_call(
    schedule: t.Any, faults: t.Any, options: dict[str, t.Any], bad: dict[str, t.Any], said: str
) -> None:
    faults.forget_calls()
    assert said in schedule.refused(**{**options, **bad})
    assert faults.calls() == []


def test_what_is_needed_is_named(schedule: t.Any) -> None:
    assert "target_arn, role_arn" in schedule.refused(name="lease", expression="rate(5 minutes)")


def test_a_role_that_is_not_known_yet_is_waited_for(
    schedule: t.Any, faults: t.Any, options: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.central.llm.plugins.module_utils import _patience

    monkeypatch.setattr(_patience, "_DELAY", 0.01)
    schedule.ok(**options)
    words = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    faults.add("scheduler", "UpdateSchedule", "ValidationException", message=words, times=3)
    assert schedule.ok(**{**options, "description": "new"}).changed
    assert faults.calls().count("UpdateSchedule") == 4


def test_a_denial_names_the_missing_action(schedule: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("scheduler", "CreateSchedule", "AccessDeniedException", status=403, message="not today")
    assert "scheduler:CreateSchedule" in schedule.refused(**options)
    schedule.ok(**options)


def test_throttling_and_lost_answers_are_ridden_out(schedule: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("scheduler", "CreateSchedule", "ThrottlingException", status=429, times=2)
    faults.lose("scheduler", "CreateSchedule")
    assert schedule.ok(**options).changed
    schedule.settled(**options)


def test_delete_and_delete_again(schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]) -> None:
    schedule.ok(**options)
    assert schedule.predicted(name="lease", state="absent").changed
    assert scheduler.list_schedules()["Schedules"] == []
    schedule.settled(name="lease", state="absent")


def test_what_is_not_managed_survives_a_change(schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]) -> None:
    queue = "arn:aws:sqs:eu-central-1:123456789012:told"
    scheduler.create_schedule(
        Name="lease",
        ScheduleExpression="rate(1 hour)",
        StartDate=datetime(2100, 1, 1, tzinfo=UTC),
        EndDate=datetime(2101, 1, 1, tzinfo=UTC),
        KmsKeyArn="arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": queue,
            "RoleArn": options["role_arn"],
            "Input": "no JSON",
            "SqsParameters": {"MessageGroupId": "one"},
        },
    )
    before = read_back(scheduler)
    assert schedule.predicted(name="lease", expression="rate(2 hours)", maximum_retry_attempts=3).changed
    after = read_back(scheduler)
    assert (after["ScheduleExpression"], after["Target"]["RetryPolicy"]["MaximumRetryAttempts"]) == ("rate(2 hours)", 3)
    assert {key: after[key] for key in ("StartDate", "EndDate", "KmsKeyArn")} == {
        key: before[key] for key in ("StartDate", "EndDate", "KmsKeyArn")
    }
    assert (after["Target"]["Input"], after["Target"]["SqsParameters"]) == ("no JSON", {"MessageGroupId": "one"})
    # Another queue has them, too, and no other kind of target may.
    assert schedule.predicted(name="lease", target_arn=f"{queue}-too").changed
    assert read_back(scheduler)["Target"]["SqsParameters"] == {"MessageGroupId": "one"}
    assert schedule.predicted(name="lease", target_arn=END, input={"InstanceIds": ["i-1"]}).changed
    assert "SqsParameters" not in read_back(scheduler)["Target"]
    assert read_back(scheduler)["EndDate"] == before["EndDate"]


def test_a_start_that_has_passed_is_not_given_back(
    schedule: t.Any, scheduler: t.Any, options: dict[str, t.Any]
) -> None:
    scheduler.create_schedule(
        Name="lease",
        ScheduleExpression="rate(1 hour)",
        StartDate=datetime.now(UTC) - timedelta(minutes=1),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": END, "RoleArn": options["role_arn"], "Input": '{"InstanceIds": ["i-1"]}'},
    )
    assert schedule.predicted(name="lease", description="started").changed
    assert "StartDate" not in read_back(scheduler)
    schedule.settled(name="lease", description="started")
