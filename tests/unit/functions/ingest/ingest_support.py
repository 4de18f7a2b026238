"""The function's modules, which know each other by bare names, and lines as gateway and engine write them."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import sys
import typing as t
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[4] / "functions/ingest"


def load(name: str, **bare: ModuleType) -> t.Any:
    """The module as `ingest_<name>`; those that it imports by bare names come in by these."""
    spec = importlib.util.spec_from_file_location(f"ingest_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"ingest_{name}"] = module
    before = {each: sys.modules.get(each) for each in bare}
    sys.modules.update(bare)
    try:
        spec.loader.exec_module(module)
    finally:
        for each, former in before.items():
            if former is None:
                del sys.modules[each]
            else:
                sys.modules[each] = former
    return module


access_line = load("access_line")
core = load("core", access_line=access_line)

FORMAT = [
    ("requestId", "requestId"),
    ("extendedRequestId", "extendedRequestId"),
    ("requestTimeEpoch", "requestTimeEpoch"),
    ("apiKeyId", "identity.apiKeyId"),
    ("sourceIp", "identity.sourceIp"),
    ("userAgent", "identity.userAgent"),
    ("httpMethod", "httpMethod"),
    ("resourcePath", "resourcePath"),
    ("status", "status"),
    ("responseLatency", "responseLatency"),
    ("errorType", "error.responseType"),
    ("wafStatus", "waf.status"),
]
GATEWAY_GROUP = "/aws/apigateway/x/prod"
ENGINE_GROUP = "/ecs/x"
SETTINGS = core.Settings(GATEWAY_GROUP, FORMAT, 30)
NOON = 1795608000123


def gateway_line(**values: str) -> str:
    """As API Gateway fills the format in: whatever a value is, it stands there as it is."""
    known = {
        "requestId": "plain-1",
        "extendedRequestId": "JRZ1pHe5oAMF1zg=",
        "requestTimeEpoch": str(NOON),
        "apiKeyId": "abc123",
        "sourceIp": "203.0.113.9",
        "userAgent": "OpenAI/Python",
        "httpMethod": "POST",
        "resourcePath": "/v1/chat/completions",
        "status": "200",
        "responseLatency": "41",
        "errorType": "-",
        "wafStatus": "-",
    }
    known.update(values)
    return "{" + ", ".join(f'"{name}": "{known[name]}"' for name, _variable in FORMAT) + "}"


def engine_line(**values: t.Any) -> str:
    known = {
        "central_llm_audit": 1,
        "gateway_request_id": "JRZ1pHe5oAMF1zg=",
        "request_id": "mine-1",
        "key_id": "abc123",
        "source": "terminal",
        "user": "alice",
        "request_type": "chat",
        "method": "POST",
        "route": "/v1/chat/completions",
        "model": "tiny",
        "stream": True,
        "status": 200,
        "outcome": "completed",
        "finish_reason": "stop",
        "prompt_tokens": 5,
        "completion_tokens": 16,
        "total_tokens": 21,
        "received_at": NOON + 7,
        "first_byte_ms": 12,
        "total_ms": 34,
        "request_bytes": 100,
        "response_bytes": 2000,
    }
    return json.dumps({**known, **values}, separators=(",", ":"))


def batch_text(group: str, messages: t.Sequence[t.Any], **more: t.Any) -> str:
    events = [{"id": str(number), "timestamp": NOON, "message": each} for number, each in enumerate(messages)]
    head = {"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group, "logStream": "s"}
    return json.dumps({**head, "subscriptionFilters": ["f"], "logEvents": events, **more})


def packed(data: bytes) -> dict[str, t.Any]:
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def event(group: str, messages: t.Sequence[t.Any]) -> dict[str, t.Any]:
    return packed(gzip.compress(batch_text(group, messages).encode()))
