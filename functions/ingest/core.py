"""From a batch of log events to what is written of each. Pure: text comes in, requests to DynamoDB go out.

Gateway and engine each tell of a request what they know, as a line of their logs, and each has attributes of its own of
one item: in whatever order, however often and in whatever pieces the lines come, the item becomes the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import typing as t
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

import access_line

MARK = '{"central_llm_audit":'
VERSION = 1
KEY = "request_id"
# What a side's line is known by: the same one may come again, another one of the same request may not replace it.
LINE = {"gateway": "gateway_line", "engine": "engine_line"}
MORE = {"gateway": "gateway_more", "engine": "engine_more"}
# Both sides tell these; the side named here gives way, and its word counts only as long as there is no other.
YIELDED = {
    "engine": frozenset({"at", "day", "expires_at", "key_id", "method", "route"}),
    "gateway": frozenset({"source", "user", "request_type", "user_month", "source_day"}),
}
LONGEST_TEXT = 1024
_ID = re.compile(r"[!-~]{1,256}")
# A batch holds 1 MiB of events at most; what unpacks to more than this is none.
_MOST_BYTES = 64 * 2**20
_LARGEST = 10**15

Value = str | int | bool
Attributes = dict[str, Value]
Request = dict[str, t.Any]

# The engine's record: its field and type -> the item's attribute
_TEXTS = {
    "request_id": "client_request_id",
    "source": "source",
    "user": "user",
    "request_type": "request_type",
    "model": "model",
    "outcome": "outcome",
    "finish_reason": "finish_reason",
    "key_id": "key_id",
    "method": "method",
    "route": "route",
}
_COUNTS = {
    "status": "engine_status",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "first_byte_ms": "engine_first_byte_ms",
    "total_ms": "engine_total_ms",
    "request_bytes": "engine_request_bytes",
    "response_bytes": "engine_response_bytes",
}


@dataclass(frozen=True)
class LogEvent:
    id: str
    timestamp: int
    message: str


@dataclass(frozen=True)
class Batch:
    log_group: str
    log_stream: str
    events: list[LogEvent]
    # Whether this is all of it, or what could be read of a batch that was cut.
    whole: bool = True


@dataclass(frozen=True)
class Record:
    """What one line says of one request."""

    side: str
    key: str
    line: str
    attributes: Attributes


@dataclass(frozen=True)
class Poison:
    event: LogEvent
    why: str


class NoBatch(Exception):
    """This is no batch of CloudWatch Logs, and nothing in it can be read."""


@dataclass(frozen=True)
class Settings:
    gateway_log_group: str
    # Of the access log's format, in its order: the name of each field and its variable.
    gateway_format: list[tuple[str, str]]
    retention_days: int = 0


def decode(event: t.Any) -> Batch:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample"""
    try:
        packed = base64.b64decode(event["awslogs"]["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise NoBatch(f"no data: {type(error).__name__}") from None
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(packed, _MOST_BYTES)
    except zlib.error as error:
        raise NoBatch(f"no gzip: {error}") from None
    return _batch(text.decode("utf-8", "replace"), whole=unpacker.eof)


def _batch(text: str, whole: bool) -> Batch:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _salvaged(text)
    if not isinstance(document, dict):
        raise NoBatch("no JSON object")
    if document.get("messageType") == "CONTROL_MESSAGE":
        return Batch("", "", [])
    events = document.get("logEvents")
    found = [_event(each) for each in events] if isinstance(events, list) else None
    if found is None:
        raise NoBatch("no events")
    read = [each for each in found if each is not None]
    return Batch(str(document.get("logGroup")), str(document.get("logStream")), read, whole and len(read) == len(found))


def _event(found: t.Any) -> LogEvent | None:
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    timestamp = found.get("timestamp")
    return LogEvent(str(found.get("id", "")), timestamp if _whole(timestamp) else 0, found["message"])


def _salvaged(text: str) -> Batch:
    """Of a batch that was cut: the events that are there as a whole."""
    names = {name: re.search(rf'"{name}"\s*:\s*"([^"]*)"', text) for name in ("logGroup", "logStream")}
    begin = re.search(r'"logEvents"\s*:\s*\[', text)
    group, stream = names["logGroup"], names["logStream"]
    if begin is None or group is None:
        raise NoBatch("no JSON")
    decoder, at = json.JSONDecoder(), begin.end()
    events: list[LogEvent] = []
    while True:
        while at < len(text) and text[at] in ", \t\r\n":
            at += 1
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return Batch(group[1], stream[1] if stream else "", events, whole=False)
        event = _event(found)
        if event:
            events.append(event)


def read(batch: Batch, settings: Settings) -> tuple[list[Record], list[Poison]]:
    """Each line on its own: one that makes no sense takes none with it."""
    side = "gateway" if batch.log_group == settings.gateway_log_group else "engine"
    records, poison = [], []
    for event in batch.events:
        # vLLM names the middleware when it starts, and so does a traceback: such a line passes the filter, too.
        if side == "engine" and MARK not in event.message:
            continue
        try:
            if side == "gateway":
                records.append(of_gateway(event, settings))
            else:
                records.append(of_engine(event, settings))
        except ValueError as error:
            poison.append(Poison(event, str(error)))
    return records, poison


def digest(message: str) -> str:
    return hashlib.blake2b(message.encode("utf-8", "replace"), digest_size=12).hexdigest()


def of_gateway(event: LogEvent, settings: Settings) -> Record:
    found = access_line.read(event.message, settings.gateway_format)
    key = found.pop(KEY, None)
    if not isinstance(key, str) or not _ID.fullmatch(key):
        raise ValueError("the line names no request")
    epoch = found.pop("epoch_ms", None)
    found.update(_times(epoch if isinstance(epoch, int) else event.timestamp, settings))
    _index(found)
    return Record("gateway", key, digest(event.message), _bounded(found))


def of_engine(event: LogEvent, settings: Settings) -> Record:
    """The record may follow something that another wrote without ending its line."""
    line = event.message[event.message.index(MARK) :].strip()
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("the record is no JSON") from None
    if found.get("central_llm_audit") != VERSION:
        raise ValueError(f"the record is of version {found.get('central_llm_audit')!r}")
    attributes: Attributes = {}
    for field, name in _TEXTS.items():
        value = found.get(field)
        if isinstance(value, str) and value:
            attributes[name] = value
    for field, name in _COUNTS.items():
        value = found.get(field)
        if _whole(value) and -_LARGEST < value < _LARGEST:
            attributes[name] = value
    if isinstance(found.get("stream"), bool):
        attributes["stream"] = found["stream"]
    received = found.get("received_at")
    times = _times(received if _whole(received) else event.timestamp, settings)
    attributes.update(times, engine_at=times["at"])
    _index(attributes)
    key, line_digest = found.get("gateway_request_id"), digest(line)
    if not isinstance(key, str) or not _ID.fullmatch(key):
        # Somebody asked the engine itself.
        key = f"direct#{line_digest}"
    return Record("engine", key, line_digest, _bounded(attributes))


def _index(attributes: Attributes) -> None:
    """What the table's indexes go by."""
    if "user" in attributes:
        attributes["user_month"] = f"{attributes['user']}#{str(attributes['day'])[:7]}"
    if "source" in attributes:
        attributes["source_day"] = f"{attributes['source']}#{attributes['day']}"


def _whole(value: t.Any) -> t.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _times(epoch_ms: int, settings: Settings) -> Attributes:
    try:
        at = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("the line has no time") from None
    times: Attributes = {"at": f"{at:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z", "day": f"{at:%Y-%m-%d}"}
    if settings.retention_days:
        times["expires_at"] = epoch_ms // 1000 + settings.retention_days * 86400
    return times


def _bounded(attributes: Attributes) -> Attributes:
    return {
        name: value[:LONGEST_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def update(table: str, record: Record) -> Request:
    """The one request that makes this record part of the item, as often as it is sent."""
    line = LINE[record.side]
    values = {f":{name}": _typed(value) for name, value in record.attributes.items()}
    values[f":{line}"] = {"S": record.line}
    expression, names = _expression(record.side, tuple(record.attributes))
    return {
        "TableName": table,
        "Key": {KEY: {"S": record.key}},
        "UpdateExpression": expression,
        "ConditionExpression": f"attribute_not_exists(#{line}) OR #{line} = :{line}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        # Tells a line that came for the first time.
        "ReturnValues": "UPDATED_OLD",
    }


_expressions: dict[tuple[str, tuple[str, ...]], tuple[str, dict[str, str]]] = {}


def _expression(side: str, attributes: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Lines of one kind have the same names, which are put together once."""
    found = _expressions.get((side, attributes))
    if found is None:
        line = LINE[side]
        yields = YIELDED[side]
        parts = [
            f"#{name} = if_not_exists(#{name}, :{name})" if name in yields else f"#{name} = :{name}"
            for name in (*attributes, line)
        ]
        found = f"SET {', '.join(parts)}", {f"#{name}": name for name in (*attributes, line)}
        _expressions[(side, attributes)] = found
    return found


def is_held(record: Record, item: t.Mapping[str, t.Any]) -> bool:
    """Whether the item has this line already, as the one of its side or as another; `item` as DynamoDB shows it."""
    first = item.get(LINE[record.side], {}).get("S")
    return first == record.line or record.line in item.get(MORE[record.side], {}).get("SS", ())


def note_another(table: str, record: Record) -> Request:
    """For a second line of a side that says something else of the same request: kept by its digest, not by its word."""
    more = MORE[record.side]
    return {
        "TableName": table,
        "Key": {KEY: {"S": record.key}},
        "UpdateExpression": "ADD #more :line",
        "ExpressionAttributeNames": {"#more": more},
        "ExpressionAttributeValues": {":line": {"SS": [record.line]}},
    }


def _typed(value: Value) -> dict[str, t.Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
