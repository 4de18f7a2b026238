from __future__ import annotations

import copy
import json
import typing as t
from urllib.parse import quote

import pytest
from ansible_collections.central.llm.plugins.module_utils._iam import documents
from ansible_collections.central.llm.plugins.module_utils._iam.role import inline_policies
from hypothesis import given
from hypothesis import strategies as st

words = st.text("abcdefgh:*", min_size=1, max_size=6)
lists = st.lists(words, min_size=1, max_size=4)
conditions = st.dictionaries(st.sampled_from(["StringEquals", "ArnLike"]), st.dictionaries(words, lists, max_size=2))
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": lists, "Resource": lists},
    optional={"Sid": words, "Condition": conditions, "Principal": st.dictionaries(words, lists, min_size=1)},
)
policies = st.builds(
    lambda found: {"Version": "2012-10-17", "Statement": found}, st.lists(statements, min_size=1, max_size=4)
)


def rewritten(value: t.Any, key: str = "") -> t.Any:
    """The same document as somebody else would write it."""
    if isinstance(value, dict):
        return {name: rewritten(item, name) for name, item in reversed(list(value.items()))}
    if isinstance(value, list):
        items = [rewritten(item) for item in reversed(value)]
        if key == "Action":
            items = [item.upper() for item in items]
        return items[0] if len(items) == 1 else items
    return value


@given(policies)
def test_order_and_writing_mean_nothing(document: dict[str, t.Any]) -> None:
    assert documents.same(document, rewritten(document))
    assert documents.canonical(documents.canonical(document)) == documents.canonical(document)


@given(policies, st.data())
def test_another_effect_is_another_document(document: dict[str, t.Any], data: st.DataObject) -> None:
    other = copy.deepcopy(document)
    statement = data.draw(st.sampled_from(other["Statement"]))
    statement["Action"] = [*statement["Action"], "zz:Extra"]
    assert not documents.same(document, other)


@given(policies)
def test_what_iam_returns_is_read(document: dict[str, t.Any]) -> None:
    assert documents.parse(quote(json.dumps(document))) == document
    assert documents.parse(document) == document
    assert documents.size(document) == documents.size(json.loads(json.dumps(document, indent=8)))
    assert documents.problem(document) == ""


def test_an_account_is_its_root() -> None:
    one = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}}
    other = {
        "Statement": [
            {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]}}
        ]
    }
    assert documents.same(one, other)


def test_the_language_version_is_part_of_the_meaning() -> None:
    statement = {"Effect": "Allow", "Action": "a:b", "Resource": "*"}
    assert not documents.same({"Statement": statement}, {"Version": "2012-10-17", "Statement": statement})


def test_nothing_is_like_nothing() -> None:
    assert documents.same(None, {})
    assert not documents.same(None, {"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("text", "no dictionary"),
        ({}, "no Statement"),
        ({"Statement": ["x"]}, "statement 1 is no dictionary"),
        ({"Statement": [{"Effect": "Allow", "Action": "a:b"}, {"Effect": "allow"}]}, "statement 2 has an Effect"),
        ({"Statement": {"Effect": "Deny"}}, "names no Action"),
    ],
)
def test_what_is_no_document(document: t.Any, words: str) -> None:
    assert words in documents.problem(document)


def test_inline_policies_are_merged_replaced_and_removed() -> None:
    a, b, c = ({"Statement": {"Effect": "Allow", "Action": name, "Resource": "*"}} for name in ("a:x", "b:x", "c:x"))
    same_b = {"Statement": [{"Effect": "Allow", "Action": ["B:x"], "Resource": ["*"]}]}
    assert inline_policies({"a": a, "b": b}, {"b": same_b, "c": c}, purge=False) == {"a": a, "b": b, "c": c}
    assert inline_policies({"a": a, "b": b}, {"b": {}, "x": None}, purge=False) == {"a": a}
    assert inline_policies({"a": a, "b": b}, {"c": c}, purge=True) == {"c": c}
