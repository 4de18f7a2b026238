"""The lock of the stack, as playbooks take it and give it back."""

from __future__ import annotations

import typing as t


def test_plays_of_one_run_hold_the_lock_one_after_the_other(role: t.Any, lab: t.Any) -> None:
    run = role("llm_state").ok("main", "lock", "unlock", "lock", llm_state_lock_purpose="test")
    assert "Somebody else has held the lock" not in run.output and run.changed == 1
    (held,) = lab.client("dynamodb").scan(TableName="central-llm-state")["Items"]
    assert held["purpose"] == {"S": "test"}
