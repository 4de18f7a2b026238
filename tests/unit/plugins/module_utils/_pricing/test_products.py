from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._pricing.products import (
    PRODUCTS,
    NoSinglePrice,
    endpoint_region,
    instance,
    price_of,
)
from hypothesis import given
from hypothesis import strategies as st

NLB = PRODUCTS["network_lb_hour"]
CENTS = st.integers(min_value=1, max_value=10**7)


def document(usage_type: str, usd: str = "0.0270000000", unit: str = "Hrs", **changes: t.Any) -> str:
    dimension = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}, **changes}
    term = {"priceDimensions": {"rate": dimension}, "effectiveDate": "2026-11-01T00:00:00Z"}
    product = {"sku": f"SKU-{usage_type}", "attributes": {"usagetype": usage_type}}
    return json.dumps({"product": product, "terms": {"OnDemand": {"term": term}}})


@given(CENTS, st.sampled_from(["", "EUC1-", "EU-", "USE1-", "APS3-", "UGW1-"]))
def test_the_price_is_read_whatever_the_region(cents: int, prefix: str) -> None:
    usd = f"{cents / 100:.10f}"
    price = price_of("nlb", NLB, [document(f"{prefix}LoadBalancerUsage", usd), document(f"{prefix}LCUUsage", "0.006")])
    assert price.usd == pytest.approx(cents / 100)
    assert price.usage_type == f"{prefix}LoadBalancerUsage"


@given(st.lists(st.sampled_from(["TS-", "Outposts-", "Reserved", "x", "EUC1-x-"]), unique=True))
def test_what_looks_alike_is_not_taken(prefixes: list[str]) -> None:
    texts = [document(f"{prefix}LoadBalancerUsage") for prefix in prefixes]
    with pytest.raises(NoSinglePrice, match="0 products") as caught:
        price_of("nlb", NLB, texts)
    # Who reads it sees what there was instead.
    assert all(f"SKU-{prefix}LoadBalancerUsage" in str(caught.value) for prefix in prefixes)


def test_two_that_match_are_both_named() -> None:
    with pytest.raises(NoSinglePrice, match=r"2 products.*SKU-EUC1-Load.*SKU-LoadBalancerUsage"):
        price_of("nlb", NLB, [document("EUC1-LoadBalancerUsage"), document("LoadBalancerUsage")])


@pytest.mark.parametrize("usd", ["0.0000000000", "-1", "NaN", "Infinity", "none"])
def test_what_is_no_price_is_refused(usd: str) -> None:
    with pytest.raises(NoSinglePrice, match="cannot be read"):
        price_of("nlb", NLB, [document("LoadBalancerUsage", usd)])


@pytest.mark.parametrize(
    "changes", [{"unit": "LCU-Hrs"}, {"pricePerUnit": {"CNY": "1.0"}}], ids=["another-unit", "another-currency"]
)
def test_another_unit_or_currency_is_refused(changes: dict[str, t.Any]) -> None:
    with pytest.raises(NoSinglePrice, match="cannot be read"):
        price_of("nlb", NLB, [document("LoadBalancerUsage", **changes)])


def test_the_first_of_several_steps_counts() -> None:
    steps = {
        "later": {"unit": "Requests", "beginRange": "333000000", "pricePerUnit": {"USD": "0.0000028"}},
        "first": {"unit": "Requests", "beginRange": "0", "pricePerUnit": {"USD": "0.0000035"}},
    }
    product = {"sku": "S", "attributes": {"usagetype": "USE1-ApiGatewayRequest"}}
    text = json.dumps({"product": product, "terms": {"OnDemand": {"t": {"priceDimensions": steps}}}})
    assert price_of("x", PRODUCTS["rest_api_request"], [text]).usd == pytest.approx(0.0000035)


# AWS lists a GiB/s, and volumes are made in MiB/s.
def test_throughput_is_told_in_mib_a_second() -> None:
    text = document("EUC1-EBS:VolumeP-Throughput.gp3", "48.7424", "GiBps-mo")
    assert price_of("x", PRODUCTS["gp3_mibps_month"], [text]).usd == pytest.approx(0.0476)


def test_an_instance_is_meant_by_its_whole_name() -> None:
    texts = [document("EUC1-BoxUsage:g6e.2xlarge", "2.8035"), document("EUC1-BoxUsage:g6e.2xlarge-flex", "9.9")]
    assert price_of("g6e.2xlarge", instance("g6e.2xlarge"), texts).usd == 2.8035
    with pytest.raises(NoSinglePrice):
        price_of("g6e", instance("g6e"), texts)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-central-1", "eu-central-1"),
        ("eu-west-3", "eu-central-1"),
        ("ap-southeast-2", "ap-south-1"),
        ("me-south-1", "eu-central-1"),
        ("us-west-2", "us-east-1"),
        ("sa-east-1", "us-east-1"),
        ("ca-central-1", "us-east-1"),
    ],
)
def test_the_nearest_endpoint_is_asked(region: str, endpoint: str) -> None:
    assert endpoint_region(region) == endpoint
