from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.session_quote import session_quote
from hypothesis import given
from hypothesis import strategies as st

PRICES: dict[str, t.Any] = {
    "instance_hour": {"g6e.2xlarge": 2.8035, "g6e.4xlarge": 3.75651},
    "network_lb_hour": 0.027,
    "network_lb_capacity_unit_hour": 0.006,
    "gp3_gib_month": 0.0952,
    "gp3_iops_month": 0.006,
    "gp3_mibps_month": 0.0476,
    "public_ipv4_hour": 0.005,
    "rest_api_request": 0.0000037,
}
HOURS = st.floats(min_value=0.01, max_value=168, allow_nan=False)


def quote(
    hosts: int = 1, hours: float = 8, types: tuple[str, ...] = ("g6e.2xlarge",), **more: t.Any
) -> dict[str, t.Any]:
    return session_quote(PRICES, [{"types": list(types), "hours": hours}] * hosts, hours, **more)


def test_a_working_day() -> None:
    found = quote(volume_gib=100, volume_mibps=500, public_addresses=True, requests_per_hour=600)
    expected = {
        "8 host hours of g6e.2xlarge": 8 * 2.8035,
        "volumes of 100 GiB": 100 * 0.0952 * 8 / 730,
        "their 500 MiB/s": 375 * 0.0476 * 8 / 730,
        "public addresses": 8 * 0.005,
        "network load balancer": 8 * 0.027,
        "its capacity unit": 8 * 0.006,
        "4800 requests": 4800 * 0.0000037,
    }
    assert {line["what"]: line["usd"] for line in found["lines"]} == pytest.approx(expected, abs=0.0001)
    assert found["usd"] == pytest.approx(sum(expected.values()), abs=0.001)
    assert found["usd_per_month_after"] == 19.71


def test_hosts_that_nothing_is_sent_to_have_no_balancer() -> None:
    found = quote(volume_gib=100, load_balancer=False)
    assert not any("balancer" in line["what"] or "capacity" in line["what"] for line in found["lines"])
    assert found["usd_per_month_after"] == 0
    assert found["usd"] < quote(volume_gib=100)["usd"]


@given(st.integers(min_value=1, max_value=5), HOURS)
def test_the_lines_add_up(hosts: int, hours: float) -> None:
    found = quote(hosts, hours, volume_gib=100, volume_iops=4000)
    assert found["usd"] == pytest.approx(sum(line["usd"] for line in found["lines"]), abs=0.001)
    assert found["usd_per_hour"] * hours == pytest.approx(found["usd"], abs=0.0001 * max(hours, 1))


@given(HOURS, HOURS)
def test_longer_costs_more(one: float, other: float) -> None:
    assert quote(hours=min(one, other))["usd"] <= quote(hours=max(one, other))["usd"]


def test_a_ladder_is_quoted_by_its_dearest_rung() -> None:
    found = quote(types=("g6e.2xlarge", "g6e.4xlarge"))
    assert found["lines"][0]["what"] == "8 host hours of g6e.4xlarge"


def test_what_ran_is_quoted_by_what_it_was() -> None:
    ran = [{"types": ["g6e.2xlarge"], "hours": 2}, {"types": ["g6e.4xlarge"], "hours": 0.5}]
    lines = session_quote(PRICES, ran, 2)["lines"]
    assert [line["usd"] for line in lines[:2]] == [5.607, 1.8783]


def test_what_is_not_used_needs_no_price() -> None:
    few = {name: PRICES[name] for name in ("instance_hour", "network_lb_hour", "network_lb_capacity_unit_hour")}
    assert session_quote(few, [{"types": ["g6e.2xlarge"], "hours": 1}], 1)["usd"] == pytest.approx(2.8365)
    with pytest.raises(AnsibleFilterError, match="no price for gp3_gib_month"):
        session_quote(few, [{"types": ["g6e.2xlarge"], "hours": 1}], 1, volume_gib=10)


def test_a_type_without_a_price_is_never_free() -> None:
    with pytest.raises(AnsibleFilterError, match=r"no price for p5\.48xlarge"):
        quote(types=("g6e.2xlarge", "p5.48xlarge"))


@pytest.mark.parametrize("hours", [0, -1])
def test_no_time_is_no_session(hours: float) -> None:
    with pytest.raises(AnsibleFilterError):
        quote(hours=hours)
