from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import asgi
import pytest
from central_llm_audit import Middleware, answer, middleware, record
from hypothesis import given
from hypothesis import strategies as st

USAGE = {"prompt_tokens": 5, "total_tokens": 21, "completion_tokens": 16, "prompt_tokens_details": None}


def chat(finish: str | None = "stop", **more: t.Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "secret words"}, "finish_reason": finish}
    document = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice]}
    return json.dumps({**document, "usage": USAGE, **more}, separators=(",", ":")).encode()


def event(document: t.Any) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": finish}
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "tiny", "choices": [choice]})


USAGE_EVENT = event({"id": "chatcmpl-1", "model": "tiny", "choices": [], "usage": USAGE})
DONE = b"data: [DONE]\n\n"
STREAM = [chunk("secret"), chunk(" words", "length"), USAGE_EVENT, DONE]


def streamed(events: t.Iterable[bytes], ends: bool = True) -> list[asgi.Message]:
    messages = [asgi.start(asgi.STREAM), *(asgi.body(each, more=True) for each in events)]
    return [*messages, asgi.body(b"")] if ends else messages


def only(ran: asgi.Ran) -> dict[str, t.Any]:
    assert len(ran.records) == 1
    assert set(ran.records[0]) == {record.MARK, *record.FIELDS}
    return ran.records[0]


def test_an_answer_in_json_is_recorded_with_who_asked_and_how_much() -> None:
    answer = chat()
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(answer)))
    found = only(ran)
    assert ran.sent == [asgi.start(), asgi.body(answer)]
    assert {name: found[name] for name in record.FIELDS if not name.endswith("_ms") and name != "received_at"} == {
        "gateway_request_id": "JRZ1pHe5oAMF1zg=",
        "request_id": "mine-1",
        "key_id": "abc123",
        "source": "terminal",
        "user": "alice",
        "request_type": "chat",
        "method": "POST",
        "route": "/v1/chat/completions",
        "model": "tiny",
        "stream": False,
        "status": 200,
        "outcome": "completed",
        "finish_reason": "stop",
        "prompt_tokens": 5,
        "completion_tokens": 16,
        "total_tokens": 21,
        "request_bytes": 18,
        "response_bytes": len(answer),
    }
    assert 0 <= found["first_byte_ms"] <= found["total_ms"]
    assert b"secret" not in ran.lines[0] and b"hush" not in ran.lines[0]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_stream_is_read_however_it_is_cut(size: int) -> None:
    whole = b"".join(STREAM)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    ran = asgi.run(asgi.answers(*streamed(pieces)))
    found = only(ran)
    assert b"".join(each.get("body", b"") for each in ran.sent) == whole
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (5, 16, 21)
    assert (found["model"], found["stream"], found["outcome"], found["finish_reason"]) == (
        "tiny", True, "completed", "length",
    )  # fmt: skip
    assert b"secret" not in ran.lines[0]


def test_of_a_long_stream_beginning_and_end_are_enough() -> None:
    events = [chunk(f"word {number}") for number in range(3000)]
    found = only(asgi.run(asgi.answers(*streamed([*events, *STREAM]))))
    assert (found["model"], found["total_tokens"], found["outcome"]) == ("tiny", 21, "completed")
    assert found["response_bytes"] == len(b"".join([*events, *STREAM]))


def test_a_stream_keeps_no_more_than_its_limit() -> None:
    kept: list[int] = []

    async def app(_scope: asgi.Message, _receive: t.Any, send: t.Any) -> None:
        for message in streamed([chunk("word")] * 5000):
            await send(message)
            exchange = next(iter(middleware._under_way))
            kept.append(sum(map(len, exchange._parts)))

    asgi.run(app)
    assert max(kept) <= middleware.MOST_OF_STREAM


def test_a_stream_without_usage_has_no_tokens() -> None:
    found = only(asgi.run(asgi.answers(*streamed([chunk("a"), chunk("b", "stop"), DONE]))))
    assert (found["completion_tokens"], found["total_tokens"], found["outcome"]) == (None, None, "completed")


RESPONSES = {
    "id": "resp_1",
    "metadata": {"usage": '{"total_tokens": 1}'},
    "model": "tiny",
    "output": [{"type": "message", "status": "completed", "content": [{"text": 'say "usage":{"total_tokens":9}'}]}],
    "tools": [{"parameters": {"properties": {"usage": {"type": "object"}}}}],
    "status": "incomplete",
    "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 4, "total_tokens": 7},
    "user": None,
}


def test_the_interface_of_responses_counts_too() -> None:
    found = only(asgi.run(asgi.answers(asgi.start(), asgi.body(json.dumps(RESPONSES).encode()))))
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (3, 4, 7)
    assert (found["model"], found["finish_reason"]) == ("tiny", "incomplete")
    last = b"event: response.completed\n" + event({"response": RESPONSES, "type": "response.completed"})
    delta = b"event: response.output_text.delta\n" + event({"delta": "word"})
    found = only(asgi.run(asgi.answers(*streamed([delta] * 9 + [last]))))
    assert (found["prompt_tokens"], found["completion_tokens"], found["outcome"]) == (3, 4, "completed")


