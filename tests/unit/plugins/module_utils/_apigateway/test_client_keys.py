"""Which key is a client's, told from tags: also in the middle of a step, between any two of its writes."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import client_keys
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
STATES = ("current", "pending", "previous", "retired")


def key(
    name: str,
    state: str | None = None,
    *,
    hour: int = 0,
    stack: str | None = "s",
    client: str | None = "c",
    **more: t.Any,
) -> dict[str, t.Any]:
    tags = {client_keys.STACK: stack, client_keys.CLIENT: client, client_keys.STATE: state}
    created = f"2026-11-24T{hour:02}:00:00+00:00"
    retired_at = {client_keys.RETIRED_AT: more.pop("retired_at")} if "retired_at" in more else {}
    set_tags = {tag: value for tag, value in tags.items() if value} | retired_at
    return {"id": name, "name": name, "enabled": True, "created_date": created, "tags": set_tags, **more}


def of(*keys: dict[str, t.Any], grace_hours: float = 24, **client: t.Any) -> dict[str, t.Any]:
    return client_keys.of_clients(keys, [{"name": "c", **client}], "s", NOW, grace_hours)[0]


def ids(client: dict[str, t.Any], state: str) -> list[str]:
    return [each["id"] for each in client[state]]


# Each state that a step can be cut off in, with what the next run takes for current.
@pytest.mark.parametrize(
    ("keys", "current", "phase", "return_to"),
    [
        ([], "", "missing", ""),
        ([key("a", "current")], "a", "steady", ""),
        # begin: made and being proven; decided; the old one noted.
        ([key("a", "current"), key("b", "pending", hour=1)], "a", "begun", ""),
        ([key("a", "current"), key("b", "current", hour=1)], "b", "overlap", "a"),
        ([key("a", "previous"), key("b", "current", hour=1)], "b", "overlap", "a"),
        # abort: stepped back from; returned to; and once more, which must not flip it again.
        ([key("a", "previous"), key("b", "previous", hour=1)], "b", "overlap", "a"),
        ([key("a", "current"), key("b", "previous", hour=1)], "a", "overlap", ""),
        # finish: the old one disabled, before and after it is noted; an abort may still return to it.
        ([key("a", "previous", enabled=False), key("b", "current", hour=1)], "b", "overlap", "a"),
        ([key("a", "retired", enabled=False), key("b", "current", hour=1)], "b", "retired", "a"),
        # A rotation after one whose old key is still kept: an abort returns to the one before, not the one before that.
        ([key("a", "retired"), key("b", "previous", hour=1), key("c", "current", hour=2)], "c", "overlap", "b"),
        # Of the same second: the name of the later one has its time in it.
        ([key("x", "current"), key("x-20261124T000000Z", "current")], "x-20261124T000000Z", "overlap", "x"),
    ],
)
def test_there_is_one_answer_in_every_state(
    keys: list[dict[str, t.Any]], current: str, phase: str, return_to: str
) -> None:
    for order in (keys, keys[::-1]):
        client = of(*order)
        assert client["current"].get("id", "") == current
        assert client["phase"] == phase
        assert client["return_to"].get("id", "") == return_to


@given(
    st.lists(
        st.builds(
            key, st.uuids().map(str), st.sampled_from([*STATES, None]), hour=st.integers(0, 23), enabled=st.booleans()
        ),
        max_size=6,
        unique_by=lambda each: each["id"],
    )
)
def test_every_key_has_one_place(keys: list[dict[str, t.Any]]) -> None:
    client = of(*keys)
    placed = [client["current"]["id"]] if client["current"] else []
    placed += ids(client, "pending") + ids(client, "previous") + ids(client, "retired")
    assert sorted(placed) == sorted(each["id"] for each in keys)
    assert sorted(each["id"] for each in client["keys"]) == sorted(placed)
    usable = [each for each in keys if each["tags"].get(client_keys.STATE) not in ("pending", "retired")]
    assert bool(client["current"]) == bool(usable)
    # What a run converges: one current key, the others as they are, and never a retired one.
    wanted = {each["id"] for each in client["wanted"]}
    assert wanted.isdisjoint(ids(client, "retired"))
    assert [each["state"] for each in client["wanted"]].count("current") == 1


def test_a_key_without_tags_is_adopted_by_id_or_by_its_name() -> None:
    bare = key("c", stack=None, client=None)
    assert of(bare)["current"]["id"] == "c"
    other = key("made-elsewhere", stack=None, client=None)
    assert of(other)["phase"] == "missing"
    assert of(other, key_id="made-elsewhere")["current"]["id"] == "made-elsewhere"
    # Once it was rotated away, its id is no more than history.
    assert of(key("new", "current"), key_id="made-elsewhere")["current"]["id"] == "new"
    assert of(key_id="gone")["wanted"][0]["id"] == "gone"


def test_what_cannot_be_told_apart_is_refused() -> None:
    twins = [{**key(each, stack=None, client=None), "name": "c"} for each in ("1", "2")]
    with pytest.raises(InvalidInput, match=r"There are 2 API keys named c: .*give the client's key_id"):
        of(*twins)
    with pytest.raises(InvalidInput, match="is not of s"):
        of(key("c", "current", stack="other"))


def test_clients_do_not_get_in_each_others_way() -> None:
    keys = [
        key("a", "current", client="a"),
        key("b", "previous", client="b"),
        key("x", "current", stack="o", client="x"),
    ]
    found = client_keys.of_clients(keys, [{"name": "a", "enabled": False, "plan": {"rate_limit": 1}}], "s", NOW, 0)
    assert [(each["name"], each["listed"], ids(each, "keys")) for each in found] == [
        ("a", True, ["a"]),
        ("b", False, ["b"]),
    ]
    assert found[0]["wanted"] == [
        {"client": "a", "enabled": False, "own_plan": True, "id": "a", "state": "current", "label": "a"}
    ]


@pytest.mark.parametrize(
    ("retired_at", "grace_hours", "due"),
    [
        ("2026-11-25T11:00:00+00:00", 2, False),
        ("2026-11-25T10:00:00+00:00", 2, True),
        ("2026-11-25T11:59:00+00:00", 0, True),
        ("no time", 2, False),
        ("", 0, True),
    ],
)
def test_when_the_grace_is_over(retired_at: str, grace_hours: float, due: bool) -> None:
    client = of(key("a", "retired", retired_at=retired_at), key("b", "current"), grace_hours=grace_hours)
    assert client["retired"][0]["due"] is due
    assert not client["current"]["due"]


def test_ages_are_told_in_days() -> None:
    assert of(key("a", "current", hour=11))["current"]["age_days"] == 1
    assert of(key("a", "current", created_date=""))["current"]["age_days"] is None
