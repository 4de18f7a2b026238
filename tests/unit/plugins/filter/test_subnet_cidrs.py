from __future__ import annotations

import ipaddress
import itertools

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.subnet_cidrs import FilterModule, subnet_cidrs
from hypothesis import given
from hypothesis import strategies as st

prefixes = st.integers(16, 24)
counts = st.integers(0, 8)


@st.composite
def vpc_ranges(draw: st.DrawFn) -> str:
    prefix = draw(prefixes)
    address = draw(st.integers(0, 2**prefix - 1)) << (32 - prefix)
    return f"{ipaddress.IPv4Address(address)}/{prefix}"


@given(vpc_ranges(), counts, counts)
def test_subnets_lie_in_the_range_and_never_meet(vpc: str, front: int, end: int) -> None:
    made = [ipaddress.IPv4Network(one) for one in subnet_cidrs(vpc, front) + subnet_cidrs(vpc, end, from_end=True)]
    assert len(made) == front + end
    assert all(one.subnet_of(ipaddress.IPv4Network(vpc)) for one in made)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(made, 2))


@given(vpc_ranges(), counts)
def test_aws_takes_them(vpc: str, count: int) -> None:
    assert all(16 <= ipaddress.IPv4Network(one).prefixlen <= 28 for one in subnet_cidrs(vpc, count))


@given(vpc_ranges(), counts, counts, st.booleans())
def test_a_further_subnet_moves_none(vpc: str, one: int, other: int, from_end: bool) -> None:
    few, many = sorted((one, other))
    assert subnet_cidrs(vpc, many, from_end)[:few] == subnet_cidrs(vpc, few, from_end)


def test_what_it_looks_like() -> None:
    assert subnet_cidrs("10.42.0.0/16", 2) == ["10.42.0.0/20", "10.42.16.0/20"]
    assert subnet_cidrs("10.42.0.0/16", 1, from_end=True) == ["10.42.240.0/20"]
    assert FilterModule().filters() == {"subnet_cidrs": subnet_cidrs}


@pytest.mark.parametrize(
    ("vpc", "count", "message"),
    [
        ("10.42.0.0/25", 1, "cannot be divided"),
        ("10.0.0.0/8", 1, "cannot be divided"),
        ("10.42.0.1/16", 1, "no IPv4 range"),
        ("2001:db8::/56", 1, "no IPv4 range"),
        ("10.42.0.0/16", 9, "0 to 8"),
        ("10.42.0.0/16", -1, "0 to 8"),
    ],
)
def test_what_cannot_be_done_is_refused(vpc: str, count: int, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        subnet_cidrs(vpc, count)
