from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._wafv2 import web_acl


@pytest.mark.parametrize(("text", "stored"), [("/v1/\u00fc", b"/v1/\xc3\xbc"), ("\udcff", b"\xff")])
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
