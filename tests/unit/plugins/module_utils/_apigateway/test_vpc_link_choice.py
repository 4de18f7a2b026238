"""Which VPC link is meant, and whether it can be used."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import vpc_links
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput

FIXED = ("subnet_ids", "security_group_ids")


def link(link_id: str, subnets: str = "s1 s2", status: str = "AVAILABLE", name: str = "main") -> dict[str, t.Any]:
    return {
        "id": link_id,
        "name": name,
        "status": status,
        "status_message": "because",
        "subnet_ids": subnets.split(),
        "security_group_ids": ["g1"],
    }


def options(**given: t.Any) -> dict[str, t.Any]:
    names = ("id", "description", "subnet_ids", "security_group_ids", "target_arns")
    defaults = {"name": "main", "state": "present", "version": 2, "replace": False, "wait": True}
    return {**dict.fromkeys(names), **defaults, **given}


def found(links: list[dict[str, t.Any]], **given: t.Any) -> tuple[str | None, list[str], list[str]]:
    result = vpc_links.find(links, options(**given), FIXED)
    return (result.link and result.link["id"], result.others, result.leaving)


def test_order_and_what_is_not_given_make_no_difference() -> None:
    assert vpc_links.differences(link("a"), options(subnet_ids=["s2", "s1", "s2"]), FIXED) == []
    assert vpc_links.differences(link("a"), options(security_group_ids=["g2"]), FIXED) == ["security_group_ids"]


def test_a_single_link_is_found_by_its_name_however_it_looks() -> None:
    links = [link("a"), link("b", name="main-two")]
    assert found(links) == ("a", [], [])
    assert found(links, subnet_ids=["s9"]) == ("a", [], [])
    assert found(links, name="nothing") == (None, [], [])


def test_of_several_the_one_as_asked_for_is_meant() -> None:
    links = [link("old"), link("new", "s3 s4")]
    assert found(links, subnet_ids=["s4", "s3"]) == ("new", ["old"], [])
    assert found(links, subnet_ids=["s1", "s2"]) == ("old", ["new"], [])


@pytest.mark.parametrize("given", [{}, {"subnet_ids": ["s9"]}, {"state": "absent"}])
def test_several_that_cannot_be_told_apart_are_listed(given: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match=r"2 VPC links V2 named main: old \(AVAILABLE, .*; new \(.*give the id"):
        found([link("old"), link("new", "s3 s4")], **given)


def test_a_failed_link_steps_back_when_another_is_like_it_but_is_never_chosen_for_deletion() -> None:
    links = [link("failed", status="FAILED"), link("good")]
    assert found(links) == ("good", ["failed"], [])
    with pytest.raises(InvalidInput, match="give the id"):
        found(links, state="absent")


def test_links_that_are_being_deleted_are_named_apart() -> None:
    assert found([link("a", status="DELETING")]) == (None, [], ["a"])
    assert found([link("a", status="DELETING"), link("b")]) == ("b", [], ["a"])
    assert found([link("a", status="DELETING")], id="a", state="absent") == (None, [], ["a"])
    with pytest.raises(InvalidInput, match="being deleted"):
        found([link("a", status="DELETING")], id="a")


def test_the_id_wins_and_is_checked() -> None:
    links = [link("a"), link("b")]
    assert found(links, id="b") == ("b", ["a"], [])
    assert found(links, id="b", name=None) == ("b", ["a"], [])
    assert found(links, id="c", state="absent") == (None, [], [])
    with pytest.raises(InvalidInput, match="no VPC link V2 with the id c"):
        found(links, id="c")
    with pytest.raises(InvalidInput, match="named main, not other"):
        found(links, id="a", name="other", state="absent")


def test_a_replaced_id_leads_to_the_link_that_replaced_it() -> None:
    links = [link("old"), link("new", "s3 s4")]
    asked = {"id": "old", "name": None, "subnet_ids": ["s3", "s4"], "replace": True}
    assert found(links[:1], **asked) == ("old", [], [])
    assert found(links, **asked) == ("new", ["old"], [])
    assert found(links, **{**asked, "replace": False}) == ("old", ["new"], [])
    # One that failed takes nobody's place.
    assert found([links[0], link("new", "s3 s4", "FAILED")], **asked) == ("old", ["new"], [])


@pytest.mark.parametrize(
    ("status", "given", "words"),
    [
        ("AVAILABLE", {"subnet_ids": ["s9"]}, "subnet_ids is s1, s2, asked for is s9.*replace: true"),
        ("FAILED", {}, "is FAILED: because"),
        ("FAILED", {"subnet_ids": ["s9"]}, "is FAILED: because"),
        ("INACTIVE", {}, "is INACTIVE: because.*60 days.*Send a request"),
    ],
)
def test_a_link_that_cannot_be_used_says_why(status: str, given: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        vpc_links.check_usable(link("a", status=status), options(**given), FIXED)


@pytest.mark.parametrize(("status", "wait"), [("AVAILABLE", True), ("PENDING", True), ("INACTIVE", False)])
def test_a_link_that_can_be_used_or_waited_for_passes(status: str, wait: bool) -> None:
    vpc_links.check_usable(link("a", status=status), options(wait=wait), FIXED)


@pytest.mark.parametrize(
    ("given", "fixed", "words"),
    [
        ({"target_arns": ["arn"]}, FIXED, "V2 has no target_arns"),
        ({"description": "x"}, FIXED, "V2 has no description"),
        ({"subnet_ids": ["s"], "version": 1}, ("target_arns",), "V1 has no subnet_ids"),
        ({"target_arns": ["a", "b"], "version": 1}, ("target_arns",), "exactly one target"),
        ({"target_arns": [], "version": 1}, ("target_arns",), "exactly one target"),
        ({"subnet_ids": []}, FIXED, "subnet_ids is empty"),
        ({"security_group_ids": []}, FIXED, "security_group_ids is empty"),
        ({"subnet_ids": [f"s{number}" for number in range(11)]}, FIXED, "at most 10"),
    ],
)
def test_bad_input_says_what_is_wrong(given: dict[str, t.Any], fixed: tuple[str, ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        vpc_links.validate(options(**given), fixed)
