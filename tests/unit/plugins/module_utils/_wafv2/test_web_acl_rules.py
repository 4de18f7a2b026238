from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._wafv2 import web_acl
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("/v1/\u00fc", b"/v1/\xc3\xbc"),
        ("base64:/w==", b"\xff"),
        ("base64:L3Yx", b"/v1"),
        ("base64:YmFzZTY0Og==", b"base64:"),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        lambda inner: inner,
        lambda inner: {"NotStatement": {"Statement": inner}},
        lambda inner: {
            "AndStatement": {"Statements": [{"GeoMatchStatement": {}}, {"OrStatement": {"Statements": [inner]}}]}
        },
        lambda inner: {"RateBasedStatement": {"Limit": 10, "ScopeDownStatement": inner}},
    ],
)
def test_what_aws_stores_is_what_is_given(text: str, stored: bytes, around: t.Callable[[t.Any], t.Any]) -> None:
    def rules(searched: t.Any) -> list[dict[str, t.Any]]:
        return [{"Name": "own", "Priority": 1, "Statement": around({"ByteMatchStatement": {"SearchString": searched}})}]

    asked, found = (web_acl.normal(rules(each), sampled=False) for each in (text, stored))
    assert asked == found
    assert web_acl.as_sent(asked)[0]["Statement"] == rules(stored)[0]["Statement"]


@given(st.binary())
def test_all_bytes_come_back(stored: bytes) -> None:
    rule = {"Name": "own", "Priority": 1, "Statement": {"ByteMatchStatement": {"SearchString": stored}}}
    (shown,) = web_acl.normal([rule], sampled=False)
    json.dumps(shown).encode()
    assert web_acl.as_sent(shown)["Statement"] == rule["Statement"]


def test_what_is_no_base64_is_refused() -> None:
    statement = {"NotStatement": {"Statement": {"ByteMatchStatement": {"SearchString": "base64:?"}}}}
    with pytest.raises(InvalidInput, match=r"rules\[0\]: SearchString is 'base64:\?'"):
        web_acl.check([{"Name": "own", "Priority": 1, "Action": {"Block": {}}, "Statement": statement}])
