from __future__ import annotations

import typing as t

import pytest

from lab.compute.policy import allows, trusts

CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/c"


def document(effect: str = "Allow", **statement: t.Any) -> dict[str, t.Any]:
    return {"Statement": {"Effect": effect, "Resource": "*", **statement}}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], False),
        ([document(Action="ecs:*")], True),
        ([document(Action=["ecs:Poll", "ecs:Register*"])], True),
        ([document(Action="ECS:registercontainerinstance")], True),
        ([document(Action="ec2:*")], False),
        ([document(NotAction="ec2:*")], True),
        ([document(Action="ecs:*", Resource=f"{CLUSTER}*")], True),
        ([document(Action="ecs:*", Resource="arn:aws:ecs:*:*:cluster/other")], False),
        ([document(Action="ecs:*"), document("Deny", Action="ecs:RegisterContainerInstance")], False),
        ([document(Action="ecs:*", Condition={"ArnEquals": {"ecs:cluster": CLUSTER}})], True),
        ([document(Action="ecs:*", Condition={"ArnEquals": {"ecs:cluster": "arn:other"}})], False),
        ([document(Action="ecs:*", Condition={"DateLessThan": {"aws:CurrentTime": "2000-01-01"}})], False),
    ],
)
def test_evaluation(documents: list[dict[str, t.Any]], expected: bool) -> None:
    assert allows(documents, "ecs:RegisterContainerInstance", CLUSTER, {"ecs:cluster": CLUSTER}) is expected


def test_trust() -> None:
    policy = document(Principal={"Service": ["ec2.amazonaws.com"]}, Action="sts:AssumeRole")
    assert trusts(policy, "ec2.amazonaws.com")
    assert not trusts(policy, "ecs-tasks.amazonaws.com")
    assert not trusts({"Statement": []}, "ec2.amazonaws.com")
