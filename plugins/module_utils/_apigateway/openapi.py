# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What API Gateway makes of an OpenAPI 3.0 document: the state that its own read calls would show after the import.

Pure: no AWS call. The result has the shape of `api_state.normal_state`, so that the two can be compared.

Document: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
Exceptions: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

import typing as t

from .api_state import normal_integration, without_empty

Document = t.Mapping[str, t.Any]
State = dict[str, t.Any]

EXTENSION = "x-amazon-apigateway-"
ANY_METHOD = f"{EXTENSION}any-method"
INTEGRATION = f"{EXTENSION}integration"
HTTP_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

_AUTHORIZATION_TYPES = {
    "custom": "CUSTOM",
    "oauth2": "CUSTOM",
    "cognito_user_pools": "COGNITO_USER_POOLS",
    "awssigv4": "AWS_IAM",
    "aws_iam": "AWS_IAM",
}
_AUTHORIZER_KEYS = (
    *("authorizerUri", "authorizerCredentials", "authorizerResultTtlInSeconds"),
    *("identitySource", "identityValidationExpression", "providerARNs"),
)
# Header parameters of these names are handled by OpenAPI itself and are no parameters (OpenAPI 3.0.3, 4.7.12).
_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
_LOCATIONS = {"header": "header", "query": "querystring", "path": "path"}


def expected_state(document: Document) -> State:
    """The state that this document asks for; what it does not say is not in it."""
    validators = document.get(f"{EXTENSION}request-validators", {})
    return {
        "settings": _settings(document),
        "resources": _resources(document),
        "request_validators": {name: _validator(said) for name, said in validators.items()},
        "gateway_responses": _gateway_responses(document),
        "models": _models(document),
        "authorizers": _authorizers(document),
    }


def resolve(document: Document, node: t.Any) -> t.Any:
    """What a local reference ({"$ref": "#/components/…"}) stands for; anything else is itself."""
    seen: set[str] = set()
    while isinstance(node, t.Mapping) and isinstance(node.get("$ref"), str):
        reference = node["$ref"]
        if reference in seen or not reference.startswith("#/"):
            return None
        seen.add(reference)
        node = document
        for part in reference[2:].split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, t.Mapping) else None
    return node


def operations(path_item: Document) -> t.Iterator[tuple[str, str, t.Any]]:
    """The operations of a path: the document's key, API Gateway's method and the operation."""
    for key, operation in path_item.items():
        if key == ANY_METHOD:
            yield key, "ANY", operation
        elif key in HTTP_METHODS:
            yield key, key.upper(), operation


