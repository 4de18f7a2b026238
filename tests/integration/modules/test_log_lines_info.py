from __future__ import annotations

import time
import typing as t

import pytest

GROUP = "/ecs/central-llm-service"


@pytest.fixture
def lines_info(run_module: t.Any) -> t.Any:
    return run_module("log_lines_info")


@pytest.fixture
def logs(lab: t.Any) -> t.Any:
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


def write(logs: t.Any, stream: str, messages: list[str], *, age: int = 0) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    now = int(time.time() * 1000) - age * 1000
    events = [{"timestamp": now + number, "message": message} for number, message in enumerate(messages)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_the_end_of_the_newest_stream_without_secrets(lines_info: t.Any, logs: t.Any) -> None:
    write(logs, "engine/vllm/old", ["long ago"], age=500)
    write(logs, "engine/vllm/new", ["one", "HF_TOKEN=hf_abcdefghijklmnopqrst", "three"])
    write(logs, "other/new", ["not asked for"])
    outcome = lines_info.ok(name=GROUP, stream_prefix="engine/", lines=2)
    assert not outcome.changed
    assert outcome["stream"] == "engine/vllm/new"
    assert outcome["lines"] == ["HF_TOKEN=********", "three"]


def test_what_was_logged_before_is_left_out(lines_info: t.Any, logs: t.Any) -> None:
    write(logs, "engine/vllm/old", ["long ago"], age=500)
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 100))
    assert lines_info.ok(name=GROUP, since=since)["lines"] == []
    assert lines_info.ok(name=GROUP)["lines"] == ["long ago"]


def test_nothing_there_is_no_error(lines_info: t.Any, logs: t.Any) -> None:
    assert lines_info.ok(name="/no/such")["lines"] == []
    assert lines_info.ok(name=GROUP) | {"stream": None, "lines": []} == lines_info.ok(check=True, name=GROUP)


def test_bad_input_and_denied(lines_info: t.Any, logs: t.Any, faults: t.Any) -> None:
    assert "lines is 0" in lines_info.refused(name=GROUP, lines=0)
    assert "no time" in lines_info.refused(name=GROUP, since="yesterday")
    faults.add("logs", "DescribeLogStreams", "AccessDeniedException")
    assert "logs:DescribeLogStreams" in lines_info.refused(name=GROUP)
