from __future__ import annotations

import json

from ansible_collections.central.llm.plugins.module_utils._logs import access_log
from hypothesis import given
from hypothesis import strategies as st


def line(key_id: str, address: str, moment: int) -> dict[str, object]:
    return {"timestamp": moment * 1000, "message": json.dumps({"apiKeyId": key_id, "sourceIp": address})}


def test_who_used_which_key_and_when() -> None:
    events = [
        line("a", "10.0.0.1", 10),
        line("a", "10.0.0.2", 30),
        line("a", "10.0.0.1", 20),
        line("x", "10.0.0.3", 40),
    ]
    assert access_log.usage(events, ["b", "a"], "apiKeyId", "sourceIp") == [
        {
            "key_id": "a",
            "requests": 3,
            "last_used": "1970-01-01T00:00:30+00:00",
            "addresses": [
                {"address": "10.0.0.2", "requests": 1, "last_used": "1970-01-01T00:00:30+00:00"},
                {"address": "10.0.0.1", "requests": 2, "last_used": "1970-01-01T00:00:20+00:00"},
            ],
        }
    ]


def test_the_fields_may_be_named_otherwise() -> None:
    event = {"timestamp": 0, "message": json.dumps({"key": "a"})}
    (found,) = access_log.usage([event], ["a"], "key", "none")
    assert found["addresses"][0]["address"] == "unknown"


def test_a_proof_is_no_call_of_a_client() -> None:
    def event(**fields: str) -> dict[str, object]:
        return {"timestamp": 1, "message": json.dumps(fields)}

    def told(line: dict[str, object]) -> bool:
        return access_log.by_client(line, ["a", "b"], "key", "agent")

    assert told(event(key="b", agent="python-requests/2")) and told(event(key="a"))
    assert not told(event(key="a", agent="central-llm")) and not told(event(key="c", agent="curl"))
    assert not told({"timestamp": 1, "message": "no JSON"})


@given(st.lists(st.text() | st.sampled_from(['{"apiKeyId": ["a"]}', "[1]", '"a"', "null", '{"apiKeyId": "b"}'])))
def test_what_is_no_line_of_a_key_is_passed_over(messages: list[str]) -> None:
    events = [{"timestamp": 1, "message": message} for message in messages]
    assert access_log.usage(events, ["a"], "apiKeyId", "sourceIp") == []


def test_a_pattern_has_room_for_all_keys() -> None:
    longest = access_log.pattern("f" * 24, ["k" * 20] * access_log.MOST_KEYS)
    assert len(longest) <= 1024
    assert access_log.pattern("apiKeyId", ["a1", "b2"]) == '{ $.apiKeyId = "a1" || $.apiKeyId = "b2" }'
