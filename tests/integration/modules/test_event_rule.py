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
