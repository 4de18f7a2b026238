"""What is ordered of the lab for a case, and what is required of the runs."""

from __future__ import annotations

import pytest

from tests.sweep import judge
from tests.sweep.cases import EVERYWHERE, Case, Draw, Place
from tests.sweep.faults import iam_action, orders, orders_of_draw
from tests.sweep.stack import Run

PLACE = Place("ec2", "CreateSecurityGroup", 2)


@pytest.mark.parametrize(
    ("place", "action"),
    [
        (PLACE, "ec2:CreateSecurityGroup"),
        (Place("elbv2", "CreateListener", 1), "elasticloadbalancing:CreateListener"),
        (Place("apigateway", "CreateRestApi", 1), "apigateway:POST"),
        (Place("apigatewayv2", "GetVpcLinks", 1), "apigateway:GET"),
    ],
)
def test_the_action_that_a_call_needs(place: Place, action: str) -> None:
    assert iam_action(place) == action


def test_a_denial_speaks_as_its_service_does() -> None:
    (fault,) = orders(Case("up", PLACE, "denied"))
    assert (fault["code"], fault["status"]) == ("UnauthorizedOperation", 403)
    assert "not authorized to perform: ec2:CreateSecurityGroup" in fault["message"]
    assert (fault["skip"], fault.get("times", 1), fault["caller"]) == (1, 1, "client")
    assert [each["times"] for each in orders(Case("up", PLACE, "denied-on"))] == [-1]


def test_an_answer_that_is_never_heard_is_lost_and_its_repetition_refused() -> None:
    assert [each["kind"] for each in orders(Case("up", PLACE, "lost"))] == ["lost"]
    assert [each["kind"] for each in orders(Case("up", PLACE, "unheard"))] == ["lost", "error"]
    drawn = orders_of_draw(Draw(7, "unheard"))
    assert [(each["service"], each["skip"], each["kind"]) for each in drawn] == [("*", 6, "lost"), ("*", 6, "error")]


@pytest.mark.parametrize("kind", ["throttled", "closed"])
def test_a_blanket_strikes_every_first_attempt(kind: str) -> None:
    (fault,) = orders(Case("up", EVERYWHERE, kind))
    assert (fault["every"], fault["times"]) == (2, -1)


DENIED = Case("up", PLACE, "denied")
NAMED = Run(2, "not authorized to perform:\n    ec2:CreateSecurityGroup")


@pytest.mark.parametrize(
    ("case", "run", "hosts", "complaint"),
    [
        (DENIED, NAMED, [], ""),
        (DENIED, Run(0, ""), ["i-1"], ""),
        (DENIED, Run(2, "no"), [], "nothing names"),
        (DENIED, NAMED, ["i-1"], "left running"),
        (DENIED, Run(0, ""), [], "succeeded with the hosts []"),
        (DENIED, Run(124, "ec2:CreateSecurityGroup"), [], "status 124"),
        (DENIED._replace(kind="denied-on"), Run(2, NAMED.output + " HOSTS MAY STILL RUN"), ["i-1"], ""),
        (DENIED._replace(kind="lost"), Run(2, "lost"), [], ""),
        (Case("up", EVERYWHERE, "throttled"), Run(2, "throttled"), [], "ride out"),
    ],
)
def test_what_a_faulted_run_has_to_show(case: Case, run: Run, hosts: list[str], complaint: str) -> None:
    found = judge.complaints_of_failure(case, run, hosts)
    assert len(found) == bool(complaint)
    assert all(complaint in each for each in found)


def test_no_output_shows_a_secret_or_a_crash() -> None:
    assert judge.complaints_of_output(Run(0, "fine"), ["s3cret", ""]) == []
    assert judge.complaints_of_output(Run(0, "the s3cret"), ["s3cret"]) == ["the output shows a secret"]
    assert len(judge.complaints_of_output(Run(2, "Traceback (most recent call last):"), [])) == 1


def test_a_second_one_is_noticed() -> None:
    expected = {"keys": ["a"], "links": ["b"]}
    assert judge.differences(expected, expected) == []
    assert judge.differences(expected, {"keys": ["a", "a"]}) == [
        "keys: ['a', 'a'] instead of ['a']",
        "links: [] instead of ['b']",
    ]
    assert judge.duplicates({"keys": ["a", "a"], "links": ["b"]}) == ["keys: ['a', 'a']"]


def test_the_tail_starts_at_the_failed_task_if_that_is_further_up() -> None:
    output = "\n".join(["ok"] * 5 + ["[ERROR]: it failed"] + ["skipped"] * 40)
    assert judge.tail(output).splitlines()[0] == "[ERROR]: it failed"
    assert len(judge.tail("\n".join(["ok"] * 100)).splitlines()) == 30
