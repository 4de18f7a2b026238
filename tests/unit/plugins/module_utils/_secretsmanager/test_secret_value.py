from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._secretsmanager import kms_key
from ansible_collections.central.llm.plugins.module_utils._secretsmanager.value import same, stored
from hypothesis import given
from hypothesis import strategies as st

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=10)
documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)),
    max_size=4,
)


@given(documents, st.booleans(), st.sampled_from([None, 2]))
def test_json_is_the_same_however_it_is_written(value: dict[str, t.Any], ascii_only: bool, indent: int | None) -> None:
    turned = dict(reversed(list(value.items())))
    assert same(value, json.dumps(turned, ensure_ascii=ascii_only, indent=indent))
    assert same(value, stored(value))
    assert json.loads(stored(value)) == value


@given(documents, documents)
def test_other_documents_differ(one: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    alike = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert same(one, stored(other)) == alike


@given(st.text(min_size=1, max_size=20))
def test_a_string_is_the_same_letter_by_letter(value: str) -> None:
    assert same(value, value)
    assert not same(value, value + " ")


def test_true_is_not_one() -> None:
    assert not same({"a": True}, '{"a": 1}')
    assert not same({"a": 1}, None)
    assert not same({"a": 1}, "no json")
    assert not same({"a": 1}, "[1]")


@pytest.mark.parametrize("value", ["", ["secret-part"], 12345678, True, "x" * 65537])
def test_what_cannot_be_stored_is_refused_without_telling_it(value: t.Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        stored(value)
    assert "secret-part" not in str(caught.value) and "12345678" not in str(caught.value)


ARN = "arn:aws:kms:eu-central-1:123456789012"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("abc-1", f"{ARN}:key/abc-1", True),
        ("alias/k", f"{ARN}:alias/k", True),
        ("alias/aws/secretsmanager", "", True),
        (f"{ARN}:alias/aws/secretsmanager", "", True),
        ("", f"{ARN}:key/abc-1", False),
        ("c-1", f"{ARN}:key/abc-1", False),
        ("alias/k", f"{ARN}:alias/other", False),
    ],
)
def test_the_names_of_a_key(one: str, other: str, expected: bool) -> None:
    assert kms_key.same(one, other) is kms_key.same(other, one) is expected
