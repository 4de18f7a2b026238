from __future__ import annotations

import typing as t

import pytest

HOUR = {"g6e.2xlarge": 2.8035, "g6e.xlarge": 2.327}


@pytest.fixture
def price_info(run_module: t.Any) -> t.Any:
    return run_module("price_info")


def test_each_price_is_that_of_one_product(price_info: t.Any, faults: t.Any) -> None:
    outcome = price_info.ok(instance_types=["g6e.2xlarge", "g6e.xlarge", "g6e.2xlarge"])
    assert not outcome.changed
    assert outcome["prices"] == {
        "instance_hour": HOUR,
        "network_lb_hour": 0.027,
        "network_lb_capacity_unit_hour": 0.006,
        "gp3_gib_month": 0.0952,
        "gp3_iops_month": 0.006,
        "gp3_mibps_month": pytest.approx(0.0476),
        "public_ipv4_hour": 0.005,
        "rest_api_request": pytest.approx(0.0000037),
    }
    product = outcome["products"]["g6e.2xlarge"]
    assert product["usage_type"] == "EUC1-BoxUsage:g6e.2xlarge" and product["effective_date"].startswith("2026-")
    # One question for all of a volume, one for both of a balancer, and one for each type.
    assert faults.calls() == ["GetProducts"] * 6
    assert price_info.ok(check=True, instance_types=["g6e.2xlarge"])["prices"]["instance_hour"]["g6e.2xlarge"] == 2.8035


def test_a_region_is_asked_about_where_the_api_answers(price_info: t.Any, faults: t.Any) -> None:
    # The lab lists the prices of one region.
    message = price_info.refused(region="eu-west-3", instance_types=["g6e.2xlarge"])
    assert "has 0 products for" in message and "'regionCode'" not in message
    assert {call["region"] for call in faults.seen()} == {"eu-central-1"}


def test_a_type_that_nobody_sells_is_named(price_info: t.Any) -> None:
    message = price_info.refused(instance_types=["g9.mega"])
    assert "0 products for g9.mega" in message and "Candidates: none" in message


def test_denied(price_info: t.Any, faults: t.Any) -> None:
    faults.add("pricing", "GetProducts", "AccessDeniedException", times=-1)
    outcome = price_info(instance_types=["g6e.2xlarge"])
    assert outcome.failed and outcome["error_code"] == "AccessDeniedException"
    assert "pricing:GetProducts" in outcome["msg"]


def test_throttled(price_info: t.Any, faults: t.Any) -> None:
    faults.add("pricing", "GetProducts", "ThrottlingException", times=2)
    assert price_info.ok(instance_types=["g6e.2xlarge"])["prices"]["instance_hour"]
