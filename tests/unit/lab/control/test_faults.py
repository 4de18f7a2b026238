"""Which calls a fault strikes, and what then happens to them."""

from __future__ import annotations

import typing as t

import pytest
from moto.core.request import Request
from werkzeug.test import EnvironBuilder

from lab.control.call import Call, service_model
from lab.control.errors import AwsError
from lab.control.faults import ConnectionDropped, Faults, Strike
from lab.control.likeness import MOST_READS


def call(service: str, operation: str, **params: t.Any) -> Call:
    model = service_model(service)
    assert model is not None
    found = Call(Request(EnvironBuilder(method="POST").get_environ()), service, "eu-central-1", "key", operation)
    found.model, found.params, found.protocol = model.operation_model(operation), params, model.protocol
    return found


def struck(faults: Faults, *calls: Call) -> list[str]:
    """What happens to each, by the kind; empty where nothing does."""
    return [strike.kind if strike else "" for strike in map(faults.strike, calls)]


def group(name: str) -> Call:
    return call("ec2", "CreateSecurityGroup", GroupName=name, Description="x")


VPCS = call("ec2", "DescribeVpcs")


def test_as_often_as_ordered_and_only_where() -> None:
    faults = Faults()
    faults.order({"service": "ec2", "operation": "CreateSecurityGroup", "times": 2})
    assert struck(faults, VPCS, *3 * [group("a")]) == ["", "error", "error", ""]
    assert faults.all() == []


def test_what_was_struck_before_is_spared_and_nothing_else() -> None:
    faults = Faults()
    faults.order({"service": "*", "kind": "denied"})
    first = faults.strike(group("a"))
    assert first
    faults.order({"service": "*", "kind": "denied", "spare": [first.name]})
    # The second of the same likeness in one run is another call.
    assert struck(faults, group("a"), group("a")) == ["", "denied"]
    faults.order({"service": "*", "kind": "denied", "spare": [first.name]})
    assert struck(faults, group("a"), group("b")) == ["", "denied"]


def test_however_often_something_is_looked_at_it_has_few_names() -> None:
    faults = Faults()
    faults.order({"service": "*", "kind": "denied", "times": -1})
    names = {strike.name for strike in (faults.strike(VPCS) for _ in range(9)) if strike}
    assert len(names) == MOST_READS


def test_the_repetition_of_what_is_never_heard_is_refused() -> None:
    faults = Faults()
    faults.order({"service": "*", "kind": "unheard", "writes": True})
    assert struck(faults, VPCS, group("a"), group("b"), group("a"), group("a")) == ["", "lost", "", "denied", ""]
    assert faults.all() == []


def test_what_holds_strikes_all_later_ones_of_the_operation() -> None:
    faults = Faults()
    faults.order({"service": "*", "kind": "denied", "holds": True, "among": ["ec2.CreateSecurityGroup"]})
    assert struck(faults, VPCS, group("a"), VPCS, group("b"), group("a")) == ["", "denied", "", "denied", "denied"]


def test_each_call_is_in_one_of_the_parts() -> None:
    calls = [group(str(number)) for number in range(20)]
    hit = []
    for part in (1, 2, 3):
        faults = Faults()
        faults.order({"service": "*", "times": -1, "part": [part, 3]})
        hit.append([bool(kind) for kind in struck(faults, *calls)])
    assert all(sum(each) == 1 for each in zip(*hit, strict=True))


@pytest.mark.parametrize(
    ("service", "operation", "action", "code"),
    [
        ("ec2", "CreateSecurityGroup", "ec2:CreateSecurityGroup", "UnauthorizedOperation"),
        ("elbv2", "CreateListener", "elasticloadbalancing:CreateListener", "AccessDenied"),
        ("logs", "CreateLogGroup", "logs:CreateLogGroup", "AccessDeniedException"),
        ("apigateway", "CreateRestApi", "apigateway:POST", "AccessDeniedException"),
    ],
)
def test_a_denial_speaks_as_its_service_does(service: str, operation: str, action: str, code: str) -> None:
    denied = call(service, operation)
    strike = Strike("denied", "x")
    assert strike.told(denied)["action"] == action
    with pytest.raises(AwsError) as caught:
        strike.carry_out(denied)
    assert (caught.value.code, f"not authorized to perform: {action} on" in caught.value.message) == (code, True)


def test_what_happens_to_a_connection() -> None:
    assert Strike("lost", "x").carry_out(VPCS) is True
    with pytest.raises(ConnectionDropped):
        Strike("closed", "x").carry_out(VPCS)
