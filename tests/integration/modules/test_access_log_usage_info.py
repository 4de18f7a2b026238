from __future__ import annotations

import json
import time
import typing as t

import pytest

GROUP = "/aws/apigateway/central-llm-rest-api/prod"


@pytest.fixture
def usage_info(run_module: t.Any) -> t.Any:
    return run_module("access_log_usage_info")


@pytest.fixture
def log(lab: t.Any) -> t.Callable[..., None]:
    """Writes lines, each so many hours old."""
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="stream")

    def write(*lines: tuple[float, str]) -> None:
        now = time.time()
        events = [{"timestamp": int((now - hours * 3600) * 1000), "message": text} for hours, text in lines]
        ordered = sorted(events, key=lambda event: event["timestamp"])
        logs.put_log_events(logGroupName=GROUP, logStreamName="stream", logEvents=ordered)

    return write


def line(key_id: str, address: str, agent: str = "curl") -> str:
    return json.dumps({"apiKeyId": key_id, "sourceIp": address, "userAgent": agent, "status": "200"})


def test_who_used_a_key_and_from_where(usage_info: t.Any, log: t.Any) -> None:
    log((1, line("old1", "10.0.0.1")), (2, line("old1", "10.0.0.1")), (3, line("old1", "10.0.0.2")))
    log((1, line("new1", "10.0.0.9")), (1, "no JSON"), (1, line("-", "10.0.0.9")))
    outcome = usage_info.ok(name=GROUP, key_ids=["old1", "unused"], hours=2.5)
    (used,) = outcome["usage"]
    assert not outcome.changed
    assert (used["key_id"], used["requests"]) == ("old1", 2)
    assert [(each["address"], each["requests"]) for each in used["addresses"]] == [("10.0.0.1", 2)]
    assert usage_info.ok(name=GROUP, key_ids=["old1"], hours=0.5)["usage"] == []
    more = usage_info.ok(check=True, name=GROUP, key_ids=["old1", "new1"], hours=24)["usage"]
    assert [(each["key_id"], each["requests"]) for each in more] == [("old1", 3), ("new1", 1)]


def test_with_which_key_a_client_came_last(usage_info: t.Any, log: t.Any, lab: t.Any, faults: t.Any) -> None:
    proof = line("new1", "10.0.0.9", "central-llm")
    log((300, line("old1", "10.0.0.1")), (200, line("old1", "10.0.0.2")), (100, proof), (1, proof), (1, line("x", "-")))
    both = {"name": GROUP, "key_ids": ["old1", "new1"], "newest": True}
    (last,) = usage_info.ok(**both)["usage"]
    assert (last["key_id"], last["requests"], last["addresses"][0]["address"]) == ("old1", 1, "10.0.0.2")
    assert usage_info.ok(**both, hours=150)["usage"] == []
    # In whichever stream, and with no more read than it takes.
    lab.client("logs").create_log_stream(logGroupName=GROUP, logStreamName="a-stream")
    now = int((time.time() - 50 * 3600) * 1000)
    called = {"timestamp": now, "message": line("new1", "10.0.0.3")}
    lab.client("logs").put_log_events(logGroupName=GROUP, logStreamName="a-stream", logEvents=[called])
    faults.forget_calls()
    (last,) = usage_info.ok(check=True, **both)["usage"]
    assert (last["key_id"], last["addresses"][0]["address"]) == ("new1", "10.0.0.3")
    assert len(faults.calls()) == 1
    (last,) = usage_info.ok(**both, agent_field="other")["usage"]
    assert last["addresses"][0]["address"] == "10.0.0.9"


def test_a_group_that_is_missing_tells_nothing(usage_info: t.Any) -> None:
    assert "ResourceNotFoundException" in usage_info.refused(name="/none", key_ids=["old1"], hours=1)
    assert "ResourceNotFoundException" in usage_info.refused(name="/none", key_ids=["old1"], newest=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hours": 0}, "hours is 0"),
        ({"key_ids": []}, "has 0 ids"),
        ({"key_ids": [f"k{number}" for number in range(19)]}, "has 19 ids"),
        ({"key_ids": ['a" || $.x = "']}, "no id of an API key"),
        ({"key_field": "a.b"}, "key_field is 'a.b'"),
        ({"agent_field": ""}, "agent_field is ''"),
    ],
)
def test_bad_input_stops_before_the_first_call(
    usage_info: t.Any, faults: t.Any, options: dict[str, t.Any], message: str
) -> None:
    faults.forget_calls()
    assert message in usage_info.refused(**{"name": GROUP, "key_ids": ["a"], "hours": 1.0, **options})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(usage_info: t.Any, log: t.Any, faults: t.Any) -> None:
    faults.add("logs", "FilterLogEvents", "AccessDeniedException")
    assert "logs:FilterLogEvents" in usage_info.refused(name=GROUP, key_ids=["a"], hours=1)
    faults.add("logs", "FilterLogEvents", "ThrottlingException", times=2)
    assert usage_info.ok(name=GROUP, key_ids=["a"], hours=1)["usage"] == []
