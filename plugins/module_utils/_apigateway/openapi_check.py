# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Whether an OpenAPI document can become a REST API, found out before anything is written.

Pure: no AWS call. Every finding starts with the JSONPath (RFC 9535) of what it is about.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
import re
import typing as t

from .openapi import ANY_METHOD, EXTENSION, HTTP_METHODS, INTEGRATION, Document, is_api_key, operations, resolve
from .openapi_shape import DOCUMENT, at, misshapen

# https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
LARGEST_DOCUMENT = 6 * 1024 * 1024
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
SHORTEST_TIMEOUT = 50
LONGEST_TIMEOUT_BUFFERED = 29_000
LONGEST_TIMEOUT_STREAM = 900_000

_KEY_SOURCE = f"{EXTENSION}api-key-source"
_COMPRESSION = f"{EXTENSION}minimum-compression-size"
_SEGMENT = re.compile(r"[\w.,:-]*|\{[\w.-]+\+?\}")
_PATH_ITEM_KEYS = frozenset({"parameters", "summary", "description", "servers", "$ref", ANY_METHOD, *HTTP_METHODS})
_TYPES = frozenset({"HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK"})
_CHOICES = {
    "connectionType": frozenset({"INTERNET", "VPC_LINK"}),
    "responseTransferMode": frozenset({"BUFFERED", "STREAM"}),
    "passthroughBehavior": frozenset({"WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"}),
    "contentHandling": frozenset({"CONVERT_TO_BINARY", "CONVERT_TO_TEXT"}),
}
_INTEGRATION_KEYS = frozenset(
    {"cacheKeyParameters", "cacheNamespace", "connectionId", "credentials", "httpMethod", "integrationTarget"}
    | {"requestParameters", "requestTemplates", "responses", "timeoutInMillis", "tlsConfig", "type", "uri"}
    | set(_CHOICES)
)
_COMPARED = frozenset(
    f"{EXTENSION}{name}"
    for name in (
        *("api-key-source", "any-method", "auth", "authorizer", "authtype", "binary-media-types"),
        *("gateway-responses", "integration", "minimum-compression-size"),
        *("request-validator", "request-validators"),
    )
)
# AWS rewrites these, so that what it returns says nothing about whether the document has changed.
_IMPORTED_ONLY = frozenset(
    f"{EXTENSION}{name}"
    for name in ("documentation", "endpoint-configuration", "importexport-version", "policy", "tag-value")
) | {"x-amazon-apigateway-security-policy", "x-amazon-apigateway-endpoint-access-mode"}


