from __future__ import annotations

import gzip
import itertools
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_support import (
    ENGINE_GROUP,
    FORMAT,
    GATEWAY_GROUP,
    NOON,
    SETTINGS,
    batch_text,
    core,
    engine_line,
    event,
    gateway_line,
    packed,
)


def read(group: str, *messages: t.Any) -> tuple[list[t.Any], list[t.Any]]:
    return t.cast("tuple[list[t.Any], list[t.Any]]", core.read(core.decode(event(group, messages)), SETTINGS))


class Table:
    """What DynamoDB makes of the two requests that the function sends; anything else is an error."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, t.Any]] = {}

    def update(self, request: dict[str, t.Any]) -> bool:
        item = self.items.setdefault(request["Key"]["request_id"]["S"], {})
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        kind, _space, rest = request["UpdateExpression"].partition(" ")
        if kind == "ADD":
            name, value = rest.split(" ")
            item.setdefault(names[name], set()).update(values[value]["SS"])
            return True
        assert kind == "SET"
        line = request["ConditionExpression"].partition("(#")[2].partition(")")[0]
        assert request["ConditionExpression"] == f"attribute_not_exists(#{line}) OR #{line} = :{line}"
        if line in item and item[line] != values[f":{line}"]:
            return False
        for part in rest.split(", #"):
            name, _equals, value = part.removeprefix("#").partition(" = ")
            assert names[f"#{name}"] == name and value.endswith((f":{name}", f":{name})"))
            if not value.startswith("if_not_exists") or name not in item:
                item[name] = values[f":{name}"]
        return True

    def take(self, record: t.Any) -> None:
        if not self.update(core.update("table", record)):
            self.update(core.note_another("table", record))


@given(st.permutations([0, 1]), st.booleans())
def test_who_asked_is_known_of_a_request_that_went_no_further(order: list[int], answered: bool) -> None:
    told = [("source", "authorizer.source"), ("user", "authorizer.user"), ("requestType", "authorizer.requestType")]
    settings = core.Settings(GATEWAY_GROUP, [*FORMAT, *told], 30)
    line = gateway_line()[:-1] + ',"source":"notebook","user":"bob","requestType":"-"}'
    batches = [event(GATEWAY_GROUP, [line])] + ([event(ENGINE_GROUP, [engine_line()])] if answered else [])
    table = Table()
    for number in order:
        if number < len(batches):
            records, poison = core.read(core.decode(batches[number]), settings)
            assert not poison
            for record in records:
                table.take(record)
    (item,) = table.items.values()
    found = {
        name: item.get(name, {}).get("S") for name in ("source", "user", "request_type", "user_month", "source_day")
    }
    if answered:
        # The engine has seen the headers themselves.
        assert found["user"] == "alice" and found["user_month"] == "alice#2026-11"
        assert (found["source"], found["source_day"]) == ("terminal", "terminal#2026-11-25")
    else:
        assert found == {
            "source": "notebook",
            "user": "bob",
            "request_type": None,
            "user_month": "bob#2026-11",
            "source_day": "notebook#2026-11-25",
        }


def test_both_sides_make_one_item() -> None:
    table = Table()
    for group, line in ((ENGINE_GROUP, engine_line()), (GATEWAY_GROUP, gateway_line())):
        records, poison = read(group, line)
        assert not poison
        for record in records:
            table.take(record)
    (item,) = table.items.values()
    plain = {name: next(iter(value.values())) for name, value in item.items()}
    assert plain.pop("gateway_line") and plain.pop("engine_line")
    assert plain == {
        "at": "2026-11-25T12:00:00.123Z",
        "day": "2026-11-25",
        "expires_at": str(NOON // 1000 + 30 * 86400),
        "engine_at": "2026-11-25T12:00:00.130Z",
        "user_month": "alice#2026-11",
        "source_day": "terminal#2026-11-25",
        "key_id": "abc123",
        "method": "POST",
        "route": "/v1/chat/completions",
        "gateway_plain_id": "plain-1",
        "source_ip": "203.0.113.9",
        "user_agent": "OpenAI/Python",
        "gateway_status": "200",
        "gateway_latency_ms": "41",
        "client_request_id": "mine-1",
        "source": "terminal",
        "user": "alice",
        "request_type": "chat",
        "model": "tiny",
        "stream": True,
        "engine_status": "200",
        "outcome": "completed",
        "finish_reason": "stop",
        "prompt_tokens": "5",
        "completion_tokens": "16",
        "total_tokens": "21",
        "engine_first_byte_ms": "12",
        "engine_total_ms": "34",
        "engine_request_bytes": "100",
        "engine_response_bytes": "2000",
    }


LINES = [
    (GATEWAY_GROUP, gateway_line()),
    (ENGINE_GROUP, engine_line(key_id="other", received_at=NOON + 43_200_000)),
    (GATEWAY_GROUP, gateway_line(extendedRequestId="two=", status="429")),
    (ENGINE_GROUP, engine_line(gateway_request_id=None)),
    (ENGINE_GROUP, engine_line(gateway_request_id="three=")),
]


@given(st.lists(st.sampled_from(LINES), max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(repeated: list[t.Any], random: t.Any) -> None:
    expected, found = Table(), Table()
    for group, line in LINES:
        expected.take(read(group, line)[0][0])
    lines = [*LINES, *repeated]
    random.shuffle(lines)
    for group, line in lines:
        found.take(read(group, line)[0][0])
    assert found.items == expected.items


def test_of_two_lines_of_one_request_each_is_seen_once_in_whatever_order() -> None:
    one, two = engine_line(user="eve"), engine_line(user="mallory")
    for lines in itertools.permutations([one, two, one, two]):
        table = Table()
        for line in lines:
            table.take(read(ENGINE_GROUP, line)[0][0])
        (item,) = table.items.values()
        first = {"eve": one, "mallory": two}[item["user"]["S"]]
        assert item["engine_line"]["S"] == core.digest(first)
        assert item["engine_more"] == {core.digest(two if first == one else one)}


def test_what_another_wrote_before_a_record_does_not_hide_it() -> None:
    records, poison = read(ENGINE_GROUP, "INFO 11-25 loading" + engine_line() + "\n")
    assert len(records) == 1 and not poison
    assert records[0].line == core.digest(engine_line())


@pytest.mark.parametrize(
    ("group", "line", "why"),
    [
        (ENGINE_GROUP, engine_line()[:-1], "no JSON"),
        (ENGINE_GROUP, engine_line(central_llm_audit=2), "version 2"),
        (ENGINE_GROUP, engine_line(received_at=10**15), "no time"),
        (GATEWAY_GROUP, "no line at all", "nothing of the access log"),
        (GATEWAY_GROUP, "[" * 100_000, "nothing of the access log"),
        (GATEWAY_GROUP, gateway_line(extendedRequestId="-"), "names no request"),
        (GATEWAY_GROUP, gateway_line(extendedRequestId="\N{GRINNING FACE}"), "names no request"),
        (GATEWAY_GROUP, gateway_line(requestTimeEpoch="9" * 15), "no time"),
    ],
)
def test_a_line_that_makes_no_sense_is_set_aside_and_its_neighbours_are_not(group: str, line: str, why: str) -> None:
    good = gateway_line() if group == GATEWAY_GROUP else engine_line()
    records, poison = read(group, good, line, good)
    assert len(records) == 2
    assert [each.event.message for each in poison] == [line] and why in poison[0].why


@pytest.mark.parametrize(
    "line",
    [
        "(APIServer pid=7) INFO 11-25 12:00:00 [api_utils.py:235] non-default args: "
        "{'model': '/models/tiny', 'middleware': ['central_llm_audit.Middleware']}",
        '  File "/usr/local/lib/python3.12/dist-packages/central_llm_audit/middleware.py", line 40, in __call__',
    ],
)
def test_what_else_an_engine_says_of_the_middleware_is_no_record_and_no_failure(line: str) -> None:
    records, poison = read(ENGINE_GROUP, line, engine_line())
    assert len(records) == 1 and not poison


def test_a_hostile_line_is_bounded() -> None:
    huge = "x" * 250_000
    records, _poison = read(
        ENGINE_GROUP, engine_line(user=huge, source="\ud800", gateway_request_id=huge, status=10**30)
    )
    (record,) = records
    assert record.key.startswith("direct#") and record.attributes["user"] == "x" * core.LONGEST_TEXT
    assert "engine_status" not in record.attributes
    assert len(json.dumps(core.update("table", record))) < 20_000


@pytest.mark.parametrize(
    "agent",
    [
        'x","status":"200","y":"',
        'x", "status": "200", "wafStatus": "y',
        '","extendedRequestId":"forged","userAgent":"',
        '"}{"requestId":"',
        "\\",
        '\\"',
        '"' * 50,
        "\n\t\x00",
    ],
)
def test_a_client_cannot_write_its_own_line(agent: str) -> None:
    line = gateway_line(userAgent=agent, status="403", errorType="ACCESS_DENIED", wafStatus="blocked")
    ((record,), poison) = read(GATEWAY_GROUP, line)
    assert not poison and record.key == "JRZ1pHe5oAMF1zg="
    expected = {"gateway_status": 403, "error_type": "ACCESS_DENIED", "gateway_waf_status": "blocked"}
    assert record.attributes.items() >= {**expected, "source_ip": "203.0.113.9"}.items()


@given(st.text(max_size=300))
def test_whatever_a_client_calls_itself_the_rest_stands(agent: str) -> None:
    ((record,), poison) = read(GATEWAY_GROUP, gateway_line(userAgent=agent, status="403"))
    assert not poison and record.key == "JRZ1pHe5oAMF1zg="
    assert (
        record.attributes.items()
        >= {"gateway_status": 403, "key_id": "abc123", "route": "/v1/chat/completions"}.items()
    )


def test_values_that_are_no_texts_count_too() -> None:
    line = json.loads(gateway_line())
    line.update(status=503, responseLatency=7)
    ((record,), _poison) = read(GATEWAY_GROUP, json.dumps(line))
    assert (record.attributes["gateway_status"], record.attributes["gateway_latency_ms"]) == (503, 7)


def test_nothing_expires_where_nothing_is_to() -> None:
    settings = core.Settings(GATEWAY_GROUP, SETTINGS.gateway_format)
    batch = core.decode(event(ENGINE_GROUP, [engine_line()]))
    assert "expires_at" not in core.read(batch, settings)[0][0].attributes


@given(st.integers(min_value=0, max_value=400))
def test_a_batch_that_was_cut_gives_what_is_whole_in_it(length: int) -> None:
    messages = [engine_line(user=f"user-{number}") for number in range(20)]
    data = gzip.compress(batch_text(ENGINE_GROUP, messages).encode())
    cut = data[: len(data) - 1 - length]
    try:
        batch = core.decode(packed(cut))
    except core.NoBatch:
        return
    assert not batch.whole
    found = [each.message for each in batch.events]
    assert found == messages[: len(found)]
    assert length > 30 or len(found) >= 15


def test_a_text_that_was_cut_gives_what_is_whole_in_it() -> None:
    text = batch_text(ENGINE_GROUP, [engine_line(), engine_line(user="bob")])
    batch = core.decode(packed(gzip.compress(text[:-40].encode())))
    assert not batch.whole and [each.message for each in batch.events] == [engine_line()]


@pytest.mark.parametrize(
    "given_event",
    [None, {}, {"awslogs": {}}, {"awslogs": {"data": "§"}}, {"awslogs": {"data": 7}}, packed(b"no gzip")]
    + [packed(gzip.compress(text)) for text in (b"", b"7", b"{}", b"[" * 100_000, b'{"logEvents": 7}')],
)
def test_what_is_no_batch_is_said_to_be_none(given_event: t.Any) -> None:
    with pytest.raises(core.NoBatch):
        core.decode(given_event)


def test_a_control_message_is_empty() -> None:
    text = batch_text("", ["CWL CONTROL MESSAGE"], messageType="CONTROL_MESSAGE")
    assert core.decode(packed(gzip.compress(text.encode()))).events == []


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(sorted(json.loads(engine_line()))), json_values, max_size=8)


@given(fields, st.sampled_from([GATEWAY_GROUP, ENGINE_GROUP]), st.text(max_size=100), json_values)
def test_no_line_and_no_event_stops_the_others(values: dict[str, t.Any], group: str, noise: str, odd: t.Any) -> None:
    good = gateway_line() if group == GATEWAY_GROUP else engine_line()
    hostile = [engine_line(**values), noise, core.MARK + noise, gateway_line(status=noise), odd]
    document = json.loads(batch_text(group, [*hostile, good]))
    document["logEvents"].insert(0, odd)
    batch = core.decode(packed(gzip.compress(json.dumps(document).encode())))
    records, poison = core.read(batch, SETTINGS)
    told = [each for each in batch.events if group == GATEWAY_GROUP or core.MARK in each.message]
    assert len(records) + len(poison) == len(told)
    assert any(record.line == core.digest(good) for record in records)
    for record in records:
        request = core.update("table", record)
        assert json.dumps(request).encode()
        for value in request["ExpressionAttributeValues"].values():
            ((kind, content),) = value.items()
            # DynamoDB takes no empty text as a key of an index, and 38 digits at most.
            assert content or kind == "BOOL"
            assert kind != "N" or len(content) <= 38
