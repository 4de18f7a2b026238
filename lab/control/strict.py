"""Refuse what AWS refuses: a request that does not fit the operation's own model.

moto takes unknown members, wrong types, and values outside of enumerations, patterns, lengths and ranges. botocore's
models know them all, but a client checks only a part. S3 is left to moto: its bodies are the objects themselves.
"""

from __future__ import annotations

import json
import typing as t

from moto.core.parse import PROTOCOL_PARSERS

from lab.control import constraints
from lab.control.call import Call, known_regions, query_values
from lab.control.errors import AwsError
from lab.control.operations import params_of

# What a service calls a request that breaks its model; the others use the protocol's word.
_CODES = {
    "apigateway": "BadRequestException",
    "apigatewayv2": "BadRequestException",
    "ecs": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "ecr": "InvalidParameterException",
    "firehose": "InvalidArgumentException",
    "resourcegroupstaggingapi": "InvalidParameterException",
}
_PROTOCOL_CODES = {
    "query": "ValidationError",
    "ec2": "InvalidParameterValue",
    "json": "ValidationException",
    "rest-json": "ValidationException",
}
# Parts of a query request that are no parameters of the operation.
_ENVELOPE = {"Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"}


def check(call: Call) -> None:
    """Raise the service's own error for what is unknown, missing, of the wrong type or out of bounds."""
    check_region(call)
    assert call.model is not None
    shape = call.model.input_shape
    if call.service == "s3" or shape is None:
        return
    if call.protocol in {"query", "ec2"}:
        _check_query(call, shape)
    elif call.protocol in {"json", "rest-json"}:
        _check_json(call, shape)


def check_region(call: Call) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html#signature-v4-troubleshooting-credential-scope"""
    if call.region not in known_regions():
        code = "InvalidSignatureException" if call.protocol == "json" else "SignatureDoesNotMatch"
        raise AwsError(code, f"Credential should be scoped to a valid region, not '{call.region}'.", 403)


def error_code(call: Call) -> str:
    return _CODES.get(call.service) or _PROTOCOL_CODES[call.protocol]


class _Seen(dict[str, str]):
    """Notes which parameters the parser asked for; those it never did are unknown to the model."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: t.Any = None) -> t.Any:
        self.asked.add(key)
        return super().get(key, default)


def _check_query(call: Call, shape: t.Any) -> None:
    values = _Seen({name: value for name, value in query_values(call.request).items() if not name.startswith("X-Amz-")})
    parser = PROTOCOL_PARSERS[call.protocol](call.model)
    try:
        params = parser.parse(
            {"values": values, "headers": {}, "body": b"", "method": "", "url_path": "", "url_params": {}}
        )
    except ValueError as exc:
        raise AwsError(_type_code(call), f"A parameter has a value of the wrong type: {exc}") from None
    unknown = sorted(set(values) - values.asked - _ENVELOPE)
    if unknown:
        code = "UnknownParameter" if call.protocol == "ec2" else error_code(call)
        raise AwsError(code, f"The parameter {unknown[0]} is not recognized")
    call.params = params
    _raise_first(call, constraints.problems(shape, params))


def _type_code(call: Call) -> str:
    return {"ec2": "InvalidParameterValue", "query": "MalformedInput"}.get(call.protocol, "SerializationException")


def _check_json(call: Call, shape: t.Any) -> None:
    rest = call.protocol == "rest-json"
    body = _json_body(call, shape)
    if body is not None:
        located = {name for name, member in shape.members.items() if rest and "location" in member.serialization}
        payload = shape.serialization.get("payload") if rest else None
        if payload:
            wrong = constraints.misfits(shape.members[payload], body, payload)
        else:
            wrong = constraints.misfits(shape, body, "", skip=located)
        if wrong:
            raise AwsError(
                _CODES.get(call.service, "SerializationException") if rest else "SerializationException", wrong[0]
            )
    try:
        params = params_of(call)
    except (ValueError, TypeError, AttributeError) as exc:
        raise AwsError("SerializationException", f"A parameter has a value of the wrong type: {exc}") from None
    _raise_first(call, constraints.problems(shape, params))


def _json_body(call: Call, shape: t.Any) -> t.Any:
    """The body as JSON, or None where there is none or it is opaque."""
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name in {"blob", "string"}:
        return None
    text = call.request.get_data()
    if not text:
        return None
    try:
        body = json.loads(text)
    except ValueError:
        raise AwsError("SerializationException", "The request body is no valid JSON") from None
    if not isinstance(body, dict):
        raise AwsError("SerializationException", "The request body is no JSON object")
    return body


def _raise_first(call: Call, found: list[constraints.Problem]) -> None:
    if not found:
        return
    missing = next((problem for problem in found if problem.missing), None)
    if missing and call.protocol == "ec2":
        raise AwsError("MissingParameter", f"The request must contain the parameter {missing.where}")
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    raise AwsError(error_code(call), count + "; ".join(problem.words for problem in found))
