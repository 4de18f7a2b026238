from __future__ import annotations

import datetime
import email.utils
import typing as t

import botocore.session
import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError
from ansible_collections.central.llm.plugins.module_utils._ec2 import fleet
from ansible_collections.central.llm.plugins.module_utils._ec2.ladder import (
    NOT_OFFERED,
    Rung,
    client_token,
    fleet_request,
    refusals,
    split_offered,
    started,
)
from botocore.validate import ParamValidator

A = Rung("g6e.2xlarge", "subnet-a", "on-demand")
B = Rung("g6e.2xlarge", "subnet-b", "spot")
PERIOD = 300


def token(rung: Rung = A, count: int = 1, position: int = 0, attempt: int = 0, **facts: t.Any) -> str:
    return client_token(rung, count, position, attempt, **{"now": 1000 * PERIOD, "known": ["i-1"], **facts})


def test_the_token_is_the_same_for_the_same_request_in_the_same_situation() -> None:
    assert token() == token(now=1000 * PERIOD + PERIOD - 1)
    assert len(token()) <= 64


def test_the_token_differs_with_whatever_differs() -> None:
    others = [
        token(B),
        token(count=2),
        token(position=1),
        token(attempt=1),
        token(now=1001 * PERIOD),
        token(known=["i-1", "i-2"]),
        token(known=[]),
        token(filters={"a": "b"}),
    ]
    assert len({token(), *others}) == len(others) + 1


def test_rungs_that_are_not_offered_are_left_out_with_the_reason() -> None:
    possible, left_out = split_offered(
        [B, A], {"subnet-a": "eu-central-1a", "subnet-b": "eu-central-1b"}, {"g6e.2xlarge": {"eu-central-1a"}}
    )
    assert possible == [A]
    assert [(attempt.rung, attempt.error_code) for attempt in left_out] == [(B, NOT_OFFERED)]
    assert "offered in eu-central-1a" in left_out[0].error_message
    _possible, left_out = split_offered([A], {"subnet-a": "eu-central-1a"}, {"g6e.2xlarge": set()})
    assert "no zone of this region" in left_out[0].error_message


def test_the_request_fits_awss_model() -> None:
    request = fleet_request(B, 2, template="template", version="3", tags={"b": "2", "a": "1"}, token=token())
    shape = botocore.session.get_session().get_service_model("ec2").operation_model("CreateFleet").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert request["TargetCapacitySpecification"] == {"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "spot"}
    assert len(request["LaunchTemplateConfigs"][0]["Overrides"]) == 1


def test_each_reason_is_told_once() -> None:
    error = {"ErrorCode": "InsufficientInstanceCapacity", "ErrorMessage": "none left"}
    answer = {"Errors": [error, dict(error), {"ErrorCode": "X", "ErrorMessage": "y"}], "Instances": []}
    assert [attempt.error_code for attempt in refusals(A, answer)] == ["InsufficientInstanceCapacity", "X"]
    assert started({"Instances": [{"InstanceIds": ["i-1", "i-2"]}, {"InstanceIds": ["i-3"]}]}) == ["i-1", "i-2", "i-3"]


class Ec2:
    """A client that answers CreateFleet from a list, and says how old the last fleet is."""

    def __init__(self, *answers: dict[str, t.Any], ages: t.Sequence[float] = ()) -> None:
        self.answers, self.ages, self.tokens = list(answers), list(ages), []

    def create_fleet(self, **request: t.Any) -> dict[str, t.Any]:
        self.tokens.append(request["ClientToken"])
        return self.answers.pop(0)

    def describe_fleets(self, FleetIds: list[str]) -> dict[str, t.Any]:
        now = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)
        created = now - datetime.timedelta(seconds=self.ages.pop(0))
        date = email.utils.format_datetime(now, usegmt=True)
        return {"Fleets": [{"CreateTime": created}], "ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def refused(code: str) -> dict[str, t.Any]:
    return {"FleetId": "fleet-1", "Errors": [{"ErrorCode": code, "ErrorMessage": "why"}], "Instances": []}


def launch(*rungs: Rung, count: int = 1) -> fleet.Launch:
    return fleet.Launch(list(rungs), [], count, "lt", "1", {}, {})


@pytest.fixture(autouse=True)
def visible_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "wait_visible", lambda *args, **options: None)


def test_a_fresh_refusal_is_final() -> None:
    client = Ec2(refused("InsufficientInstanceCapacity"), ages=[0.5])
    with pytest.raises(fleet.NotEnough, match="InsufficientInstanceCapacity: why"):
        fleet.launch_missing(client, launch(A), timeout=1)
    assert len(client.tokens) == 1


def test_an_old_refusal_is_asked_for_again_with_another_token() -> None:
    client = Ec2(
        refused("UnauthorizedOperation"), {"FleetId": "fleet-2", "Instances": [{"InstanceIds": ["i-1"]}]}, ages=[90]
    )
    assert fleet.launch_missing(client, launch(A), timeout=1) == (["i-1"], [])
    assert len(set(client.tokens)) == 2


def test_a_denial_inside_the_answer_ends_the_climb() -> None:
    client = Ec2(refused("UnauthorizedOperation"), ages=[0])
    with pytest.raises(AwsCallError, match="ec2:RunInstances"):
        fleet.launch_missing(client, launch(A, B), timeout=1)
    assert len(client.tokens) == 1


def test_what_one_rung_lacks_the_next_gives() -> None:
    first = {**refused("InsufficientInstanceCapacity"), "Instances": [{"InstanceIds": ["i-1"]}]}
    second = {"FleetId": "fleet-2", "Instances": [{"InstanceIds": ["i-2"]}]}
    new, attempts = fleet.launch_missing(Ec2(first, second), launch(A, B, count=2), timeout=1)
    assert new == ["i-1", "i-2"]
    assert [attempt.rung for attempt in attempts] == [A]


def test_too_few_is_a_failure_that_names_those_that_run() -> None:
    first = {**refused("InsufficientInstanceCapacity"), "Instances": [{"InstanceIds": ["i-1"]}]}
    with pytest.raises(fleet.NotEnough, match=r"only 1 \(i-1\)") as caught:
        fleet.launch_missing(Ec2(first), launch(A, count=2), timeout=1)
    assert caught.value.instance_ids == ["i-1"]
