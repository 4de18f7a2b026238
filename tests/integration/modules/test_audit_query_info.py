from __future__ import annotations

import typing as t

import pytest

TABLE = "audit"
INDEXES = {"by-user-and-month": "user_month", "by-source-and-day": "source_day", "by-day": "day"}
PERIOD = {"table": TABLE, "from": "2026-11-24T12:00:00Z", "to": "2026-11-26"}


@pytest.fixture
def audit(run_module: t.Any, lab: t.Any) -> t.Any:
    run_module("dynamodb_table").ok(
        name=TABLE,
        partition_key={"name": "request_id"},
        indexes=[
            {"name": name, "partition_key": {"name": key}, "sort_key": {"name": "at"}}
            for name, key in (
                ("by-user-and-month", "user_month"),
                ("by-source-and-day", "source_day"),
                ("by-day", "day"),
            )
        ],
    )
    for number, (at, user, source) in enumerate(
        [
            ("2026-11-24T11:59:59.999Z", "alice", "terminal"),
            ("2026-11-24T12:00:00.000Z", "alice", "terminal"),
            ("2026-11-25T00:00:00.000Z", "bob", "terminal"),
            ("2026-11-25T23:59:59.999Z", "alice", "notebook"),
            ("2026-11-26T00:00:00.000Z", "alice", "terminal"),
        ]
    ):
        item = {"request_id": f"r{number}", "at": at, "day": at[:10], "user": user, "source": source}
        item |= {"user_month": f"{user}#{at[:7]}", "source_day": f"{source}#{at[:10]}"}
        lab.client("dynamodb").put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})
    refused = {"request_id": "r9", "at": "2026-11-25T12:00:00.000Z", "day": "2026-11-25"}
    lab.client("dynamodb").put_item(TableName=TABLE, Item={name: {"S": value} for name, value in refused.items()})
    return run_module("audit_query_info")


def ids(outcome: t.Any) -> list[str]:
    assert not outcome.changed
    return [each["request_id"] for each in outcome["records"]]


def test_of_all_of_one_user_and_of_one_source(audit: t.Any) -> None:
    assert ids(audit.ok(**PERIOD)) == ["r1", "r2", "r9", "r3"]
    assert ids(audit.ok(**PERIOD, user="alice")) == ["r1", "r3"]
    assert ids(audit.ok(**PERIOD, source="terminal")) == ["r1", "r2"]
    assert ids(audit.ok(**PERIOD, user="alice", source="notebook")) == ["r3"]
    assert ids(audit.ok(**PERIOD, user="nobody")) == []


def test_the_newest_where_there_are_too_many(audit: t.Any) -> None:
    outcome = audit.ok(**PERIOD, limit=2)
    assert (ids(outcome), outcome["count"]) == (["r9", "r3"], 4)


def test_bad_input_and_denials(audit: t.Any, faults: t.Any) -> None:
    assert "does not lie before" in audit.refused(**{**PERIOD, "to": "2026-11-01"})
    assert "limit" in audit.refused(**PERIOD, limit=0)
    faults.add("dynamodb", "Query", "AccessDeniedException")
    assert "dynamodb:Query" in audit.refused(**PERIOD)
