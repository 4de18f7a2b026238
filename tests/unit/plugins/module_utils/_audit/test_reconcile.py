from __future__ import annotations

import datetime
import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._audit import period, reconcile, replay
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from hypothesis import given
from hypothesis import strategies as st
from ingest_support import ENGINE_GROUP, GATEWAY_GROUP, SETTINGS, core, engine_line, gateway_line


def events(*messages: str) -> list[dict[str, t.Any]]:
    return [
        {"eventId": str(number), "timestamp": 1795608000000, "message": each} for number, each in enumerate(messages)
    ]


ENGINE = [
    engine_line(),
    engine_line(gateway_request_id=None),
    engine_line(gateway_request_id="two="),
    "loading" + engine_line(user="eve"),
    engine_line()[:-1],
]
GATEWAY = [
    gateway_line(),
    gateway_line(extendedRequestId="two="),
    gateway_line(userAgent='","extendedRequestId":"x'),
    gateway_line(extendedRequestId="-"),
]


def test_lines_have_the_keys_that_the_ingest_function_gives_them() -> None:
    lines = [
        *reconcile.engine_lines(events(*ENGINE, "INFO central")),
        *reconcile.gateway_lines(events(*GATEWAY), "extendedRequestId"),
    ]
    expected: list[str | None] = []
    for group, messages in ((ENGINE_GROUP, ENGINE), (GATEWAY_GROUP, GATEWAY)):
        for message in messages:
            batch = core.decode(json.loads(replay.payload(group, events(message))))
            records, poison = core.read(batch, SETTINGS)
            expected.append(records[0].key if records else None)
            assert len(records) + len(poison) == 1
    assert [line.key for line in lines] == expected


def record(name: str, *sides: str, **more: t.Any) -> dict[str, t.Any]:
    return {"request_id": name, "route": "/v1/models", **{f"{side}_line": "x" for side in sides}, **more}


def test_what_is_compared() -> None:
    gateway = reconcile.gateway_lines(events(*GATEWAY), "extendedRequestId")
    engine = reconcile.engine_lines(events(*ENGINE))
    items = [
        record("JRZ1pHe5oAMF1zg=", "gateway", "engine", engine_more=["y"]),
        record("two=", "engine"),
        record("lost=", "gateway", integration_status=200),
        record("mock=", "gateway", integration_status=200, route="/healthz"),
        record("refused=", "gateway"),
        record("direct#1", "engine"),
    ]
    found = reconcile.compare(gateway, engine, {item["request_id"]: item for item in items}, items)
    direct = f"direct#{reconcile.digest(ENGINE[1])}"
    assert found == {
        "gateway": {"lines": 4, "missing": 1, "missing_ids": ["two="], "unreadable": 1},
        "engine": {"lines": 5, "missing": 1, "missing_ids": [direct], "unreadable": 1},
        "without_engine": ["lost="],
        "without_gateway": ["two="],
        "direct": 1,
        "duplicates": ["JRZ1pHe5oAMF1zg="],
        "completeness_percent": round(100 * 5 / 9, 3),
    }
    assert reconcile.compare([], [], {}, [])["completeness_percent"] == 100.0


@given(st.lists(st.text(max_size=200), max_size=30))
def test_a_replay_brings_each_line_once(messages: list[str]) -> None:
    batches = list(replay.batches(events(*messages)))
    assert [each["message"] for batch in batches for each in batch] == messages
    for batch in batches:
        found = core.decode(json.loads(replay.payload("g", batch)))
        assert found.whole and len(found.events) == len(batch)


def test_a_replay_is_in_portions() -> None:
    assert [len(batch) for batch in replay.batches(events(*["x"] * 2500))] == [1000, 1000, 500]
    assert [len(batch) for batch in replay.batches(events(*["x" * 1_500_000] * 3))] == [1, 1, 1]


moments = st.datetimes(min_value=datetime.datetime(2020, 1, 1), max_value=datetime.datetime(2030, 1, 1))


@given(
    moments, st.timedeltas(min_value=datetime.timedelta(seconds=1), max_value=datetime.timedelta(days=399)), st.data()
)
def test_each_moment_of_a_period_lies_in_one_of_its_days(
    begin: datetime.datetime, length: datetime.timedelta, data: st.DataObject
) -> None:
    found = period.read(begin.isoformat(), (begin + length).isoformat())
    moment = period.stamp(begin + data.draw(st.timedeltas(min_value=datetime.timedelta(0), max_value=length)))
    assert found.days() == sorted(set(found.days())) and set(found.months()) == {day[:7] for day in found.days()}
    if found.holds(moment):
        assert moment[:10] in found.days()


def test_a_period_is_in_utc() -> None:
    found = period.read("2026-11-25", "2026-11-26T01:00:00+01:00")
    assert found.days() == ["2026-11-25"]
    assert found.holds("2026-11-25T23:59:59.999Z") and not found.holds("2026-11-26T00:00:00.000Z")


@pytest.mark.parametrize("begin", ["yesterday", "2026-11-25", "2026-11-26", "2020-01-01"])
def test_what_is_no_period(begin: str) -> None:
    with pytest.raises(InvalidInput, match="from"):
        period.read(begin, "2026-11-25")
