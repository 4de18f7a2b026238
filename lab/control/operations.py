"""Where a gap hooks in: by the name of the AWS operation, with its parameters parsed and its answer as a dict.

* `replaces`: the handler answers, moto is not asked unless the handler returns None;
* `guards`: the handler runs first and raises AwsError for what AWS refuses;
* `amends`: the handler gets moto's answer, parsed, and returns what is sent instead.
"""

from __future__ import annotations

import functools
import typing as t
from urllib.parse import urlencode

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto import backends
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from werkzeug.test import EnvironBuilder

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.errors import Answer, AwsError

Params = dict[str, t.Any]
Replacement = t.Callable[[Call, Params], Params | None]
Guard = t.Callable[[Call, Params], None]
Amendment = t.Callable[[Call, Params, Params], Params | None]

_replacements: dict[tuple[str, str], Replacement] = {}
_guards: dict[tuple[str, str], list[Guard]] = {}
_amendments: dict[tuple[str, str], list[Amendment]] = {}


def replaces(service: str, *operations: str) -> t.Callable[[Replacement], Replacement]:
    def register(handler: Replacement) -> Replacement:
        for operation in operations:
            _replacements[service, operation] = handler
        return handler

    return register


def guards(service: str, *operations: str) -> t.Callable[[Guard], Guard]:
    def register(handler: Guard) -> Guard:
        for operation in operations:
            _guards.setdefault((service, operation), []).append(handler)
        return handler

    return register


def amends(service: str, *operations: str) -> t.Callable[[Amendment], Amendment]:
    """The handler may change the answer in place and return None."""

    def register(handler: Amendment) -> Amendment:
        for operation in operations:
            _amendments.setdefault((service, operation), []).append(handler)
        return handler

    return register


def answer(call: Call, ask_moto: t.Callable[[], Answer]) -> Answer:
    """Answer a call with what is registered for it, and with moto for the rest."""
    key = (call.service, call.operation)
    for guard in _guards.get(key, []):
        guard(call, params_of(call))
    output = _replacements[key](call, params_of(call)) if key in _replacements else None
    given = ask_moto() if output is None else serialize(call, output)
    amendments = _amendments.get(key)
    if not amendments or given.status >= 400:
        return given
    output = parse(call, given)
    for amend in amendments:
        output = amend(call, params_of(call), output) or output
    return serialize(call, output, given.status)


def forward(call: Call, operation: str, params: Params) -> Params:
    """Ask moto for another operation of a query service, or for the same one with other parameters.

    Raises AwsError when moto refuses.
    """
    assert call.ask is not None and call.model is not None
    model = call.model.service_model.operation_model(operation)
    request: t.Any = create_serializer(call.protocol).serialize_to_request(params, model)
    headers: t.Any = {"Authorization": call.request.headers.get("Authorization", ""), "Host": call.request.host}
    builder = EnvironBuilder(
        method="POST",
        path="/",
        headers=headers,
        content_type="application/x-www-form-urlencoded; charset=utf-8",
        data=urlencode(request["body"]).encode(),
    )
    given = call.ask(builder.get_environ())
    parsed = _parsed(call.protocol, given, operation, model.output_shape)
    if given.status >= 400:
        raise AwsError(parsed["Error"]["Code"], parsed["Error"]["Message"], given.status)
    parsed.pop("ResponseMetadata", None)
    return parsed


def params_of(call: Call) -> Params:
    """The operation's input as its model names it; a fresh copy for every reader would be a waste, so: read only."""
    if call.params is None:
        assert call.model is not None
        request = call.request
        call.params = t.cast(
            Params,
            PROTOCOL_PARSERS[call.protocol](call.model).parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": request.get_data(),
                    "url_path": request.path,
                    "url_params": call.uri,
                }
            ),
        )
    return call.params


def parse(call: Call, given: Answer) -> Params:
    assert call.model is not None
    parsed = _parsed(call.protocol, given, call.operation, call.model.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def _parsed(protocol: str, given: Answer, operation: str, shape: t.Any) -> Params:
    response = {
        "status_code": given.status,
        "headers": {name.lower(): value for name, value in given.headers},
        "body": given.body,
        "context": {"operation_name": operation},
    }
    return t.cast(Params, _parser(protocol).parse(response, shape))


def serialize(call: Call, output: Params, status: int | None = None) -> Answer:
    assert call.model is not None
    serializer = get_serializer_class(call.service, call.protocol)(operation_model=call.model)
    serialized = serializer.serialize(output)
    body = serialized["body"]
    return Answer(
        int(status or serialized["status_code"]),
        [(str(name), str(value)) for name, value in serialized["headers"].items()],
        body if isinstance(body, bytes) else str(body or "").encode(),
    )


@functools.cache
def _parser(protocol: str) -> t.Any:
    return create_parser(protocol)


def backend(service: t.Any, region: str) -> t.Any:
    """moto's backend of a service in a region of the lab's account."""
    regional = backends.get_backend(service)[ACCOUNT_ID]
    return regional[region] if region in regional else regional["aws"]
