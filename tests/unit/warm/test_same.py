from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.warm.same import Renaming, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_everything_is_the_same_as_itself(value: t.Any) -> None:
    assert differences(value, value, Renaming()) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sg-0123456789abcdef0", "sg-fedcba98765432100"),
        ("at 2026-11-24T10:00:00+00:00", "at 2026-11-25T11:30:07.123+00:00"),
        (
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a/b-SnnmkU",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a/b-jahzKx",
        ),
        ("6de55ef5-e332-4c8b-a316-a8267126c454", "5273042b-c10f-4015-9b27-fa15a6a42f76"),
    ],
)
def test_what_aws_makes_up_may_differ(one: str, other: str) -> None:
    assert differences(one, other, Renaming()) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, "1"),
        ([1], [1, 2]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ("status PENDING", "status AVAILABLE"),
        ("a b", "a-b"),
        # One group twice is not two groups.
        (["sg-0123456789abcdef0"] * 2, ["sg-fedcba98765432100", "sg-fedcba98765432101"]),
        (["sg-fedcba98765432100", "sg-fedcba98765432101"], ["sg-0123456789abcdef0"] * 2),
        # A word that stands for itself elsewhere is no id.
        (["region", "region"], ["region", "status"]),
    ],
)
def test_all_else_may_not(one: t.Any, other: t.Any) -> None:
    assert differences(one, other, Renaming()) != []
