"""A line of the gateway's access log, whatever its fields are called: the format says what each of them is. Pure.

What a client writes, its User-Agent above all, stands in the line too, and must neither break it nor say anything else.
"""

from __future__ import annotations

import json
import re
import typing as t

Value = str | int | bool
Format = t.Sequence[tuple[str, str]]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
TEXTS = {
    "extendedRequestId": "request_id",
    "requestId": "gateway_plain_id",
    "identity.apiKeyId": "key_id",
    "identity.sourceIp": "source_ip",
    "identity.userAgent": "user_agent",
    "httpMethod": "method",
    "resourcePath": "route",
    # What the authorizer of llm_gateway tells, also of a request that got no further.
    "authorizer.source": "source",
    "authorizer.user": "user",
    "authorizer.requestType": "request_type",
    "error.responseType": "error_type",
    "error.validationErrorString": "validation_error",
}
COUNTS = {
    "requestTimeEpoch": "epoch_ms",
    "status": "gateway_status",
    "responseLength": "gateway_bytes",
    "responseLatency": "gateway_latency_ms",
    "integration.latency": "integration_latency_ms",
    "integration.status": "integration_status",
}
# Stands for what a request does not have.
NOTHING = ("-", "")
_COUNT = re.compile(r"-?\d{1,15}")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def read(line: str, form: Format) -> dict[str, Value]:
    """The item's attributes; ValueError where the line has nothing of the format."""
    found = _whole(line, form)
    if found is None:
        found = _pieces(line, form)
    attributes: dict[str, Value] = {}
    for name, variable in form:
        value = found.get(name)
        if value is None or value in NOTHING:
            continue
        if variable in COUNTS:
            if _COUNT.fullmatch(value):
                attributes[COUNTS[variable]] = int(value)
        else:
            attributes[TEXTS.get(variable) or "gateway_" + _CAPITAL.sub("_", name).lower()] = value
    return attributes


def _whole(line: str, form: Format) -> dict[str, str] | None:
    """The line as JSON, if it has just the fields of the format, each of them once."""
    try:
        pairs = json.loads(line, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, list) or len(pairs) != len(form):
        return None
    found: dict[str, str] = {}
    for pair in pairs:
        if not isinstance(pair, tuple):
            return None
        name, value = pair
        found[name] = value if isinstance(value, str) else json.dumps(value)
    return found if all(name in found for name, _variable in form) else None


def _pieces(line: str, form: Format) -> dict[str, str]:
    """The fields before what a client wrote from the left, those behind it from the right: its words lie between."""
    order = [name for name, variable in form]
    clients = [name for name, variable in form if variable == "identity.userAgent"]
    border = order.index(clients[0]) if clients else len(order)
    found: dict[str, str] = {}
    start, end = 0, len(line)
    for name in order[:border]:
        mark = re.compile(rf'"{re.escape(name)}"\s*:\s*"').search(line, start)
        close = line.find('"', mark.end()) if mark else -1
        if mark is None or close < 0:
            break
        found[name] = line[mark.end() : close]
        start = close + 1
    for name in reversed(order[border:]):
        marks = list(re.compile(rf'"{re.escape(name)}"\s*:\s*"').finditer(line, start, end))
        # Of what a client wrote the beginning counts, of the rest the end.
        last = None if not marks else marks[0] if name in clients else marks[-1]
        close = line.rfind('"', 0, end)
        if last is None or close < last.end():
            break
        found[name] = line[last.end() : close]
        end = last.start()
    if not found:
        raise ValueError("the line has nothing of the access log's format")
    return found
