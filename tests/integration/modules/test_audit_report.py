from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

TABLE = "audit"


@pytest.fixture
def report(run_module: t.Any, lab: t.Any) -> t.Any:
    index = {"name": "by-day", "partition_key": {"name": "day"}, "sort_key": {"name": "at"}}
    run_module("dynamodb_table").ok(name=TABLE, partition_key={"name": "request_id"}, indexes=[index])
    for number, user in enumerate(["alice", "bob", "alice"]):
        item = {"request_id": f"r{number}", "day": "2026-11-25", "at": f"2026-11-25T1{number}:00:00.000Z", "user": user}
        typed: dict[str, t.Any] = {name: {"S": value} for name, value in item.items()}
        lab.client("dynamodb").put_item(TableName=TABLE, Item={**typed, "completion_tokens": {"N": "7"}})
    return run_module("audit_report")


def test_three_files_that_change_with_what_is_in_them(report: t.Any, lab: t.Any, tmp_path: Path) -> None:
    options = {"table": TABLE, "from": "2026-11-25", "to": "2026-11-26", "path": str(tmp_path / "november"), "usd": 3.0}
    foretold = report.ok(check=True, **options)
    assert foretold.changed and not list(tmp_path.iterdir())
    outcome = report.ok(**options)
    assert outcome["report"] == foretold["report"] and outcome["total"]["requests"] == 3
    found = json.loads((tmp_path / "november.json").read_text())
    assert [(row["name"], row["completion_tokens"], row["usd"]) for row in found["groups"]["user"]] == [
        ("alice", 14, 2.0),
        ("bob", 7, 1.0),
    ]
    assert (tmp_path / "november.html").read_text().startswith("<!doctype html>")
    assert "user,alice,2" in (tmp_path / "november.csv").read_text()
    assert not report.ok(**options).changed
    assert report.ok(**{**options, "usd": None}).changed
    assert report.ok(**{**options, "from": "2026-11-25T11:00:00Z"})["total"]["requests"] == 2


def test_bad_input_and_denials(report: t.Any, tmp_path: Path, faults: t.Any) -> None:
    options = {"table": TABLE, "from": "2026-11-25", "to": "2026-11-26", "path": str(tmp_path / "x")}
    assert "no folder" in report.refused(**{**options, "path": str(tmp_path / "none/x")})
    assert "no date" in report.refused(**{**options, "from": "now"})
    faults.add("dynamodb", "Query", "AccessDeniedException")
    assert "dynamodb:Query" in report.refused(**options)
    assert not list(tmp_path.iterdir())
