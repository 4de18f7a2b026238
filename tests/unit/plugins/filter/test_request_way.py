from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.request_way import FilterModule, request_way
from hypothesis import given
from hypothesis import strategies as st

Resource = dict[str, t.Any]

NAMES = {"link": "s-link", "balancer": "s-nlb", "host": "s-host", "endpoint": ""}
# A group is not there, ours, or somebody else's.
STATES = st.sampled_from(["missing", "ours", "foreign"])


def group(name: str, state: str) -> Resource:
    tags = {"central-llm:stack": "s"} if state == "ours" else {"owner": "them"}
    return {"name": name, "group_id": f"sg-{name}", "description": f"as {name}", "tags": tags}


def found(**states: str) -> list[Resource]:
    return [group(NAMES[of], state) for of, state in states.items() if state != "missing"]


def way(there: list[Resource], names: dict[str, str] | None = None, **options: t.Any) -> Resource:
    return request_way(there, "s", {**NAMES, **(names or {})}, **{"port": 8000, **options})


def rules(of: str, plan: Resource) -> Resource:
    return next(rule for wanted, rule in zip(plan["groups"], plan["rules"], strict=True) if wanted["of"] == of)


def test_from_nothing() -> None:
    plan = way([])
    assert [each["name"] for each in plan["groups"]] == ["s-link", "s-nlb", "s-host"]
    assert {each["adopted"] for each in plan["groups"]} == {False}
    assert plan["ids"] == {"link": "", "balancer": "", "host": "", "endpoint": ""}
    assert rules("link", plan) == {
        "group_id": "sg-00000000",
        "egress": [{"from_port": 8000, "peer": "sg-00000000", "description": "the internal load balancer"}],
        "purge_ingress": True,
        "purge_egress": True,
    }
    assert rules("host", plan)["purge_ports"] == []


def test_ids_of_what_was_made_count_before_those_that_were_found() -> None:
    made = [{"item": {"of": "host", "name": "s-host"}, "security_group": {"group_id": "sg-made"}}]
    plan = way(found(host="ours", balancer="ours"), made=made)
    assert plan["ids"]["host"] == "sg-made"
    assert [peer["peer"] for peer in rules("balancer", plan)["egress"]] == ["sg-made"]
    assert [peer["peer"] for peer in rules("host", plan)["ingress"]] == ["sg-s-nlb"]


def test_what_was_made_for_another_stack_or_only_predicted_does_not_count() -> None:
    made = [
        {"item": {"of": "host", "name": "other-host"}, "security_group": {"group_id": "sg-other"}},
        {"item": {"of": "link", "name": "s-link"}, "security_group": {}},
        {"item": {"of": "balancer", "name": "s-nlb"}, "skipped": True},
    ]
    plan = way(found(host="ours", link="ours"), made=made)
    assert plan["ids"] == {"link": "sg-s-link", "balancer": "", "host": "sg-s-host", "endpoint": ""}


@given(STATES, STATES, STATES, st.booleans())
def test_only_our_own_groups_are_made_exact_unless_it_is_asked_for(
    link: str, balancer: str, host: str, purge: bool
) -> None:
    plan = way(found(link=link, balancer=balancer, host=host), purge=purge)
    for wanted, state in zip(plan["groups"], (link, balancer, host), strict=True):
        assert wanted["adopted"] is (state == "foreign")
        assert rules(wanted["of"], plan)["purge_ingress"] is (purge or state != "foreign")
        # AWS never changes a description, so that of a group that is there is the wanted one.
        assert wanted["description"].startswith("central.llm: " if state == "missing" else "as ")


@given(st.booleans(), st.booleans(), st.sampled_from([1, 2, "1", "2"]))
def test_the_balancer_lets_in_the_link_and_nobody_else(has_link: bool, has_balancer: bool, version: t.Any) -> None:
    names = {"link": "s-link" if has_link else "", "balancer": "s-nlb" if has_balancer else ""}
    plan = way([], names, link_version=version, subnet_cidrs=["10.0.1.0/24", "10.0.0.0/24"])
    assert [each["of"] for each in plan["groups"]] == [of for of in ("link", "balancer", "host") if names.get(of, "x")]
    if has_balancer:
        lets_in = [each["description"] for each in rules("balancer", plan)["ingress"]]
        assert lets_in == (["the VPC link of the gateway"] if has_link and int(version) == 2 else [])
    if has_link:
        assert len(rules("link", plan)["egress"]) == has_balancer
    peers = [each["peer"] for each in rules("host", plan)["ingress"]]
    assert peers == (["sg-00000000"] if has_balancer else ["10.0.0.0/24", "10.0.1.0/24"])


@pytest.mark.parametrize(
    ("cidrs", "ports", "lets_in"),
    [
        (None, [], []),
        ([], [22], []),
        (["192.0.2.0/24"], [22], [(22, "192.0.2.0/24")]),
        (["192.0.2.0/24", "192.0.2.0/24"], [22], [(22, "192.0.2.0/24")]),
    ],
    ids=["left-alone", "closed", "open", "twice"],
)
def test_ssh(cidrs: list[str] | None, ports: list[int], lets_in: list[tuple[int, str]]) -> None:
    host = rules("host", way([], ssh_cidrs=cidrs))
    assert host["purge_ports"] == ports
    assert [(each["from_port"], each["peer"]) for each in host["ingress"] if each["from_port"] == 22] == lets_in


def test_endpoints_take_the_hosts_requests() -> None:
    there = [group("s-endpoints", "foreign")]
    plan = way(there, {"endpoint": "s-endpoints"})
    assert plan["groups"][-1] == {
        "of": "endpoint",
        "name": "s-endpoints",
        # AWS keeps the description of a group for good, so that somebody else's is refused, not taken over.
        "description": "central.llm: the endpoints of the services of AWS",
        "adopted": False,
    }
    assert rules("endpoint", plan) == {
        "group_id": "sg-s-endpoints",
        "ingress": [{"from_port": 443, "peer": "sg-00000000", "description": "the hosts of the engine"}],
        "purge_ingress": True,
    }


def test_a_group_without_tags_is_somebody_elses() -> None:
    plan = way([{"name": "s-host", "group_id": "sg-1", "description": "theirs"}])
    assert plan["groups"][-1]["adopted"] is True


def test_bad_input() -> None:
    with pytest.raises(AnsibleFilterError, match="no group is called bastion"):
        way([], {"bastion": "x"})
    with pytest.raises(AnsibleFilterError, match="are numbers"):
        way([], port="http")


def test_the_filter_is_found_by_its_name() -> None:
    assert FilterModule().filters() == {"request_way": request_way}
