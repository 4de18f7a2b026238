from __future__ import annotations

import typing as t

import pytest

OPTIONS = {
    "name": "dead-letters",
    "namespace": "AWS/SQS",
    "metric": "ApproximateNumberOfMessagesVisible",
    "dimensions": {"QueueName": "dead-letters"},
    "statistic": "Maximum",
    "threshold": 0,
    "comparison": "GreaterThanThreshold",
    "missing_data": "notBreaching",
    "tags": {"owner": "us"},
}
FOREIGN = {
    "OKActions": ["arn:aws:sns:eu-central-1:123456789012:well"],
    "InsufficientDataActions": ["arn:aws:sns:eu-central-1:123456789012:unknown"],
    "ActionsEnabled": False,
    "DatapointsToAlarm": 2,
    "Unit": "Count",
    "EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC"}},
    "WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5},
    "ActionConfiguration": {"AlarmTagsPropagation": {"Enabled": True}},
}


@pytest.fixture
def alarm(run_module: t.Any) -> t.Any:
    return run_module("metric_alarm")


@pytest.fixture
def cloudwatch(lab: t.Any) -> t.Any:
    return lab.client("cloudwatch")


def read_back(cloudwatch: t.Any) -> dict[str, t.Any] | None:
    found = cloudwatch.describe_alarms(AlarmNames=["dead-letters"])["MetricAlarms"]
    return found[0] if found else None


def put_by_somebody(cloudwatch: t.Any, **members: t.Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="dead-letters",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead-letters"}],
        Period=60,
        EvaluationPeriods=3,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        **members,
    )


def changed_members(before: dict[str, t.Any] | None, after: dict[str, t.Any] | None) -> set[str]:
    assert before and after
    return {key for key in {*before, *after} if before.get(key) != after.get(key)} - {
        "AlarmConfigurationUpdatedTimestamp"
    }


def test_create_and_create_again(alarm: t.Any, cloudwatch: t.Any) -> None:
    assert alarm.predicted(**OPTIONS).changed
    found = read_back(cloudwatch)
    assert found and found["Dimensions"] == [{"Name": "QueueName", "Value": "dead-letters"}]
    assert (found["Threshold"], found["TreatMissingData"]) == (0.0, "notBreaching")
    alarm.settled(**OPTIONS)


def test_check_mode_creates_nothing(alarm: t.Any, cloudwatch: t.Any) -> None:
    assert alarm.ok(check=True, **OPTIONS).changed
    assert read_back(cloudwatch) is None


def test_one_option_changes_and_the_others_stay(alarm: t.Any, cloudwatch: t.Any) -> None:
    alarm.ok(**OPTIONS, description="as it was")
    topic = "arn:aws:sns:eu-central-1:123456789012:told"
    assert alarm.predicted(name="dead-letters", alarm_actions=[topic]).changed
    found = read_back(cloudwatch)
    assert found and (found["AlarmActions"], found["AlarmDescription"]) == ([topic], "as it was")
    assert found["Statistic"] == "Maximum"
    assert alarm.settled(name="dead-letters")["alarm"]["tags"] == {"owner": "us"}


def test_tags_of_others_stay_unless_purged(alarm: t.Any) -> None:
    alarm.ok(**OPTIONS)
    assert alarm.predicted(name="dead-letters", tags={"ours": "1"})["alarm"]["tags"] == {"owner": "us", "ours": "1"}
    assert alarm.predicted(name="dead-letters", tags={"ours": "1"}, purge_tags=True)["alarm"]["tags"] == {"ours": "1"}


def test_bad_input_stops_before_any_call(alarm: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "multiples of 60" in alarm.refused(**OPTIONS, period=61)
    assert "at least one period" in alarm.refused(**OPTIONS, evaluation_periods=0)
    assert faults.calls() == []
    assert "namespace, metric" in alarm.refused(name="dead-letters")


def test_a_denial_names_the_missing_action(alarm: t.Any, faults: t.Any) -> None:
    faults.add("cloudwatch", "PutMetricAlarm", "AccessDenied", status=403, message="not today")
    assert "cloudwatch:PutMetricAlarm" in alarm.refused(**OPTIONS)


def test_throttling_is_ridden_out(alarm: t.Any, faults: t.Any) -> None:
    faults.add("cloudwatch", "PutMetricAlarm", "Throttling", times=2)
    assert alarm.ok(**OPTIONS).changed


def test_delete_only_ones_own_and_delete_again(alarm: t.Any, cloudwatch: t.Any) -> None:
    alarm.ok(**OPTIONS)
    alarm.settled(name="dead-letters", state="absent", tags={"owner": "them"})
    assert alarm.predicted(name="dead-letters", state="absent", tags={"owner": "us"}).changed
    assert read_back(cloudwatch) is None
    alarm.settled(name="dead-letters", state="absent")


def test_what_is_not_managed_survives_a_change(alarm: t.Any, cloudwatch: t.Any) -> None:
    put_by_somebody(cloudwatch, Statistic="Maximum", **FOREIGN)
    before = read_back(cloudwatch)
    assert before and FOREIGN.items() <= before.items()
    assert alarm.predicted(name="dead-letters", threshold=5).changed
    assert changed_members(before, read_back(cloudwatch)) == {"Threshold"}
    # Fewer periods cannot have more of them.
    assert alarm.predicted(name="dead-letters", evaluation_periods=1).changed
    assert changed_members(before, read_back(cloudwatch)) == {"Threshold", "EvaluationPeriods", "DatapointsToAlarm"}
    alarm.settled(name="dead-letters")


def test_an_extended_statistic_stays_until_another_takes_its_place(alarm: t.Any, cloudwatch: t.Any) -> None:
    put_by_somebody(cloudwatch, ExtendedStatistic="p99", EvaluateLowSampleCountPercentile="ignore")
    before = read_back(cloudwatch)
    assert alarm.predicted(name="dead-letters", description="slow")["alarm"]["statistic"] == "p99"
    assert changed_members(before, read_back(cloudwatch)) == {"AlarmDescription"}
    outcome = alarm.predicted(name="dead-letters", statistic="Maximum")
    assert (outcome["diff"]["before"]["statistic"], outcome["diff"]["after"]["statistic"]) == ("p99", "Maximum")
    found = read_back(cloudwatch)
    assert found and found["Statistic"] == "Maximum"
    assert not {"ExtendedStatistic", "EvaluateLowSampleCountPercentile"} & set(found)


def test_what_is_emptied_is_empty(alarm: t.Any, cloudwatch: t.Any) -> None:
    alarm.ok(**OPTIONS, description="as it was", alarm_actions=["arn:aws:sns:eu-central-1:123456789012:told"])
    assert alarm.predicted(name="dead-letters", description="", alarm_actions=[], dimensions={}).changed
    found = read_back(cloudwatch)
    assert found and not any(found.get(key) for key in ("AlarmDescription", "AlarmActions", "Dimensions"))
    alarm.settled(name="dead-letters", description="", alarm_actions=[], dimensions={})