def test_the_interface_of_messages_counts_the_prompt_first() -> None:
    begin = event(
        {"type": "message_start", "message": {"model": "tiny", "usage": {"input_tokens": 8, "output_tokens": 0}}}
    )
    words = [event({"type": "content_block_delta", "delta": {"text": "word"}})] * 2000
    end = event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}})
    stop = b"event: message_stop\n" + event({"type": "message_stop"})
    found = only(asgi.run(asgi.answers(*streamed([begin, *words, end, stop]))))
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (8, 12, 20)
    assert (found["model"], found["finish_reason"], found["outcome"]) == ("tiny", "end_turn", "completed")


def test_a_client_that_says_where_to_stop_is_not_quoted() -> None:
    answer = chat(finish=None).replace(b'"finish_reason":null', b'"finish_reason":null,"stop_reason":"hush"')
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(answer)))
    assert only(ran)["finish_reason"] is None
    assert b"hush" not in ran.lines[0]


def test_a_refusal_is_one() -> None:
    error = b'{"error":{"message":"no","type":"BadRequestError","param":null,"code":400}}'
    found = only(asgi.run(asgi.answers(asgi.start(status=400), asgi.body(error))))
    assert (found["status"], found["outcome"], found["model"], found["total_tokens"]) == (400, "refused", None, None)


def test_an_error_inside_of_a_stream_is_a_failure_whatever_its_status_says() -> None:
    error = event({"error": {"message": "gone", "code": 500}})
    found = only(asgi.run(asgi.answers(*streamed([chunk("a"), error, DONE]))))
    assert (found["status"], found["outcome"]) == (200, "failed")


def test_words_about_an_error_are_none() -> None:
    words = chunk('data: {"error": 1}\n\nevent: error\n', "stop")
    assert only(asgi.run(asgi.answers(*streamed([words, DONE]))))["outcome"] == "completed"


def test_an_exception_passes_through_with_its_record() -> None:
    ran = asgi.run(asgi.answers(fails=RuntimeError("cannot schedule new futures after shutdown")))
    assert isinstance(ran.error, RuntimeError)
    assert (only(ran)["status"], only(ran)["outcome"]) == (500, "failed")


def test_a_request_that_is_cancelled_has_its_record() -> None:
    ran = asgi.run(asgi.answers(*streamed([chunk("a")], ends=False), fails=asyncio.CancelledError()))
    assert isinstance(ran.error, asyncio.CancelledError)
    assert (only(ran)["status"], only(ran)["outcome"], only(ran)["finish_reason"]) == (200, "cancelled", None)


DISCONNECTS = [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}]


def test_a_client_that_left_is_told_from_its_leaving_not_from_the_answer() -> None:
    # What vLLM answers then.
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(b"null"), looks=2), arrives=DISCONNECTS)
    assert (only(ran)["status"], only(ran)["outcome"], only(ran)["model"]) == (200, "client_gone", None)


def test_a_stream_that_ends_without_an_end_was_aborted() -> None:
    assert only(asgi.run(asgi.answers(*streamed([chunk("a")], ends=False))))["outcome"] == "aborted"
    assert only(asgi.run(asgi.answers(*streamed([chunk("a")]))))["outcome"] == "aborted"
    assert only(asgi.run(asgi.answers(*streamed([chunk("a", "abort"), DONE]))))["outcome"] == "aborted"


def test_a_connection_that_closes_after_the_answer_is_no_leaving() -> None:
    async def app(_scope: asgi.Message, receive: t.Any, send: t.Any) -> None:
        await receive()
        await send(asgi.start())
        await send(asgi.body(chat()))
        await receive()

    assert only(asgi.run(app, arrives=DISCONNECTS))["outcome"] == "completed"


@pytest.mark.parametrize("path", ["/health", "/metrics", "/ping"])
def test_what_watches_the_engine_leaves_no_record(path: str) -> None:
    assert asgi.run(asgi.answers(asgi.start(), asgi.body(b"")), asgi.scope(path)).lines == []


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_other_scopes_pass(kind: str) -> None:
    seen: list[str] = []

    async def app(given: asgi.Message, _receive: t.Any, _send: t.Any) -> None:
        seen.append(given["type"])

    assert asgi.run(app, asgi.scope(kind=kind)).lines == [] and seen == [kind]


def test_a_body_in_pieces_is_counted() -> None:
    arrives = [{"type": "http.request", "body": b"123", "more_body": True}, {"type": "http.request", "body": b"45"}]
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(chat()), looks=2), arrives=arrives)
    assert only(ran)["request_bytes"] == 5


headers = st.lists(
    st.tuples(st.sampled_from([name.encode() for name in asgi.HEADERS]), st.binary(max_size=20_000)), max_size=12
)


