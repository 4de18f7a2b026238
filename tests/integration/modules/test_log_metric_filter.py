from __future__ import annotations

import datetime
import typing as t

import pytest

GROUP, NAME = "/some/log", "errors"
OPTIONS = {"log_group": GROUP, "name": NAME, "pattern": "ERROR", "namespace": "Ours", "metric": "Errors"}


@pytest.fixture
def metric_filter(run_module: t.Any) -> t.Any:
    return run_module("log_metric_filter")


@pytest.fixture
def logs(lab: t.Any) -> t.Any:
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


def read_back(logs: t.Any) -> dict[str, dict[str, t.Any]]:
    found = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    return {
        each["filterName"]: {"pattern": each["filterPattern"], **each["metricTransformations"][0]} for each in found
    }


def test_create_and_create_again(metric_filter: t.Any, logs: t.Any) -> None:
    assert metric_filter.predicted(**OPTIONS, default_value=0).changed
    found = read_back(logs)[NAME]
    assert (found["pattern"], found["metricNamespace"], found["metricName"]) == ("ERROR", "Ours", "Errors")
    assert (found["metricValue"], found["defaultValue"]) == ("1", 0)
    metric_filter.settled(**OPTIONS, default_value=0)
    metric_filter.settled(log_group=GROUP, name=NAME)


def test_check_mode_writes_nothing_and_foretells_for_a_group_that_is_yet_to_be(
    metric_filter: t.Any, faults: t.Any
) -> None:
    outcome = metric_filter.ok(check=True, **OPTIONS | {"log_group": "/none/yet"})
    assert outcome.changed and outcome["filter"]["value"] == "1"
    assert "PutMetricFilter" not in faults.calls()


def test_one_option_changes_and_the_others_stay(metric_filter: t.Any, logs: t.Any) -> None:
    metric_filter.ok(**OPTIONS | {"name": "errors-of-others"})
    metric_filter.ok(**OPTIONS, default_value=0, unit="Count")
    outcome = metric_filter.predicted(log_group=GROUP, name=NAME, pattern="?ERROR ?CRITICAL")
    assert (outcome["diff"]["before"]["pattern"], outcome["diff"]["after"]["pattern"]) == ("ERROR", "?ERROR ?CRITICAL")
    found = read_back(logs)
    assert set(found) == {NAME, "errors-of-others"}
    assert (found[NAME]["defaultValue"], found[NAME]["unit"], found[NAME]["metricName"]) == (0, "Count", "Errors")
    assert found["errors-of-others"]["pattern"] == "ERROR"


def test_lines_are_counted(metric_filter: t.Any, logs: t.Any, lab: t.Any) -> None:
    """What the lab makes of it, as CloudWatch does."""
    metric_filter.ok(**OPTIONS)
    metric_filter.ok(
        log_group=GROUP,
        name="sizes",
        pattern="{ $.size > 0 }",
        namespace="Ours",
        metric="Size",
        value="$.size",
        dimensions={"Kind": "$.kind"},
    )
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    messages = ["ERROR one", "fine", "an ERROR two", '{"size": 7, "kind": "a"}', '{"size": 5, "kind": "a"}']
    now = datetime.datetime.now(tz=datetime.UTC)
    events = [{"timestamp": int(now.timestamp() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)

    def total(name: str, dimensions: dict[str, str]) -> float:
        found = lab.client("cloudwatch").get_metric_statistics(
            Namespace="Ours",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(minutes=5),
            Period=600,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    assert total("Errors", {}) == 2
    assert total("Size", {"Kind": "a"}) == 12


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "a:b"}, "name"),
        ({"metric": "a$b"}, "metric"),
        ({"namespace": ""}, "namespace"),
        ({"dimensions": {"a": "$.a"}, "default_value": 0}, "default_value"),
        ({"dimensions": dict.fromkeys("abcd", "$.x")}, "3 at most"),
        ({"pattern": None}, "pattern must be given"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    metric_filter: t.Any, logs: t.Any, faults: t.Any, changes: dict[str, t.Any], said: str
) -> None:
    options = {key: value for key, value in {**OPTIONS, **changes}.items() if value is not None}
    for check in (True, False):
        assert said in metric_filter.refused(check=check, **options)
    assert "PutMetricFilter" not in faults.calls()


def test_a_denial_names_the_action_and_throttling_is_ridden_out(
    metric_filter: t.Any, logs: t.Any, faults: t.Any
) -> None:
    faults.add("logs", "PutMetricFilter", "AccessDeniedException")
    assert "logs:PutMetricFilter" in metric_filter.refused(**OPTIONS)
    faults.add("logs", "PutMetricFilter", "ThrottlingException", times=2)
    assert metric_filter.ok(**OPTIONS).changed
    assert NAME in read_back(logs)


def test_delete_and_delete_again(metric_filter: t.Any, logs: t.Any) -> None:
    metric_filter.ok(**OPTIONS)
    metric_filter.ok(**OPTIONS | {"name": "errors-of-others"})
    assert metric_filter.predicted(log_group=GROUP, name=NAME, state="absent").changed
    assert set(read_back(logs)) == {"errors-of-others"}
    metric_filter.settled(log_group=GROUP, name=NAME, state="absent")
    metric_filter.settled(log_group="/none", name=NAME, state="absent")
