from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t

import pytest

TABLE = "central-llm-state"
NAME = "central-llm"
ALICE = {"table": TABLE, "name": NAME, "owner": "alice@laptop"}
BOB = {"table": TABLE, "name": NAME, "owner": "bob@desk"}


@pytest.fixture
def state_lock(run_module: t.Any) -> t.Any:
    return run_module("state_lock")


@pytest.fixture
def dynamodb(lab: t.Any) -> t.Any:
    client = lab.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=TABLE)
    return client


def item(dynamodb: t.Any) -> dict[str, t.Any] | None:
    return dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": f"lock#{NAME}"}}).get("Item")


def put(dynamodb: t.Any, owner: str, *, expires_in: int) -> None:
    now = int(time.time())
    dynamodb.put_item(
        TableName=TABLE,
        Item={
            "pk": {"S": f"lock#{NAME}"},
            "owner": {"S": owner},
            "purpose": {"S": "down"},
            "acquired_at": {"N": str(now - 1000)},
            "expires_at": {"N": str(now + expires_in)},
        },
    )


def test_acquire_and_acquire_again(state_lock: t.Any, dynamodb: t.Any) -> None:
    before = int(time.time())
    outcome = state_lock.ok(**ALICE, purpose="up")
    assert outcome.changed
    found = item(dynamodb)
    assert found and found["owner"] == {"S": "alice@laptop"} and found["purpose"] == {"S": "up"}
    assert int(found["expires_at"]["N"]) - int(found["acquired_at"]["N"]) == 7200
    assert int(found["acquired_at"]["N"]) >= before
    assert state_lock.settled(**ALICE, purpose="up")["lock"] == outcome["lock"]
    assert item(dynamodb) == found


def test_check_mode_acquires_nothing_and_tells_whether_it_could(state_lock: t.Any, dynamodb: t.Any) -> None:
    outcome = state_lock.ok(check=True, **ALICE)
    assert outcome.changed and outcome["lock"]["owner"] == "alice@laptop"
    assert item(dynamodb) is None
    put(dynamodb, "bob@desk", expires_in=600)
    assert "bob@desk" in state_lock.refused(check=True, **ALICE)
    assert item(dynamodb)["owner"] == {"S": "bob@desk"}


def test_somebody_elses_lock_is_refused_and_named(state_lock: t.Any, dynamodb: t.Any) -> None:
    held = state_lock.ok(**BOB, purpose="down")["lock"]
    outcome = state_lock(**ALICE)
    assert outcome.failed
    for part in ("bob@desk", "down", held["acquired_at"], held["expires_at"], "force: true"):
        assert part in outcome["msg"]
    assert outcome["lock"] == held
    assert item(dynamodb)["owner"] == {"S": "bob@desk"}


def test_an_expired_lock_is_taken(state_lock: t.Any, dynamodb: t.Any) -> None:
    put(dynamodb, "bob@desk", expires_in=-5)
    outcome = state_lock.ok(**ALICE)
    assert outcome.changed and outcome["diff"]["before"] == {}
    assert item(dynamodb)["owner"] == {"S": "alice@laptop"}


def test_force_takes_a_lock_over(state_lock: t.Any, dynamodb: t.Any) -> None:
    put(dynamodb, "bob@desk", expires_in=600)
    outcome = state_lock.ok(**ALICE, force=True)
    assert outcome.changed and outcome["diff"]["before"]["owner"] == "bob@desk"
    assert item(dynamodb)["owner"] == {"S": "alice@laptop"}


def test_a_lock_of_mine_that_runs_out_gets_its_full_time_again(state_lock: t.Any, dynamodb: t.Any) -> None:
    put(dynamodb, "alice@laptop", expires_in=100)
    acquired = item(dynamodb)["acquired_at"]
    now = int(time.time())
    assert state_lock.ok(**ALICE).changed
    found = item(dynamodb)
    assert int(found["expires_at"]["N"]) >= now + 7200
    assert found["acquired_at"] == acquired and found["purpose"] == {"S": "down"}
    state_lock.settled(**ALICE)


