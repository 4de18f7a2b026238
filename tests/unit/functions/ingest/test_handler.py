from __future__ import annotations

import json
import typing as t
from collections import Counter

import pytest
from botocore.exceptions import ClientError
from ingest_support import ENGINE_GROUP, FORMAT, GATEWAY_GROUP, core, engine_line, event, gateway_line, load

handler = load("handler", core=core)


class Dynamo:
    def __init__(self) -> None:
        self.calls: list[dict[str, t.Any]] = []
        self.fails: Counter[str] = Counter()
        self.lines: dict[tuple[str, str], str] = {}

    def update_item(self, **request: t.Any) -> dict[str, t.Any]:
        self.calls.append(request)
        key = request["Key"]["request_id"]["S"]
        if self.fails[key] > 0:
            self.fails[key] -= 1
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "UpdateItem")
        if "ConditionExpression" not in request:
            return {}
        line = next(name for name in (":gateway_line", ":engine_line") if name in request["ExpressionAttributeValues"])
        wanted = request["ExpressionAttributeValues"][line]["S"]
        known = self.lines.setdefault((key, line), wanted)
        if known != wanted:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "UpdateItem")
        again = sum(each["Key"] == request["Key"] for each in self.calls) > 1
        return {"Attributes": {line[1:]: {"S": wanted}}} if again else {}


class Queue:
    def __init__(self) -> None:
        self.messages: list[dict[str, t.Any]] = []
        self.broken = False

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": f"http://queue/{QueueName}"}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, t.Any]:
        assert QueueUrl == "http://queue/failed" and 1 <= len(Entries) <= 10
        assert sum(len(each["MessageBody"].encode()) for each in Entries) <= 2**20
        if self.broken:
            return {"Failed": [{"Code": "InternalError"}]}
        self.messages += [json.loads(each["MessageBody"]) for each in Entries]
        return {}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[Dynamo, Queue]]:
    for name, value in {
        "TABLE": "audit",
        "STACK": "central-llm",
        "DEAD_LETTER_QUEUE": "failed",
        "GATEWAY_LOG_GROUP": GATEWAY_GROUP,
        "GATEWAY_FORMAT": json.dumps(FORMAT),
        "RETENTION_DAYS": "30",
    }.items():
        monkeypatch.setenv(name, value)
    dynamo, queue = Dynamo(), Queue()
    monkeypatch.setattr(handler, "client", {"dynamodb": dynamo, "sqs": queue}.__getitem__)
    handler.queue_url.cache_clear()
    handler.settings.cache_clear()
    yield dynamo, queue


def ids(count: int) -> list[str]:
    return [f"request-{number}=" for number in range(count)]


def test_a_record_is_one_call(aws: tuple[Dynamo, Queue]) -> None:
    lines = [engine_line(gateway_request_id=each) for each in ids(50)]
    assert handler.handle(event(ENGINE_GROUP, lines), None) == {"new": 50, "again": 0, "another": 0, "poison": 0}
    assert len(aws[0].calls) == 50
    assert handler.handle(event(ENGINE_GROUP, lines), None) == {"new": 0, "again": 50, "another": 0, "poison": 0}


def test_poison_is_set_aside_and_the_rest_is_written(aws: tuple[Dynamo, Queue]) -> None:
    dynamo, queue = aws
    broken = [gateway_line(extendedRequestId="-")] * 25
    counts = handler.handle(event(GATEWAY_GROUP, [*broken[:12], gateway_line(), *broken[12:]]), None)
    assert counts == {"new": 1, "again": 0, "another": 0, "poison": 25}
    assert len(dynamo.calls) == 1 and len(queue.messages) == 25
    assert queue.messages[0].items() >= {"logGroup": GATEWAY_GROUP, "message": broken[0], "logStream": "s"}.items()
    queue.broken = True
    with pytest.raises(RuntimeError, match="could not be set aside"):
        handler.handle(event(GATEWAY_GROUP, broken[:1]), None)


@pytest.mark.parametrize("text", ["x", '"', "\N{GRINNING FACE}", "\x00", "\ud800", '"' * 9 + "x" * 991])
def test_ten_of_the_longest_lines_are_set_aside_in_one_call(aws: tuple[Dynamo, Queue], text: str) -> None:
    line = engine_line(user=text * (100_000 // len(text)))[:-1]
    version = engine_line(central_llm_audit=text * (100_000 // len(text)))
    counts = handler.handle(event(ENGINE_GROUP, [line] * 10 + [version] * 10), None)
    assert counts["poison"] == 20 and len(aws[1].messages) == 20
    for found, whole in zip(aws[1].messages, [line] * 10 + [version] * 10, strict=True):
        assert len(found["message"]) > 7_000 and whole.startswith(found["message"])


def test_what_fails_once_is_tried_singly_and_what_fails_again_lets_the_batch_come_again(
    aws: tuple[Dynamo, Queue],
) -> None:
    dynamo, _queue = aws
    dynamo.fails.update({"request-1=": 1, "request-3=": 2})
    lines = [engine_line(gateway_request_id=each) for each in ids(5)]
    with pytest.raises(RuntimeError, match=r"1 of 5 records could not be written: .*slow down"):
        handler.handle(event(ENGINE_GROUP, lines), None)
    tries = Counter(call["Key"]["request_id"]["S"] for call in dynamo.calls)
    assert tries == {"request-0=": 1, "request-1=": 2, "request-2=": 1, "request-3=": 2, "request-4=": 1}
    assert handler.handle(event(ENGINE_GROUP, lines), None)["poison"] == 0


def test_another_line_of_the_same_request_is_noted(aws: tuple[Dynamo, Queue]) -> None:
    counts = handler.handle(event(ENGINE_GROUP, [engine_line(), engine_line(user="eve")]), None)
    assert counts["another"] == 1
    assert sum("ADD" in call["UpdateExpression"] for call in aws[0].calls) == 1


def test_what_is_no_batch_or_not_all_of_one_fails(aws: tuple[Dynamo, Queue]) -> None:
    with pytest.raises(RuntimeError, match="no batch of log events"):
        handler.handle({"awslogs": {"data": "AAAA"}}, None)
    whole = core.decode(event(ENGINE_GROUP, [engine_line()]))
    cut = core.Batch(whole.log_group, whole.log_stream, whole.events, whole=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler, "decode", lambda _event: cut)
        with pytest.raises(RuntimeError, match="the batch was cut"):
            handler.handle({}, None)
    assert len(aws[0].calls) == 1


def test_metrics_count_what_is_new(aws: tuple[Dynamo, Queue], capsys: pytest.CaptureFixture[str]) -> None:
    for _time in range(2):
        handler.handle(
            event(ENGINE_GROUP, [engine_line(), engine_line(gateway_request_id="two=", first_byte_ms=None)]), None
        )
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (
        first.items() >= {"EngineRecords": 2, "PromptTokens": 10, "CompletionTokens": 32, "FirstByteMs": [12]}.items()
    )
    assert (second["EngineRecords"], second["PromptTokens"]) == (0, 0)
    (directive,) = first["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Stack"]] and first["Stack"] == "central-llm"
    assert {each["Name"] for each in directive["Metrics"]} <= set(first)
