"""AWS errors in the shape of each protocol."""

from __future__ import annotations

import json
import typing as t
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass
class AwsError(Exception):
    """An error answer of an AWS service."""

    code: str
    message: str
    status: int = 400

    def __post_init__(self) -> None:
        super().__init__(f"{self.code}: {self.message}")


class Answer(t.NamedTuple):
    """A whole HTTP answer: the control plane never streams."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def render(error: AwsError, protocol: str, service: str = "") -> Answer:
    """The answer that botocore's parser of `protocol` turns into a ClientError with this code and message."""
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    if protocol in {"json", "rest-json", "smithy-rpc-v2-cbor"}:
        headers += [
            ("Content-Type", "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"),
            ("x-amzn-ErrorType", error.code),
        ]
        document = {"message": error.message}
        if protocol != "rest-json":
            document["__type"] = error.code
        return Answer(error.status, headers, json.dumps(document).encode())
    headers.append(("Content-Type", "text/xml"))
    return Answer(error.status, headers, _xml(error, protocol, service, request_id).encode())


def _xml(error: AwsError, protocol: str, service: str, request_id: str) -> str:
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if protocol == "ec2":
        return f"{head}<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    if service == "s3":
        return f"{head}<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f"{head}<ErrorResponse><Error><Type>{fault}</Type>{inner}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
