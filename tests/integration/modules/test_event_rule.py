from __future__ import annotations

import typing as t

import pytest

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:reaper"
OPTIONS = {
    "name": "reaper",
    "expression": "rate(1 minute)",
    "targets": [{"id": "reaper", "arn": ARN}],
    "tags": {"owner": "us"},
}


@pytest.fixture
def rule(run_module: t.Any) -> t.Any:
    return run_module("event_rule")


@pytest.fixture
def events(lab: t.Any) -> t.Any:
    return lab.client("events")


def targets(events: t.Any) -> dict[str, str]:
    return {each["Id"]: each["Arn"] for each in events.list_targets_by_rule(Rule="reaper")["Targets"]}


def test_create_and_create_again(rule: t.Any, events: t.Any) -> None:
    assert rule.predicted(**OPTIONS).changed
    found = events.describe_rule(Name="reaper")
    assert (found["ScheduleExpression"], found["State"]) == ("rate(1 minute)", "ENABLED")
    assert targets(events) == {"reaper": ARN}
    assert events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"] == [{"Key": "owner", "Value": "us"}]
    rule.settled(**OPTIONS)


def test_check_mode_creates_nothing(rule: t.Any, events: t.Any) -> None:
    assert rule.ok(check=True, **OPTIONS).changed
    assert events.list_rules()["Rules"] == []


def test_one_option_changes_and_the_others_stay(rule: t.Any, events: t.Any) -> None:
    rule.ok(**OPTIONS, description="as it was")
    assert rule.predicted(name="reaper", enabled=False).changed
    found = events.describe_rule(Name="reaper")
    assert (found["State"], found["Description"]) == ("DISABLED", "as it was")
    assert targets(events) == {"reaper": ARN}
    rule.settled(name="reaper")


def test_targets_of_others_stay_unless_purged(rule: t.Any, events: t.Any) -> None:
    rule.ok(**OPTIONS)
    events.put_targets(Rule="reaper", Targets=[{"Id": "other", "Arn": ARN + "-two"}])
    rule.settled(**OPTIONS)
    assert rule.predicted(**OPTIONS, purge_targets=True).changed
    assert targets(events) == {"reaper": ARN}
    assert rule.predicted(name="reaper", tags={"ours": "1"}, purge_tags=True)["rule"]["tags"] == {"ours": "1"}


def test_bad_input_stops_before_any_call(rule: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "no rate" in rule.refused(**{**OPTIONS, "expression": "rate(1 minutes)"})
    assert "EventBridge Scheduler" in rule.refused(**{**OPTIONS, "expression": "at(2030-01-01T00:00:00)"})
    assert faults.calls() == []
    assert "expression is needed" in rule.refused(name="reaper")


def test_a_denial_names_the_missing_action(rule: t.Any, faults: t.Any) -> None:
    faults.add("events", "PutTargets", "AccessDeniedException", message="not today")
    assert "events:PutTargets" in rule.refused(**OPTIONS)
    # The rule is there without its target; the next run gives it one.
    assert rule.ok(**OPTIONS).changed
    rule.settled(**OPTIONS)


def test_throttling_is_ridden_out(rule: t.Any, faults: t.Any) -> None:
    faults.add("events", "PutRule", "ThrottlingException", times=2)
    assert rule.ok(**OPTIONS).changed


def test_delete_only_ones_own_and_delete_again(rule: t.Any, events: t.Any) -> None:
    rule.ok(**OPTIONS)
    rule.settled(name="reaper", state="absent", tags={"owner": "them"})
    assert rule.predicted(name="reaper", state="absent", tags={"owner": "us"}).changed
    assert events.list_rules()["Rules"] == []
    rule.settled(name="reaper", state="absent")


def test_what_is_not_managed_survives_a_change(rule: t.Any, events: t.Any) -> None:
    events.put_rule(
        Name="reaper",
        ScheduleExpression="rate(1 minute)",
        EventPattern='{"source": ["ours"]}',
        RoleArn="arn:aws:iam::123456789012:role/reaper",
        State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    )
    before = events.describe_rule(Name="reaper")
    outcome = rule.predicted(name="reaper", expression="rate(2 minutes)", description="reaps", enabled=True)
    assert outcome["diff"]["before"]["expression"] != outcome["diff"]["after"]["expression"]
    after = events.describe_rule(Name="reaper")
    for key in ("EventPattern", "RoleArn", "State"):
        assert after[key] == before[key]
    assert (after["ScheduleExpression"], after["Description"]) == ("rate(2 minutes)", "reaps")
    rule.settled(name="reaper", enabled=True)


def test_a_rule_without_a_schedule_keeps_its_pattern(rule: t.Any, events: t.Any) -> None:
    events.put_rule(Name="reaper", EventPattern='{"source": ["ours"]}')
    before = events.describe_rule(Name="reaper")
    assert rule.predicted(name="reaper", description="reaps").changed
    after = events.describe_rule(Name="reaper")
    assert "ScheduleExpression" not in after
    assert (after["EventPattern"], after["Description"]) == (before["EventPattern"], "reaps")


def test_a_target_keeps_what_it_has_where_its_arn_changes(rule: t.Any, events: t.Any) -> None:
    rule.ok(**OPTIONS)
    queue = "arn:aws:sqs:eu-central-1:123456789012:told"
    dead = {"Arn": "arn:aws:sqs:eu-central-1:123456789012:dead"}
    fitting = {"Input": '"now"', "DeadLetterConfig": dead, "RetryPolicy": {"MaximumRetryAttempts": 3}}
    target = {"Id": "reaper", "Arn": queue, **fitting, "SqsParameters": {"MessageGroupId": "one"}}
    events.put_targets(Rule="reaper", Targets=[target])
    assert rule.predicted(name="reaper", targets=[{"id": "reaper", "arn": f"{queue}-too"}]).changed
    assert events.list_targets_by_rule(Rule="reaper")["Targets"] == [{**target, "Arn": f"{queue}-too"}]
    # No function takes the parameters of a queue.
    assert rule.predicted(**OPTIONS).changed
    assert events.list_targets_by_rule(Rule="reaper")["Targets"] == [{"Id": "reaper", "Arn": ARN, **fitting}]
    rule.settled(**OPTIONS)
