from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._tagging.arns import named
from ansible_collections.central.llm.plugins.module_utils._tagging.lasting import PASSING, lasting, unasked
from hypothesis import given
from hypothesis import strategies as st

AT = "eu-central-1:123456789012"
GROUP = f"arn:aws:ec2:{AT}:security-group/sg-1"
STAGE = "arn:aws:apigateway:eu-central-1::/restapis/abc/stages/prod"
SERVICE = f"arn:aws:ecs:{AT}:service/cluster/engine"
LOG = f"arn:aws:logs:{AT}:log-group:/ecs/engine"
ACL = f"arn:aws:wafv2:{AT}:regional/webacl/central-llm/1234"
HOST = f"arn:aws:ec2:{AT}:instance/i-1"


def of(arn: str) -> dict[str, t.Any]:
    return {"arn": arn, **named(arn)._asdict()}


def known(name: str, found: str = "") -> dict[str, t.Any]:
    return {"kind": "any", "name": name, "id": found}


def test_what_comes_and_goes_does_not_last() -> None:
    assert [each["arn"] for each in lasting([of(HOST), of(GROUP), of(LOG)])] == [GROUP, LOG]


@pytest.mark.parametrize(
    ("arn", "entry"),
    [
        (GROUP, known("central-llm-nlb-sg", "sg-1")),
        (STAGE, known("prod")),
        (SERVICE, known("engine", SERVICE)),
        (SERVICE, known("engine")),
        (LOG, known("/ecs/engine")),
        (ACL, known("central-llm")),
        (ACL, known("another", "1234")),
    ],
)
def test_what_is_known_by_any_of_its_names_is_asked_for(arn: str, entry: dict[str, t.Any]) -> None:
    assert unasked([of(arn)], [entry]) == []
    assert [each["arn"] for each in unasked([of(arn)], [known("other", "other-1")])] == [arn]


def test_what_belongs_to_something_known_is_not_known_by_that() -> None:
    resources = [of(SERVICE), of(STAGE)]
    assert unasked(resources, [known("cluster"), known("central-llm-rest-api", "abc")]) == resources


def test_an_id_that_is_not_there_is_nobodys() -> None:
    """A room has no id of what is missing, and an ARN may end with nothing."""
    strange = {"arn": "arn:aws:x:::thing/", "service": "x", "type": "thing", "id": "of/"}
    assert unasked([strange], [known("", "")]) == [strange]


RESOURCES = st.lists(st.sampled_from([GROUP, STAGE, SERVICE, LOG, ACL, HOST]).map(of))
KNOWN = st.lists(st.builds(known, st.text(max_size=8), st.sampled_from(["", "sg-1", SERVICE, "1234"])))


@given(RESOURCES, KNOWN)
def test_what_is_known_by_its_arn_is_never_unasked(resources: list[t.Any], entries: list[t.Any]) -> None:
    found = unasked(resources, entries)
    assert all(each in resources and each["type"] not in PASSING for each in found)
    assert unasked(resources, entries + [known("it", each["arn"]) for each in found]) == []
    # Knowing more never makes more of them.
    assert [each for each in unasked(resources, [*entries, known("prod")]) if each not in found] == []