class Findings:
    """What is wrong (problems) and what is only worth knowing (warnings)."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def notable(self, where: str, what: str) -> None:
        self.warnings.append(f"{where}: {what}")


def check(document: t.Any) -> Findings:
    """Everything that is wrong with the document; what has the wrong shape first, as the rest cannot be read then."""
    found = Findings()
    for where, what in misshapen(document, DOCUMENT):
        found.wrong(where, what)
    if not found.problems:
        _head(document, found)
        _references(document, found)
    if not found.problems:
        _gateway_responses(document, found)
        _model_names(document, found)
        _paths(document, found)
        _extensions(document, "$", found)
    return found


def _references(document: Document, found: Findings) -> None:
    """References lead to a component of the kind that belongs there; only those are followed."""
    for group in ("parameters", "responses", "requestBodies", "securitySchemes"):
        for name, node in document.get("components", {}).get(group, {}).items():
            _reference(document, node, group, at(f"$.components.{group}", name), found)
    for path, item in document["paths"].items():
        where = at("$.paths", path)
        _each_reference(document, item.get("parameters", []), "parameters", f"{where}.parameters", found)
        for key, _method, operation in operations(item):
            here = at(where, key)
            _each_reference(document, operation.get("parameters", []), "parameters", f"{here}.parameters", found)
            _reference(document, operation.get("requestBody", {}), "requestBodies", f"{here}.requestBody", found)
            for status, node in operation.get("responses", {}).items():
                _reference(document, node, "responses", at(f"{here}.responses", status), found)


def _each_reference(document: Document, nodes: list[Document], group: str, where: str, found: Findings) -> None:
    for number, node in enumerate(nodes):
        _reference(document, node, group, f"{where}[{number}]", found)


def _reference(document: Document, node: Document, group: str, where: str, found: Findings) -> None:
    if "$ref" not in node:
        return
    if not node["$ref"].startswith(f"#/components/{group}/") or not isinstance(resolve(document, node), t.Mapping):
        found.wrong(where, f"{node['$ref']!r} leads to nothing in components.{group}")


def _head(document: Document, found: Findings) -> None:
    version = document.get("openapi", "")
    if not version.startswith("3.0"):
        found.wrong("$.openapi", f"must be '3.0.x', is {version!r} (API Gateway imports OpenAPI 3.0)")
    info = document.get("info", {})
    if not info.get("title", "").strip():
        found.wrong("$.info.title", "must be a text that is not empty")
    if "version" not in info:
        found.wrong("$.info.version", "is missing (OpenAPI requires it)")
    if not document.get("paths"):
        found.wrong("$.paths", "has no path, and an API without methods cannot be deployed")
    if document.get("security"):
        found.wrong(
            "$.security",
            "API Gateway ignores security at the root of the document, which would leave every method open; "
            "put it into each operation",
        )
    source = document.get(_KEY_SOURCE, "HEADER")
    if source.upper() not in ("HEADER", "AUTHORIZER"):
        found.wrong(at("$", _KEY_SOURCE), f"must be HEADER or AUTHORIZER, is {source!r}")
    compression = document.get(_COMPRESSION, 0)
    if not isinstance(compression, int) or isinstance(compression, bool) or not 0 <= compression <= 10 * 1024 * 1024:
        found.wrong(at("$", _COMPRESSION), f"must be 0 to 10485760 (bytes), is {compression!r}")
    size = len(json.dumps(document).encode())
    if size > LARGEST_DOCUMENT:
        found.wrong("$", f"has {size} bytes as JSON, API Gateway takes {LARGEST_DOCUMENT} at most")


def _gateway_responses(document: Document, found: Findings) -> None:
    key = f"{EXTENSION}gateway-responses"
    for kind, said in document.get(key, {}).items():
        where = at(at("$", key), kind)
        if not re.fullmatch(r"[A-Z0-9_]+", kind):
            found.wrong(where, "is no response type (capitals, digits and underscores, such as DEFAULT_4XX)")
        if "statusCode" in said and not re.fullmatch(r"[1-5]\d\d", str(said["statusCode"])):
            found.wrong(f"{where}.statusCode", f"must be an HTTP status, is {said['statusCode']!r}")
        for name in said.get("responseParameters", {}):
            if not re.fullmatch(r"gatewayresponse\.(header|querystring|path)\..+", name):
                found.wrong(
                    f"{where}.responseParameters", f"{name!r} must look like gatewayresponse.header.<name of a header>"
                )


def _model_names(document: Document, found: Findings) -> None:
    for name in document.get("components", {}).get("schemas", {}):
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            found.wrong(at("$.components.schemas", name), "names of models are letters and digits only")


def _paths(document: Document, found: Findings) -> None:
    for path, item in document["paths"].items():
        where = at("$.paths", path)
        if not path.startswith("/"):
            found.wrong(where, "a path must start with '/'")
            continue
        segments = path[1:].split("/") if path != "/" else []
        for number, segment in enumerate(segments):
            if not segment or not _SEGMENT.fullmatch(segment):
                found.wrong(where, f"{segment!r} is no segment of a path (parameters are whole segments: {{name}})")
            elif segment.endswith("+}") and number != len(segments) - 1:
                found.wrong(where, f"{segment} must be the last segment")
        for key in item:
            if key not in _PATH_ITEM_KEYS and not str(key).startswith("x-"):
                found.wrong(at(where, key), f"is no method; use one of {', '.join(HTTP_METHODS)} or {ANY_METHOD}")
        if "$ref" in item:
            found.wrong(at(where, "$ref"), "API Gateway does not follow references to paths")
        _parameters(document, item.get("parameters", []), f"{where}.parameters", found)
        for key, _method, operation in operations(item):
            _operation(document, operation, at(where, key), found)


def _operation(document: Document, operation: Document, where: str, found: Findings) -> None:
    _parameters(document, operation.get("parameters", []), f"{where}.parameters", found)
    key = f"{EXTENSION}request-validator"
    name = operation.get(key, document.get(key))
    if name is not None and name not in document.get(f"{EXTENSION}request-validators", {}):
        found.wrong(at(where, key), f"{name!r} is not among the document's {EXTENSION}request-validators")
    _security(document, operation, where, found)
    for kind, media in resolve(document, operation.get("requestBody", {})).get("content", {}).items():
        if media.get("schema") and "$ref" not in media["schema"]:
            found.notable(
                f"{at(f'{where}.requestBody.content', kind)}.schema",
                "AWS makes up a name for this model, hence changes of it are not noticed; "
                "put it into components.schemas and refer to it",
            )
    if INTEGRATION not in operation:
        found.wrong(where, f"has no {INTEGRATION}, and a method without it cannot be deployed")
    else:
        _integration(operation[INTEGRATION], at(where, INTEGRATION), found)


def _security(document: Document, operation: Document, where: str, found: Findings) -> None:
    schemes = document.get("components", {}).get("securitySchemes", {})
    for number, requirement in enumerate(operation.get("security", [])):
        for name in requirement:
            scheme = resolve(document, schemes.get(name, {}))
            if name not in schemes:
                found.wrong(f"{where}.security[{number}]", f"{name!r} is not among components.securitySchemes")
            elif not is_api_key(scheme) and f"{EXTENSION}authtype" not in scheme:
                found.wrong(
                    at("$.components.securitySchemes", name),
                    "protects nothing on API Gateway, which knows API keys (type: apiKey, in: header, "
                    f"name: x-api-key) and schemes with {EXTENSION}authtype",
                )


def _parameters(document: Document, parameters: list[Document], where: str, found: Findings) -> None:
    for number, said in enumerate(parameters):
        parameter = resolve(document, said)
        if not parameter.get("name"):
            found.wrong(f"{where}[{number}].name", "is missing")
        elif parameter.get("in") not in ("header", "query", "path", "cookie"):
            found.wrong(f"{where}[{number}].in", f"must be header, query or path, is {parameter.get('in')!r}")


def _integration(said: Document, where: str, found: Findings) -> None:
    kind = str(said.get("type", "")).upper()
    if kind not in _TYPES:
        found.wrong(f"{where}.type", f"must be one of {', '.join(sorted(_TYPES)).lower()}, is {said.get('type')!r}")
        return
    for key, allowed in _CHOICES.items():
        if key in said and str(said[key]).upper() not in allowed:
            found.wrong(f"{where}.{key}", f"must be one of {', '.join(sorted(allowed))}, is {said[key]!r}")
    for key in said:
        if key not in _INTEGRATION_KEYS:
            found.notable(at(where, key), "is not known to this collection; it is imported and not compared")
    if kind != "MOCK":
        for key in ("uri", "httpMethod"):
            if not said.get(key):
                found.wrong(f"{where}.{key}", f"is missing; type {kind.lower()} needs it")
    if (
        kind.startswith("HTTP")
        and said.get("uri")
        and not re.match(r"https?://|\$\{stageVariables\.", str(said["uri"]))
    ):
        found.wrong(f"{where}.uri", f"must be an http or https URL, is {said['uri']!r}")
    _connection(said, where, found)
    _timeout(said, kind, where, found)
    _responses(said.get("responses", {}), f"{where}.responses", found)


def _connection(said: Document, where: str, found: Findings) -> None:
    private = str(said.get("connectionType", "")).upper() == "VPC_LINK"
    if private and not said.get("connectionId"):
        found.wrong(f"{where}.connectionId", "is missing; connectionType VPC_LINK needs the id of a VPC link")
    if not private:
        for key in ("connectionId", "integrationTarget"):
            if said.get(key):
                found.wrong(f"{where}.{key}", "has no meaning without connectionType VPC_LINK")
    target = said.get("integrationTarget")
    if target and not re.match(r"arn:[\w-]+:elasticloadbalancing:|\$\{stageVariables\.", str(target)):
        found.wrong(f"{where}.integrationTarget", f"must be the ARN of a load balancer, is {target!r}")


def _timeout(said: Document, kind: str, where: str, found: Findings) -> None:
    streams = str(said.get("responseTransferMode", "")).upper() == "STREAM"
    if streams and kind not in ("HTTP_PROXY", "AWS_PROXY"):
        found.wrong(f"{where}.responseTransferMode", f"STREAM needs type http_proxy or aws_proxy, not {kind.lower()}")
    timeout = said.get("timeoutInMillis")
    if timeout is None:
        return
    if isinstance(timeout, bool) or not re.fullmatch(r"\d+", str(timeout)):
        found.wrong(f"{where}.timeoutInMillis", f"must be a number of milliseconds, is {timeout!r}")
    elif not SHORTEST_TIMEOUT <= int(timeout) <= LONGEST_TIMEOUT_STREAM:
        found.wrong(
            f"{where}.timeoutInMillis",
            f"must be {SHORTEST_TIMEOUT} to {LONGEST_TIMEOUT_STREAM} (ms), is {timeout}",
        )
    elif int(timeout) > LONGEST_TIMEOUT_BUFFERED and not streams:
        found.notable(
            f"{where}.timeoutInMillis",
            f"more than {LONGEST_TIMEOUT_BUFFERED} ms without STREAM needs a higher quota Maximum integration timeout",
        )


def _responses(responses: Document, where: str, found: Findings) -> None:
    statuses: dict[str, str] = {}
    for pattern, said in responses.items():
        status = str(said.get("statusCode", ""))
        if not re.fullmatch(r"[1-5]\d\d", status):
            found.wrong(f"{at(where, pattern)}.statusCode", f"must be an HTTP status, is {said.get('statusCode')!r}")
        elif status in statuses:
            found.wrong(at(where, pattern), f"{status} is the status of {statuses[status]!r} already; one can have it")
        statuses[status] = pattern


def _extensions(node: t.Any, where: str, found: Findings) -> None:
    if isinstance(node, list):
        for number, one in enumerate(node):
            _extensions(one, f"{where}[{number}]", found)
    if not isinstance(node, t.Mapping):
        return
    for key, value in node.items():
        if str(key).startswith("x-amazon-") and key not in _COMPARED:
            known = key in _IMPORTED_ONLY
            what = "AWS rewrites it" if known else "is not known to this collection"
            found.notable(at(where, key), f"{what}; it is imported, but a change of it alone is not noticed")
        elif key != INTEGRATION:
            _extensions(value, at(where, str(key)), found)


__all__ = ("LARGEST_DOCUMENT", "Findings", "check")
