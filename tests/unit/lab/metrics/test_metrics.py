from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.control import current
from lab.metrics import alarms, lines, series

EMBEDDED = {
    "_aws": {
        "Timestamp": 1,
        "CloudWatchMetrics": [
            {"Namespace": "Ours", "Dimensions": [["Stack"]], "Metrics": [{"Name": "Tokens"}, {"Name": "First"}]}
        ],
    },
    "Stack": "one",
    "Tokens": 7,
    "First": [1.5, 2],
}


def test_a_line_in_the_embedded_format_is_its_metrics() -> None:
    assert lines.embedded(json.dumps(EMBEDDED)) == [
        lines.Found("Ours", "Tokens", {"Stack": "one"}, [7.0]),
        lines.Found("Ours", "First", {"Stack": "one"}, [1.5, 2.0]),
    ]


@pytest.mark.parametrize(
    "broken",
    [{"Tokens": "many"}, {"Stack": None, "Tokens": None}, {"First": [1] * 101}, {"_aws": {}}, {"_aws": 5}],
)
def test_one_that_breaks_the_rules_is_none(broken: dict[str, t.Any]) -> None:
    assert lines.embedded(json.dumps({**EMBEDDED, **broken})) == []


@given(st.text())
def test_no_line_breaks_it(text: str) -> None:
    assert lines.embedded(text) == []
    assert lines.embedded('{"_aws"' + text) == []
    lines.amount(text, "$.size")


def test_a_line_adds_a_number_or_one_of_its_fields() -> None:
    assert lines.amount("whatever", "1") == 1
    assert lines.amount('{"a": {"b": 2.5}}', "$.a.b") == 2.5
    assert lines.amount('{"a": "x"}', "$.a") is None
    assert lines.amount("no json", "$.a") is None


@pytest.mark.parametrize(
    ("seen", "missing", "state"),
    [
        ([1, 6], "missing", "OK"),
        ([6, 6], "missing", "ALARM"),
        ([None, 6], "missing", "ALARM"),
        ([None, 6], "notBreaching", "OK"),
        ([None, 6], "breaching", "ALARM"),
        ([None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None], "breaching", "ALARM"),
        ([None, None], "notBreaching", "OK"),
        ([None, None], "ignore", None),
    ],
)
def test_what_periods_mean_for_an_alarm(seen: list[float | None], missing: str, state: str | None) -> None:
    assert alarms.verdict(seen, "GreaterThanThreshold", 5.0, missing) == state


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_sums_of_two_times_are_the_sums_of_both(one: list[float], other: list[float]) -> None:
    def sums(values: list[float]) -> series.Sums:
        return series.Sums(len(values), sum(values), min(values), max(values))

    joined, both = sums(one).joined(sums(other)), sums(one + other)
    for name in ("SampleCount", "Minimum", "Maximum"):
        assert joined.statistic(name) == both.statistic(name)
    assert joined.statistic("Average") == pytest.approx(both.statistic("Average"), abs=1e-6)


def test_a_period_is_its_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    series.clear()
    for minute, value in ((0, 1.0), (1, 2.0), (5, 4.0)):
        moment = datetime.fromtimestamp(minute * 60 + 30, UTC)
        monkeypatch.setattr(current, "now", lambda moment=moment: moment)
        series.note("r", "Ours", "Tokens", {"a": "b"}, [value])
    key = series.key_of("r", "Ours", "Tokens", {"a": "b"})
    found = series.periods(key, 6 * 60 + 10, 120, 3)
    assert [sums.total if sums else None for sums in found] == [3.0, None, 4.0]
    assert series.periods(series.key_of("r", "Ours", "Tokens", {}), 340, 60, 1) == [None]
    series.clear()


class Topic(t.NamedTuple):
    policy: str
    kms_master_key_id: str | None = None


@pytest.mark.parametrize(
    ("statement", "key", "admitted"),
    [
        ({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": "1"}}}, None, True),
        ({"Principal": {"Service": "cloudwatch.amazonaws.com"}}, "some-key", True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, None, False),
        ({"Principal": {"Service": "cloudwatch.amazonaws.com"}}, "alias/aws/sns", False),
    ],
)
def test_who_may_publish(statement: dict[str, t.Any], key: str | None, admitted: bool) -> None:
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sns:Publish", **statement}]})
    assert alarms.admits(Topic(policy, key)) is admitted
