"""The evaluation of policies: conditions, negations, and what is not known."""

from __future__ import annotations

import typing as t

import pytest

from lab.compute.policy import decide, may_allow


def document(**statement: t.Any) -> dict[str, t.Any]:
    return {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", **statement}}


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:X": ["a", "b"]}}, {"aws:x": "b"}, True),
        ({"StringEquals": {"aws:X": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:X": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:X": "a"}}, {"aws:X": "b"}, False),
        ({"StringNotEquals": {"aws:X": "a"}}, {}, True),
        ({"StringNotEquals": {"aws:X": "a"}}, {"aws:X": "a"}, False),
        ({"ArnLike": {"aws:X": "arn:aws:*:role/y"}}, {"aws:X": "arn:aws:iam::1:role/y"}, True),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": "true"}, True),
        ({"Null": {"aws:X": "true"}}, {}, True),
        ({"Null": {"aws:X": "true"}}, {"aws:X": "a"}, False),
        ({"NumericLessThan": {"aws:X": "3"}}, {"aws:X": "2"}, False),
    ],
)
def test_conditions(condition: dict[str, t.Any], context: dict[str, str], holds: bool) -> None:
    decision = decide([document(Condition=condition)], "s3:GetObject", "arn:aws:s3:::x", context)
    assert decision == ("allowed" if holds else "implicitDeny")


def test_a_condition_that_is_not_known_refuses() -> None:
    unknown = {"NumericLessThan": {"aws:X": "3"}}
    denies = document(Effect="Deny", Condition=unknown)
    assert decide([document(), denies], "s3:GetObject", "*", {"aws:X": "5"}) == "explicitDeny"


def test_negated_elements() -> None:
    assert (
        decide([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], "s3:X", "*") == "allowed"
    )
    not_mine = {"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "arn:mine"}]}
    assert decide([not_mine], "s3:X", "arn:mine") == "implicitDeny"


def test_an_action_that_is_allowed_somewhere() -> None:
    narrow = document(Resource="arn:mine", Condition={"StringEquals": {"aws:X": "a"}})
    assert may_allow([narrow], "s3:GetObject")
    assert not may_allow([narrow], "s3:PutObject")
    assert not may_allow([narrow, document(Effect="Deny")], "s3:GetObject")
    # A denial of some resources leaves others.
    assert may_allow([narrow, document(Effect="Deny", Resource="arn:other")], "s3:GetObject")
