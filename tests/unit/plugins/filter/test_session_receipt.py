from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.session_receipt import session_receipt
from hypothesis import given
from hypothesis import strategies as st

PRICES: dict[str, t.Any] = {
    "instance_hour": {"g6e.2xlarge": 2.8035},
    "network_lb_hour": 0.027,
    "network_lb_capacity_unit_hour": 0.006,
}
BEGAN = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.UTC)


def at(minutes: float) -> str:
    return (BEGAN + datetime.timedelta(minutes=minutes)).isoformat()


def host(launched: float = 0, **more: t.Any) -> dict[str, t.Any]:
    return {"id": "i-1", "type": "g6e.2xlarge", "launched_at": at(launched), **more}


def session(*hosts: dict[str, t.Any], prices: dict[str, t.Any] | None = PRICES) -> dict[str, t.Any]:
    quote = {"prices": prices, "source": "AWS"} if prices else None
    return {"started_at": at(0), "hosts": list(hosts), "quote": quote, "started_by": "alice"}


NLB = {"kind": "network load balancer", "id": "central-llm-nlb", "state": ""}


def test_a_session() -> None:
    receipt = session_receipt(session(host(1)), at(61), "bob", remaining=[NLB, {"kind": "NAT gateway", "id": "nat-1"}])
    assert (receipt["started_by"], receipt["ended_by"], receipt["ended_at"]) == ("alice", "bob", at(61))
    assert receipt["hosts"][0]["hours"] == 1
    assert receipt["usd"] == pytest.approx(2.8035 + (0.027 + 0.006) * 61 / 60, abs=0.001)
    assert [each["usd_per_month"] for each in receipt["remaining"]] == [19.71, None]
    assert receipt["left"] == [] and "quote" not in receipt


def test_a_host_that_was_lost_costs_until_it_was() -> None:
    receipt = session_receipt(session(host(ended_at=at(30)), host(30)), at(60), "bob")
    assert [each["hours"] for each in receipt["hosts"]] == [0.5, 0.5]


def instance(state: str, name: str = "i-1", reason: str = "") -> dict[str, t.Any]:
    facts = {"instance_id": name, "instance_type": "g6e.2xlarge", "launch_time": at(0)}
    return {**facts, "state": state, "state_transition_reason": reason}


GONE = instance("terminated", reason="User initiated (2026-11-23 08:30:00 GMT)")


@pytest.mark.parametrize(
    ("seen", "hours", "estimated"),
    [
        ([instance("running")], 10, False),
        ([instance("stopped")], 10, False),
        ([GONE], 0.5, False),
        # Nobody says when: at the latest when its lease had ended.
        ([instance("terminated")], 4 + 5 / 60, True),
        ([], 4 + 5 / 60, True),
    ],
)
def test_a_host_that_the_lease_ended_cost_no_more_than_it_ran(seen: t.Any, hours: float, estimated: bool) -> None:
    known = {**session(host()), "hours_wanted": 4}
    (ran,) = session_receipt(known, at(600), "bob", seen=seen)["hosts"]
    assert ran["hours"] == pytest.approx(hours, abs=0.001)
    assert ran.get("end_is_estimated", False) == estimated


def test_a_host_that_nobody_has_noted_counts_as_long_as_it_was_there() -> None:
    ended = "User initiated (2026-11-23 08:15:00 GMT)"
    seen = [instance("running"), instance("running", "i-2"), instance("terminated", "i-3", ended)]
    receipt = session_receipt(session(host()), at(60), "bob", seen=seen)
    assert [(ran["id"], ran["hours"]) for ran in receipt["hosts"]] == [("i-1", 1), ("i-2", 1), ("i-3", 0.25)]
    assert (receipt["ended_at"], receipt["ended_by"]) == (at(60), "bob")


def test_a_host_that_was_ended_just_now_ran_until_aws_says() -> None:
    over = instance("terminated", reason="User initiated (2026-11-23 08:59:54 GMT)")
    seen = [instance("running"), instance("running", "i-2")]
    receipt = session_receipt(session(host()), at(60), "bob", seen=seen, ended=[over])
    assert [(ran["id"], ran["hours"]) for ran in receipt["hosts"]] == [("i-1", 0.9983), ("i-2", 1)]
    # It was this run that ended it, six seconds before it wrote that down.
    assert (receipt["ended_at"], receipt["ended_by"], receipt["hours"]) == (at(60), "bob", 1)


def test_a_session_that_nobody_ended_was_over_with_its_last_host() -> None:
    receipt = session_receipt({**session(host()), "hours_wanted": 4}, at(6000), "bob", seen=[GONE])
    assert (receipt["ended_at"], receipt["hours"]) == (at(30), 0.5)
    assert "lease" in receipt["ended_by"] and "bob" not in receipt["ended_by"]
    assert receipt["usd"] == pytest.approx(0.5 * (2.8035 + 0.033), abs=0.001)


@pytest.mark.parametrize("known", [session(host(), prices=None), session(host(type="p5.48xlarge"))])
def test_without_a_price_it_costs_nobody_knows_what(known: dict[str, t.Any]) -> None:
    receipt = session_receipt(known, at(60), "bob")
    assert receipt["usd"] is None and receipt["hosts"][0]["hours"] == 1


def test_prices_may_be_given() -> None:
    assert session_receipt(session(host(), prices=None), at(60), "bob", prices=PRICES)["usd"] > 2.8


@given(st.floats(0, 10_000), st.floats(0, 10_000))
def test_it_never_costs_less_than_nothing(launched: float, ended: float) -> None:
    receipt = session_receipt(session(host(launched)), at(ended), "bob")
    assert receipt["usd"] >= 0 and receipt["hours"] > 0 and receipt["hosts"][0]["hours"] >= 0


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no time"):
        session_receipt(session(host()), "yesterday", "bob")