def _settings(document: Document) -> State:
    said = {
        "description": document.get("info", {}).get("description"),
        "apiKeySource": (document.get(f"{EXTENSION}api-key-source") or "").upper() or None,
        "minimumCompressionSize": document.get(f"{EXTENSION}minimum-compression-size"),
        "binaryMediaTypes": document.get(f"{EXTENSION}binary-media-types"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _validator(said: Document) -> State:
    return {
        "validateRequestBody": bool(said.get("validateRequestBody")),
        "validateRequestParameters": bool(said.get("validateRequestParameters")),
    }


def _gateway_responses(document: Document) -> State:
    found = {}
    for kind, said in document.get(f"{EXTENSION}gateway-responses", {}).items():
        response = without_empty(
            {
                "responseParameters": said.get("responseParameters"),
                "responseTemplates": said.get("responseTemplates"),
            }
        )
        if said.get("statusCode") is not None:
            response["statusCode"] = str(said["statusCode"])
        found[kind] = response
    return found


def _models(document: Document) -> State:
    return dict(document.get("components", {}).get("schemas", {}))


def _authorizers(document: Document) -> State:
    found = {}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        said = resolve(document, scheme).get(f"{EXTENSION}authorizer")
        if said:
            found[name] = {key: said[key] for key in _AUTHORIZER_KEYS if key in said}
            if "type" in said:
                found[name]["type"] = said["type"].upper()
    return found


def _resources(document: Document) -> State:
    found: State = {}
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        methods = {method: _method(document, operation, shared) for _key, method, operation in operations(item)}
        if methods:
            found[path] = methods
    return found


def _method(document: Document, operation: Document, shared: t.Sequence[t.Any]) -> State:
    default_validator = document.get(f"{EXTENSION}request-validator")
    method = {
        **_authorization(document, operation),
        "operationName": operation.get("operationId"),
        "requestParameters": _request_parameters(document, [*shared, *operation.get("parameters", [])]),
        "requestModels": _named_models(document, resolve(document, operation.get("requestBody", {}))),
        "requestValidator": operation.get(f"{EXTENSION}request-validator", default_validator),
        "methodResponses": _method_responses(document, operation),
    }
    if INTEGRATION in operation:
        method["integration"] = _integration(operation[INTEGRATION])
    return {"apiKeyRequired": method["apiKeyRequired"], **without_empty(method)}


def _authorization(document: Document, operation: Document) -> State:
    """API keys and authorizers come from the operation's `security` (API Gateway ignores the document's own)."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    found: State = {"apiKeyRequired": False, "authorizationType": "NONE"}
    explicit = operation.get(f"{EXTENSION}auth", {}).get("type")
    if explicit:
        found["authorizationType"] = explicit.upper()
    for requirement in operation.get("security", []):
        for name in requirement:
            scheme = resolve(document, schemes.get(name, {}))
            kind = scheme.get(f"{EXTENSION}authtype")
            if kind:
                found["authorizationType"] = _AUTHORIZATION_TYPES.get(kind.lower(), kind.upper())
                if f"{EXTENSION}authorizer" in scheme:
                    found["authorizer"] = name
            elif is_api_key(scheme):
                found["apiKeyRequired"] = True
    return found


def is_api_key(scheme: Document) -> bool:
    """API Gateway takes exactly this scheme as 'needs an API key', whatever its name in the document."""
    return scheme.get("type") == "apiKey" and scheme.get("in") == "header" and _is_key_header(scheme.get("name"))


def _is_key_header(name: t.Any) -> bool:
    return isinstance(name, str) and name.lower() == "x-api-key"


def _request_parameters(document: Document, parameters: t.Iterable[t.Any]) -> dict[str, bool]:
    found = {}
    for parameter in (resolve(document, one) for one in parameters):
        location = _LOCATIONS.get(parameter["in"])
        if location is None or (location == "header" and parameter["name"].lower() in _NOT_PARAMETERS):
            continue
        found[f"method.request.{location}.{parameter['name']}"] = bool(parameter.get("required"))
    return found


def _named_models(document: Document, body: Document | None) -> dict[str, str]:
    """Content types and their models; only references have a name that can be foretold."""
    content = (body or {}).get("content", {})
    found = {kind: model_name(media.get("schema")) for kind, media in content.items()}
    return {kind: name for kind, name in found.items() if name}


def model_name(schema: t.Any) -> str | None:
    reference = schema.get("$ref") if isinstance(schema, t.Mapping) else None
    return reference.rsplit("/", 1)[-1] if isinstance(reference, str) else None


def _method_responses(document: Document, operation: Document) -> State:
    found = {}
    for status, said in operation.get("responses", {}).items():
        if not str(status).isdigit():  # 'default' and '2XX' are not supported for REST APIs
            continue
        response = resolve(document, said) or {}
        headers = {f"method.response.header.{name}": False for name in response.get("headers", {})}
        models = _named_models(document, response)
        found[str(status)] = without_empty({"responseParameters": headers, "responseModels": models})
    return found


def _integration(said: Document) -> State:
    """The integration in the shape of GetIntegration; the extension's `responses` are keyed by pattern there."""
    responses = {}
    for pattern, response in said.get("responses", {}).items():
        status = str(response.get("statusCode", ""))
        kept = ("responseParameters", "responseTemplates", "contentHandling")
        responses[status] = {key: response[key] for key in kept if response.get(key)}
        if pattern != "default":
            responses[status]["selectionPattern"] = pattern
        if "contentHandling" in responses[status]:
            responses[status]["contentHandling"] = responses[status]["contentHandling"].upper()
    read_shape = {key: value for key, value in said.items() if key not in ("responses", "type")}
    return normal_integration({**read_shape, "type": said.get("type", ""), "integrationResponses": responses})


__all__ = (
    "ANY_METHOD",
    "EXTENSION",
    "HTTP_METHODS",
    "INTEGRATION",
    "Document",
    "State",
    "expected_state",
    "is_api_key",
    "model_name",
    "operations",
    "resolve",
)