@given(headers, st.text(max_size=5000), st.binary(max_size=300))
def test_hostile_headers_make_one_short_line(sent: list[tuple[bytes, bytes]], path: str, words: bytes) -> None:
    ran = asgi.run(asgi.answers(asgi.start(asgi.STREAM), asgi.body(words)), asgi.scope("/v1/" + path, sent))
    assert only(ran) and ran.error is None
    # A pipe takes so much at once.
    assert len(ran.lines[0]) <= 4096
    assert ran.lines[0].count(b"\n") == 1 and ran.lines[0].decode().rstrip("\n").isprintable()


def test_the_longest_record_goes_in_one_write() -> None:
    wide = "\N{GRINNING FACE}".encode() * 200
    sent = [(name.encode(), wide) for name in asgi.HEADERS]
    answer = json.dumps(
        {"id": 1, "model": "\N{GRINNING FACE}" * 500, "usage": {"total_tokens": 10**15 - 1}}, ensure_ascii=False
    )
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(answer.encode())), asgi.scope("\N{GRINNING FACE}" * 500, sent))
    assert only(ran)["total_tokens"] == 10**15 - 1
    assert len(ran.lines[0]) <= 4096


FRAGMENTS = [b"data: ", b"\n\n", b'{"usage":', b'"usage" :{', b'{"total_tokens":', b'"finish_reason":"', b'"model":"']
FRAGMENTS += [b"}", b'"', b"\\", b",", b"9" * 30, b"null", b"[" * 50, b"\xff\xfe", b'data: {"error"', b"data: [DONE]"]
fragments = st.sampled_from([*FRAGMENTS, b'{"a":' * 3000])


@given(st.lists(st.one_of(fragments, st.binary(max_size=50)), max_size=60), st.sampled_from([asgi.JSON, asgi.STREAM]))
def test_broken_answers_pass_unchanged_and_are_recorded(pieces: list[bytes], content_type: bytes) -> None:
    messages = [asgi.start(content_type), *(asgi.body(piece, more=True) for piece in pieces), asgi.body(b"")]
    ran = asgi.run(asgi.answers(*messages))
    assert ran.error is None and ran.sent == messages
    assert only(ran)["response_bytes"] == sum(map(len, pieces))
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert ran.records[0][name] is None or 0 <= ran.records[0][name] < 10**15


@given(st.text(max_size=200), st.text(max_size=200))
def test_what_is_said_cannot_pass_for_what_is_counted(said: str, stop: str) -> None:
    answer = json.loads(chat())
    answer["choices"][0]["message"]["content"] = said + '{"usage":{"total_tokens":1}},"finish_reason":"x","model":"y"'
    answer["choices"][0]["stop_reason"] = stop
    for text in (json.dumps(answer), json.dumps(answer, ensure_ascii=False, separators=(",", ":"))):
        found = only(asgi.run(asgi.answers(asgi.start(), asgi.body(text.encode("utf-8", "surrogatepass")))))
        assert (found["total_tokens"], found["finish_reason"], found["model"]) == (21, "stop", "tiny")


@given(st.permutations(list(USAGE.items())), st.text(max_size=100), st.booleans())
def test_the_order_and_the_spacing_of_what_is_counted_do_not_matter(
    items: list[tuple[str, t.Any]], model: str, spaced: bool
) -> None:
    document = {"model": model, "usage": dict(items)}
    body = json.dumps(document, separators=None if spaced else (",", ":"), ensure_ascii=False).encode()
    found = answer.read(b"", body, stream=False)
    assert (found.prompt_tokens, found.completion_tokens, found.total_tokens) == (5, 16, 21)
    assert found.model == model


def test_a_record_that_cannot_be_made_is_an_empty_one_and_the_request_goes_on() -> None:
    broken = asgi.scope()
    broken["headers"] = [("no", "bytes", "at all")]
    ran = asgi.run(asgi.answers(asgi.start(), asgi.body(chat())), broken)
    assert ran.error is None and len(ran.sent) == 2
    assert only(ran)["status"] is None


SERVER = """
import asyncio, signal
from central_llm_audit import Middleware

async def later(*_message):
    await asyncio.Event().wait()

async def main():
    global held
    scope = {"type": "http", "method": "GET", "path": "/v1/held", "headers": [(b"x-llm-user", b"eve")]}
    held = asyncio.ensure_future(Middleware(later)(scope, None, None))
    await asyncio.sleep(0)
    %s
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""


@pytest.mark.parametrize("end", ["loop.stop()", "signal.raise_signal(signal.SIGTERM)", "raise SystemExit"])
def test_a_server_that_ends_leaves_a_record_of_what_it_was_doing(end: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(middleware.__file__).parents[1])}
    command = [sys.executable, "-c", SERVER % end]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["user"], each["route"], each["outcome"]) for each in records] == [("eve", "/v1/held", "cancelled")]
    assert (done.returncode == -signal.SIGTERM) == ("SIGTERM" in end)


def test_the_class_is_what_vllm_loads() -> None:
    assert isinstance(Middleware, type)
    assert isinstance(Middleware(asgi.answers()), Middleware)