def test_whoever_is_slower_loses(state_lock: t.Any, dynamodb: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bob's lock arrives between Alice's look and Alice's write."""
    from ansible_collections.central.llm.plugins.modules import state_lock as module

    looked = module.read

    def overtaken(client: t.Any, options: t.Any, *, now: int) -> t.Any:
        found = looked(client, options, now=now)
        put(dynamodb, "bob@desk", expires_in=600)
        return found

    monkeypatch.setattr(module, "read", overtaken)
    assert "bob@desk" in state_lock.refused(**ALICE)
    assert item(dynamodb)["owner"] == {"S": "bob@desk"}


def test_release_and_release_again(state_lock: t.Any, dynamodb: t.Any) -> None:
    state_lock.ok(**ALICE)
    assert state_lock.predicted(**ALICE, state="absent").changed
    assert item(dynamodb) is None
    state_lock.settled(**ALICE, state="absent")


def test_release_leaves_somebody_elses_lock(state_lock: t.Any, dynamodb: t.Any) -> None:
    state_lock.ok(**BOB)
    outcome = state_lock.settled(**ALICE, state="absent")
    assert outcome["lock"]["owner"] == "bob@desk"
    assert item(dynamodb)["owner"] == {"S": "bob@desk"}
    assert state_lock.predicted(**ALICE, state="absent", force=True).changed
    assert item(dynamodb) is None


def test_other_items_of_the_table_are_left_alone(state_lock: t.Any, dynamodb: t.Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "receipt#1"}, "owner": {"S": "x"}})
    state_lock.ok(**ALICE)
    state_lock.ok(**ALICE, state="absent")
    assert dynamodb.scan(TableName=TABLE)["Items"] == [{"pk": {"S": "receipt#1"}, "owner": {"S": "x"}}]


def test_a_missing_table(state_lock: t.Any, lab: t.Any) -> None:
    message = state_lock.refused(**ALICE)
    assert "no table central-llm-state" in message and "dynamodb_table" in message
    state_lock.settled(**ALICE, state="absent")


def test_bad_input_is_refused_before_anything_is_touched(state_lock: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "ttl_seconds" in state_lock.refused(**ALICE, ttl_seconds=0)
    assert "owner" in state_lock.refused(**{**ALICE, "owner": ""})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(state_lock: t.Any, dynamodb: t.Any, faults: t.Any) -> None:
    faults.add("dynamodb", "PutItem", "AccessDeniedException")
    message = state_lock.refused(**ALICE)
    assert "dynamodb:PutItem" in message and TABLE in message
    state_lock.ok(**ALICE)


def test_throttling_is_ridden_out(state_lock: t.Any, dynamodb: t.Any, faults: t.Any) -> None:
    faults.add("dynamodb", "PutItem", "ThrottlingException", times=2)
    assert state_lock.ok(**ALICE).changed
    assert item(dynamodb)


@pytest.fixture
def ended() -> int:
    """The number of a process that was."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_two_runs_of_one_owner_keep_each_other_out(state_lock: t.Any, dynamodb: t.Any, ended: int) -> None:
    mine, alive = {**ALICE, "take_over_own": False}, os.getpid()
    assert state_lock.predicted(**mine, process=alive, purpose="up")["lock"]["process"] == alive
    assert f"(process {alive}) for up" in state_lock.refused(**mine, process=alive + 1)
    state_lock.settled(**mine, process=alive)
    # Neither is it given back by the other one.
    assert not state_lock.ok(**mine, process=alive + 1, state="absent").changed
    # Ending what costs money does not wait for a run of one's own.
    assert state_lock.ok(**ALICE, process=ended, purpose="down").changed
    # And that run has ended since.
    assert state_lock.predicted(**mine, process=alive)["lock"]["process"] == alive
    assert state_lock.ok(**mine, process=alive, state="absent").changed
    assert item(dynamodb) is None


def test_of_two_that_find_it_free_one_gets_it(state_lock: t.Any, dynamodb: t.Any, monkeypatch: t.Any) -> None:
    from ansible_collections.central.llm.plugins.modules import state_lock as module

    def read_before_the_other_wrote(*_arguments: t.Any, **_more: t.Any) -> None:
        state_lock.ok(**ALICE, process=os.getpid())

    with monkeypatch.context() as patch:
        original = module.read
        patch.setattr(
            module, "read", lambda *a, **k: (patch.setattr(module, "read", original), read_before_the_other_wrote())[1]
        )
        assert "is held by alice@laptop" in state_lock.refused(**ALICE, process=1, take_over_own=False)
