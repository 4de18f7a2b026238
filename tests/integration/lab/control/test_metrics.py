"""Lines that are counted, alarms that are judged, and who is told of it."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
import requests
from helpers import refused

from lab.context import LabContext
from lab.schedules.plane import SchedulesPlane

GROUP = "/some/engine"


@pytest.fixture
def clocked(lab: LabContext) -> t.Iterator[LabContext]:
    plane = SchedulesPlane()
    plane.start(lab)
    yield lab
    plane.stop()


def move(lab: LabContext, seconds: float) -> None:
    requests.post(f"{lab.endpoint_url}/_lab/clock", json={"advance_seconds": seconds}, timeout=60).raise_for_status()


def say(lab: LabContext, *messages: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
    lab.client("logs").put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


def told(lab: LabContext, queue: str) -> list[tuple[str, str]]:
    found = lab.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    messages = [json.loads(json.loads(each["Body"])["Message"]) for each in found]
    return [(message["OldStateValue"], message["NewStateValue"]) for message in messages]


def test_lines_are_found_newest_first(lab: LabContext) -> None:
    logs, now = lab.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=GROUP)
    for stream, ages in (("b", (4, 1)), ("a", (3, 2))):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [{"timestamp": now - age * 1000, "message": f"line {age}"} for age in ages]
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    backwards = {"logGroupName": GROUP, "startFromHead": False, "filterPattern": "line"}
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            **backwards, startTime=now - 3000, PaginationConfig={"PageSize": 2}
        )
    )
    assert [[event["message"] for event in page["events"]] for page in pages] == [["line 1", "line 2"], ["line 3"]]
    assert refused(logs.filter_log_events, **backwards) == "InvalidParameterException"
    elsewhere = {**backwards, "logGroupName": "/none", "startTime": now}
    assert refused(logs.filter_log_events, **elsewhere) == "ResourceNotFoundException"


def test_errors_of_a_log_raise_an_alarm_that_somebody_hears_of(clocked: LabContext) -> None:
    logs, sns, sqs = (clocked.client(name) for name in ("logs", "sns", "sqs"))
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    made = {"metricNamespace": "Ours", "metricName": "Errors", "metricValue": "1", "defaultValue": 0}
    logs.put_metric_filter(logGroupName=GROUP, filterName="errors", filterPattern="ERROR", metricTransformations=[made])
    topic = sns.create_topic(Name="told")["TopicArn"]
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    clocked.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="Ours",
        MetricName="Errors",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=1,
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    say(clocked, "all is well")
    move(clocked, 120)
    assert told(clocked, queue) == [("INSUFFICIENT_DATA", "OK")]
    say(clocked, "ERROR one", "ERROR two", "well again")
    move(clocked, 180)
    assert sorted(told(clocked, queue)) == [("ALARM", "OK"), ("OK", "ALARM")]
    say(clocked, "ERROR three")
    move(clocked, 180)
    assert told(clocked, queue) == []


def test_what_aws_refuses_of_an_alarm(lab: LabContext) -> None:
    cloudwatch = lab.client("cloudwatch")
    alarm = {
        "AlarmName": "errors",
        "Namespace": "Ours",
        "MetricName": "Errors",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
        "EvaluationPeriods": 1,
        "Period": 60,
        "Statistic": "Sum",
    }
    warming = {"WarmUpPeriodDurationInMinutes": 5}
    for broken in ({"ExtendedStatistic": "p99"}, {"DatapointsToAlarm": 2}, {"EvaluationInterval": 60}):
        assert refused(cloudwatch.put_metric_alarm, **alarm, **broken) == "ValidationError"
    without = {key: value for key, value in alarm.items() if key != "Statistic"}
    assert refused(cloudwatch.put_metric_alarm, **without) == "ValidationError"
    cloudwatch.put_metric_alarm(**alarm, WarmUpConfiguration=warming)
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["WarmUpConfiguration"] == warming
    cloudwatch.put_metric_alarm(**alarm)
    assert "WarmUpConfiguration" not in cloudwatch.describe_alarms()["MetricAlarms"][0]


def test_what_aws_refuses_of_a_filter(lab: LabContext) -> None:
    logs = lab.client("logs")
    made = {"metricNamespace": "Ours", "metricName": "Errors", "metricValue": "1"}
    options = {"logGroupName": GROUP, "filterName": "errors", "filterPattern": "", "metricTransformations": [made]}
    assert refused(logs.put_metric_filter, **options) == "ResourceNotFoundException"
    logs.create_log_group(logGroupName=GROUP)
    for broken in ({"metricValue": "many"}, {"dimensions": {"a": "$.a"}, "defaultValue": 0}):
        changed = {**options, "metricTransformations": [{**made, **broken}]}
        assert refused(logs.put_metric_filter, **changed) == "InvalidParameterException"
    assert refused(logs.delete_metric_filter, logGroupName=GROUP, filterName="none") == "ResourceNotFoundException"
    logs.put_metric_filter(**options)
    logs.put_metric_filter(**{**options, "filterPattern": "ERROR"})
    assert [each["filterPattern"] for each in logs.describe_metric_filters()["metricFilters"]] == ["ERROR"]
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_metric_filters()["metricFilters"] == []
