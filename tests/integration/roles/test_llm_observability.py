"""What shows how the service does, on logs that somebody else made, and with a caller who may not do all of it."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
import requests

from lab.context import LabContext

ENGINE, GATEWAY = "/their/engine", "/their/gateway"
VARIABLES = {
    "llm_stack": "team",
    "llm_account_id": "123456789012",
    "llm_observability_engine_log_group": ENGINE,
    "llm_observability_gateway_log_group": GATEWAY,
    "llm_observability_gateway_log_format": {"when": "$context.requestTimeEpoch", "code": "$context.status"},
    "llm_observability_subscriptions": [{"protocol": "email", "endpoint": "operators@example.org"}],
}
ALARMS = {"team-server-errors", "team-slow-answers", "team-engine-errors", "team-reaper-silent"}


@pytest.fixture
def logs(lab: LabContext) -> t.Any:
    client = lab.client("logs")
    for group in (ENGINE, GATEWAY):
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName="one")
    return client


def filters(logs: t.Any) -> dict[str, str]:
    return {each["filterName"]: each["filterPattern"] for each in logs.describe_metric_filters()["metricFilters"]}


def alarms(lab: LabContext) -> dict[str, t.Any]:
    return {each["AlarmName"]: each for each in lab.client("cloudwatch").describe_alarms()["MetricAlarms"]}


def deny(lab: LabContext, operation: str) -> None:
    fault = {"service": "logs", "operation": operation, "code": "AccessDeniedException", "status": 400, "times": 50}
    requests.post(f"{lab.endpoint_url}/_lab/faults", json=fault, timeout=30).raise_for_status()


def allow(lab: LabContext) -> None:
    requests.delete(f"{lab.endpoint_url}/_lab/faults", timeout=30).raise_for_status()


def total(lab: LabContext, name: str) -> float:
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="CentralLLM/team",
        MetricName=name,
        StartTime=time.time() - 600,
        EndTime=time.time() + 600,
        Period=1200,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_made_shown_changed_and_removed(role: t.Callable[[str], t.Any], lab: LabContext, logs: t.Any) -> None:
    observability, cloudwatch = role("llm_observability"), lab.client("cloudwatch")
    foretold = observability.ok(check=True, **VARIABLES)
    run = observability.ok(**VARIABLES)
    assert run.changed == foretold.changed > 0
    assert run.out["unconfirmed"] == ["operators@example.org"]
    assert run.out["dashboard_url"].endswith("#dashboards/dashboard/team-ops")
    assert set(alarms(lab)) == ALARMS
    assert {tuple(each["AlarmActions"]) for each in alarms(lab).values()} == {(run.out["topic_arn"],)}
    body = json.loads(cloudwatch.get_dashboard(DashboardName="team-ops")["DashboardBody"])
    shown = {name for each in body["widgets"] if each["type"] == "alarm" for name in each["properties"]["alarms"]}
    assert {each["AlarmArn"] for each in alarms(lab).values()} <= shown
    assert filters(logs)["team-throttled"] == '{ $.code = "429" }'
    assert observability.ok(**VARIABLES).changed == 0
    observability.ok("verify", **VARIABLES)

    lines = {
        ENGINE: [
            "(EngineCore_DP0 pid=91) ERROR 11-25 22:00:00 [core.py:708] EngineCore failed to start.",
            "WARNING 11-25 22:00:01 [config.py:99] something to know",
            "INFO 11-25 22:00:02 [api_server.py:1] all is well",
            json.dumps({"central_llm_audit": 1, "user": "ERROR WARNING"}),
        ],
        GATEWAY: [json.dumps({"when": "1", "code": code}) for code in ("200", "429", "429", "403")],
    }
    for group, messages in lines.items():
        events = [{"timestamp": int(time.time() * 1000), "message": message} for message in messages]
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    assert [total(lab, name) for name in ("EngineErrors", "EngineWarnings", "Throttled")] == [1, 1, 2]

    # One number changes one alarm, and none given is none made; what was made stays until somebody removes it.
    changed = {**VARIABLES, "llm_observability_server_errors": 50, "llm_observability_slow_ms": None}
    assert observability.ok(**changed).changed == 2  # the alarm, and the dashboard that shows one less
    assert alarms(lab)["team-server-errors"]["Threshold"] == 50
    cloudwatch.put_metric_alarm(
        AlarmName="team-theirs",
        Namespace="Theirs",
        MetricName="x",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
    )
    assert observability.ok("absent", **VARIABLES).changed > 0
    assert (set(alarms(lab)), filters(logs)) == ({"team-theirs"}, {})
    assert cloudwatch.list_dashboards()["DashboardEntries"] == lab.client("sns").list_topics()["Topics"] == []
    assert observability.ok("absent", **VARIABLES).changed == 0


def test_who_may_not_count_lines_is_told_and_gets_the_rest(
    role: t.Callable[[str], t.Any], lab: LabContext, logs: t.Any
) -> None:
    observability = role("llm_observability")
    deny(lab, "PutMetricFilter")
    run = observability.ok(**VARIABLES)
    assert "The permission logs:PutMetricFilter" in run.output
    assert (filters(logs), set(alarms(lab))) == ({}, ALARMS)
    deny(lab, "DescribeMetricFilters")
    assert "logs:DescribeMetricFilters" in observability.ok(**VARIABLES).output
    allow(lab)
    run = observability.ok(**VARIABLES)
    assert (len(filters(logs)), "logs:PutMetricFilter" in run.output) == (3, False)
    deny(lab, "DescribeMetricFilters")
    assert "stay as long as their log groups" in observability.ok("absent", **VARIABLES).output


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"llm_observability_topic": "a b"}, "llm_observability_topic"),
        ({"llm_observability_topic_kms_key_id": "alias/aws/sns"}, "with which no alarm can publish"),
        ({"llm_observability_server_errors": 0}, "llm_observability_server_errors is 0"),
        ({"llm_observability_namespace": "AWS/Ours"}, "llm_observability_namespace"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    role: t.Callable[[str], t.Any], changed: dict[str, t.Any], said: str
) -> None:
    assert said in role("llm_observability").refused(**{**VARIABLES, **changed})
