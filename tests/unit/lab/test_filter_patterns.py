"""Which lines a filter pattern lets through: the examples of AWS's own page, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import filter_patterns


@pytest.mark.parametrize(
    ("pattern", "line", "passes"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error]", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("?ERROR ?ARGUMENTS", "INFO", False),
        # Optional terms beside required ones are ignored.
        ("REQUEST ?ERROR ?ARGUMENTS", "INFO REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ('"INTERNAL SERVER ERROR"', "500 INTERNAL SERVER ERROR", True),
        (r'"a \"b\""', 'x a "b"', True),
        ('{ $.eventType = "UpdateTrail" }', '{"eventType": "UpdateTrail"}', True),
        ("{ $.a.b = 4* && $.c != x }", '{"a": {"b": "404"}, "c": "y"}', True),
        ("{ $.a.b = 4* && $.c != x }", '{"a": {"b": "404"}, "c": "x"}', False),
        ("{ $.status >= 500 || $.n[0] = 1 }", '{"status": "503"}', True),
        ("{ $.status >= 500 || $.n[0] = 1 }", '{"n": [1]}', True),
        ("{ $.status >= 500 }", "no JSON", False),
        ("{ $.none != 1 }", "{}", False),
    ],
)
def test_what_passes(pattern: str, line: str, passes: bool) -> None:
    assert filter_patterns.parse(pattern).matches(line) is passes


@pytest.mark.parametrize("pattern", ["a.b", '"open', "{ $.a }", "{ a = 1 }", "[ip, id]", "%regex%", "{ ($.a = 1) }"])
def test_what_is_refused(pattern: str) -> None:
    with pytest.raises(filter_patterns.BadPattern):
        filter_patterns.parse(pattern)


@given(st.text(), st.text())
def test_a_line_breaks_nothing(term: str, line: str) -> None:
    escaped = term.replace("\\", "\\\\").replace('"', r"\"")
    assert filter_patterns.parse(f'"{escaped}"').matches(line) is (term in line)
    assert filter_patterns.parse('{ $.a = "b" }').matches(line) in (True, False)
