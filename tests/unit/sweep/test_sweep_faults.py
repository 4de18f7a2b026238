"""What is ordered of the lab for a case, and what is required of the runs."""

from __future__ import annotations

import pytest

from tests.sweep import judge
from tests.sweep.cases import BLANKET_KINDS, Chain, Draw
from tests.sweep.faults import order, order_of_draw
from tests.sweep.stack import Run, Strike

DENIED = Chain("up", "denied")


def test_a_run_is_struck_once_where_none_was() -> None:
    found = order(Chain("up", "denied", 2, 3), ["b", "a"])
    assert (found["spare"], found["part"], found.get("times", 1)) == (["a", "b"], [2, 3], 1)
    assert (found["caller"], found["writes"], found["among"]) == ("client", False, [])
    assert order(DENIED, operation="ec2.CreateTags")["among"] == ["ec2.CreateTags"]


def test_only_a_write_has_an_answer_that_matters() -> None:
    assert order(Chain("up", "unheard"))["writes"] is order(Chain("up", "lost"))["writes"] is True


def test_what_is_refused_from_here_on_is_what_the_way_out_calls() -> None:
    found = order(Chain("up", "denied-on"), ending=["ecs.UpdateService", "ec2.TerminateInstances"])
    assert (found["kind"], found["holds"]) == ("denied", True)
    assert found["among"] == ["ec2.TerminateInstances", "ecs.UpdateService"]


@pytest.mark.parametrize("kind", BLANKET_KINDS)
def test_a_blanket_strikes_every_first_attempt(kind: str) -> None:
    found = order(Chain("up", kind), ["a"])
    assert (found["every"], found["times"], "spare" in found) == (2, -1, False)


def test_a_draw_counts_all_calls_of_clients() -> None:
    assert order_of_draw(Draw(7, "unheard")) == {"service": "*", "caller": "client", "skip": 6, "kind": "unheard"}


STRIKE = Strike("ec2.CreateSecurityGroup~00000000#1", "ec2:CreateSecurityGroup")
NAMED = Run(2, "not authorized to perform:\n    ec2:CreateSecurityGroup")


@pytest.mark.parametrize(
    ("chain", "run", "hosts", "complaint"),
    [
        (DENIED, NAMED, [], ""),
        (DENIED, NAMED._replace(status=0), ["i-1"], ""),
        (DENIED, Run(0, "fine"), ["i-1"], "nothing names"),
        (DENIED, Run(2, "no"), [], "nothing names"),
        (DENIED, NAMED, ["i-1"], "left running"),
        (DENIED, NAMED._replace(status=0), [], "succeeded with the hosts []"),
        (DENIED, Run(124, "ec2:CreateSecurityGroup"), [], "status 124"),
        (Chain("down", "denied"), NAMED._replace(status=0), [], ""),
        (Chain("up", "denied-on"), Run(2, NAMED.output + " HOSTS MAY STILL RUN"), ["i-1"], ""),
        (Chain("up", "unheard"), Run(2, "lost"), [], ""),
    ],
)
def test_what_a_struck_run_has_to_show(chain: Chain, run: Run, hosts: list[str], complaint: str) -> None:
    found = judge.complaints_of_failure(chain, STRIKE, run, hosts)
    assert len(found) == bool(complaint)
    assert all(complaint in each for each in found)


@pytest.mark.parametrize(
    ("output", "hosts", "complaint"),
    [
        ("", ["i-before"], ""),
        ("", ["i-before", "i-new"], "left running: ['i-new']"),
        (" The service did not come up, and nothing was left running.", ["i-before"], "left running: ['i-before']"),
    ],
)
def test_a_run_answers_for_its_own_hosts_or_for_all_that_it_says_it_ended(
    output: str, hosts: list[str], complaint: str
) -> None:
    run = NAMED._replace(output=NAMED.output + output)
    found = judge.complaints_of_failure(Chain("up", "denied-on"), STRIKE, run, hosts, ["i-before"])
    assert len(found) == bool(complaint)
    assert all(complaint in each for each in found)


def test_no_output_shows_a_secret_or_a_crash() -> None:
    assert judge.complaints_of_output(Run(0, "fine"), ["s3cret", ""]) == []
    assert judge.complaints_of_output(Run(0, "the s3cret"), ["s3cret"]) == ["the output shows a secret"]
    assert len(judge.complaints_of_output(Run(2, "Traceback (most recent call last):"), [])) == 1


QUIET = "TASK [role : Converge it] ****\nok: [localhost]\nlocalhost : ok=1 changed=0"
LOUD = """TASK [role : Converge it] ****
changed: [localhost] => (item=one)
TASK [role : And that] ****
changed: [localhost]
localhost : ok=2 changed=2"""


@pytest.mark.parametrize(
    ("run", "complaints"),
    [
        (Run(0, QUIET), []),
        (Run(0, LOUD), ["it changes: role : Converge it (item=one)", "it changes: role : And that"]),
        (Run(2, QUIET), ["it ended with the status 2 and 0 changes"]),
        (Run(0, "localhost : ok=2 changed=1"), ["it ended with the status 0 and 1 changes"]),
        (Run(0, "nothing"), ["it ended with the status 0 and -1 changes"]),
    ],
)
def test_each_change_of_a_run_that_has_nothing_to_do_is_named(run: Run, complaints: list[str]) -> None:
    assert judge.changes(run) == complaints


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
