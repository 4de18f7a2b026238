from __future__ import annotations

import time
import typing as t

import pytest
from test_state_lock import TABLE
from test_state_lock import dynamodb as dynamodb

KEY = {"table": TABLE, "kind": "session", "name": "2026-11-23T08:00:00+00:00"}
VALUE: dict[str, t.Any] = {"owner": "alice", "hosts": ["i-1"], "usd": 2.8035, "word": "größer", "none": None}


@pytest.fixture
def state_record(run_module: t.Any) -> t.Any:
    return run_module("state_record")


@pytest.fixture
def info(run_module: t.Any) -> t.Any:
    return run_module("state_record_info")


def test_kept_changed_and_forgotten(state_record: t.Any, dynamodb: t.Any) -> None:
    assert state_record.predicted(**KEY, value=VALUE)["record"]["value"] == VALUE
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert item["pk"] == {"S": "session#2026-11-23T08:00:00+00:00"} and "expires_at" not in item
    state_record.settled(**KEY, value=dict(reversed(VALUE.items())))

    changed = state_record.predicted(**KEY, value={**VALUE, "usd": 3})
    assert changed["diff"]["after"]["value"]["usd"] == 3

    assert state_record.predicted(**KEY, state="absent").changed
    assert dynamodb.scan(TableName=TABLE)["Items"] == []
    state_record.settled(**KEY, state="absent")


def test_it_expires_but_not_sooner_for_being_asked_again(state_record: t.Any, info: t.Any, dynamodb: t.Any) -> None:
    state_record.ok(**KEY, value=VALUE, keep_days=2)
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert int(item["expires_at"]["N"]) - time.time() == pytest.approx(2 * 86400, abs=600)
    state_record.settled(**KEY, value=VALUE, keep_days=2)
    assert state_record.ok(**KEY, value=VALUE).changed, "now it shall be kept"

    # What the table has yet to remove is gone for us.
    dynamodb.put_item(TableName=TABLE, Item={**item, "expires_at": {"N": str(int(time.time()) - 1)}})
    assert info.ok(table=TABLE, kind="session")["records"] == []


def test_the_last_of_a_kind(state_record: t.Any, info: t.Any, dynamodb: t.Any) -> None:
    for day in ("21", "23", "22"):
        state_record.ok(**{**KEY, "name": f"2026-11-{day}"}, value={"day": day})
    state_record.ok(**{**KEY, "kind": "session-other"}, value={})
    found = info.ok(table=TABLE, kind="session", limit=2)["records"]
    assert [record["name"] for record in found] == ["2026-11-23", "2026-11-22"]
    assert len(info.ok(check=True, table=TABLE, kind="session")["records"]) == 3


def test_locks_of_the_same_table_are_left_alone(state_record: t.Any, info: t.Any, dynamodb: t.Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "lock#central-llm"}, "owner": {"S": "bob"}})
    assert "state_lock uses" in state_record.refused(table=TABLE, kind="lock", name="central-llm", state="absent")
    assert "state_lock uses" in info.refused(table=TABLE, kind="lock")
    state_record.ok(**KEY, value={})
    assert len(dynamodb.scan(TableName=TABLE)["Items"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**KEY, "kind": "Session#1", "value": {}}, "lower-case letters"),
        ({**KEY, "value": {}, "keep_days": -1}, "keep_days is -1"),
        ({**KEY, "value": {"x": "y" * 400 * 1024}}, "longer than"),
        (KEY, "missing: value"),
    ],
    ids=["kind", "days", "length", "value"],
)
def test_bad_input(state_record: t.Any, dynamodb: t.Any, options: dict[str, t.Any], message: str) -> None:
    assert message in state_record.refused(**options)
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_without_a_table(state_record: t.Any, info: t.Any, lab: t.Any) -> None:
    assert "no table central-llm-state" in state_record.refused(**KEY, value={})
    state_record.settled(**KEY, state="absent")
    assert info.ok(table=TABLE, kind="session")["records"] == []


def test_denied_and_throttled(state_record: t.Any, info: t.Any, dynamodb: t.Any, faults: t.Any) -> None:
    faults.add("dynamodb", "PutItem", "AccessDeniedException")
    assert "dynamodb:PutItem" in state_record.refused(**KEY, value=VALUE)
    faults.add("dynamodb", "Scan", "AccessDeniedException")
    assert "dynamodb:Scan" in info.refused(table=TABLE, kind="session")
    faults.add("dynamodb", "PutItem", "ProvisionedThroughputExceededException", times=2)
    assert state_record.ok(**KEY, value=VALUE).changed
