# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The state of a REST API in one normal form: what AWS returns, without what AWS makes up, compared and digested.

Pure: no AWS call. Identifiers that a new import changes are replaced by names, defaults are written out, and what
is empty is left out, so that two states that behave alike are equal.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

State = dict[str, t.Any]

GROUPS = ("settings", "resources", "request_validators", "gateway_responses", "models", "authorizers")

# Where a method is in the document, these are compared as a whole: what the document leaves out is at its default.
_WHOLE_METHOD = ("apiKeyRequired", "authorizationType", "authorizer", "requestParameters", "requestValidator")
_WHOLE_INTEGRATION = (
    "type",
    "httpMethod",
    "uri",
    "connectionType",
    "connectionId",
    "integrationTarget",
    "responseTransferMode",
    "timeoutInMillis",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "credentials",
    "contentHandling",
)
_WHOLE_GATEWAY_RESPONSE = ("responseParameters", "responseTemplates")

# https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html
_INTEGRATION_DEFAULTS = {
    "connectionType": "INTERNET",
    "passthroughBehavior": "WHEN_NO_MATCH",
    "responseTransferMode": "BUFFERED",
    "timeoutInMillis": 29000,
}
_ENUMS = ("type", "httpMethod", "connectionType", "passthroughBehavior", "contentHandling", "responseTransferMode")

# Every REST API has these models from its creation on.
_STOCK_MODELS = frozenset({"Empty", "Error"})

# Keywords that API Gateway drops from schemas, so that they cannot be compared.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_DROPPED_KEYWORDS = frozenset(
    {"default", "deprecated", "discriminator", "example", "examples", "externalDocs", "nullable", "readOnly"}
    | {"writeOnly", "xml", "exclusiveMinimum", "exclusiveMaximum"}
)


class Difference(t.NamedTuple):
    """One value that is not as it should be."""

    where: str
    expected: t.Any
    found: t.Any

    def __str__(self) -> str:
        return f"{self.where}: should be {self.expected!r}, is {self.found!r}"


def without_empty(values: t.Mapping[str, t.Any]) -> State:
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def normal_state(
    api: t.Mapping[str, t.Any],
    resources: t.Iterable[t.Mapping[str, t.Any]],
    validators: t.Iterable[t.Mapping[str, t.Any]],
    gateway_responses: t.Iterable[t.Mapping[str, t.Any]],
    models: t.Iterable[t.Mapping[str, t.Any]],
    authorizers: t.Iterable[t.Mapping[str, t.Any]],
) -> State:
    """The answers of GetRestApi, GetResources and their like in one normal form."""
    validators, authorizers = list(validators), list(authorizers)
    validator_names = {one["id"]: one.get("name", one["id"]) for one in validators}
    authorizer_names = {one["id"]: one.get("name", one["id"]) for one in authorizers}
    named = {
        resource["path"]: {
            method: normal_method(said, resource["id"], validator_names, authorizer_names)
            for method, said in sorted(resource.get("resourceMethods", {}).items())
        }
        for resource in sorted(resources, key=lambda one: one["path"])
    }
    return {
        "settings": without_empty(
            {
                "description": api.get("description"),
                "apiKeySource": api.get("apiKeySource", "HEADER"),
                "minimumCompressionSize": api.get("minimumCompressionSize"),
                "binaryMediaTypes": sorted(api.get("binaryMediaTypes", [])),
                "policy": api.get("policy"),
            }
        ),
        "resources": {path: methods for path, methods in named.items() if methods},
        "request_validators": {
            one.get("name", one["id"]): {
                "validateRequestBody": bool(one.get("validateRequestBody")),
                "validateRequestParameters": bool(one.get("validateRequestParameters")),
            }
            for one in validators
        },
        # AWS answers with its own defaults too; they are nobody's.
        "gateway_responses": {
            one["responseType"]: without_empty({key: one.get(key) for key in ("statusCode", *_WHOLE_GATEWAY_RESPONSE)})
            for one in gateway_responses
            if not one.get("defaultResponse")
        },
        "models": {one["name"]: normal_schema(one.get("schema")) for one in models if one["name"] not in _STOCK_MODELS},
        "authorizers": {
            one.get("name", one["id"]): without_empty({key: value for key, value in one.items() if key != "id"})
            for one in authorizers
        },
    }


def normal_method(
    method: t.Mapping[str, t.Any],
    resource_id: str,
    validator_names: t.Mapping[str, str],
    authorizer_names: t.Mapping[str, str],
) -> State:
    """A method as GetResources embeds it, with names for ids and defaults written out."""
    kept = ("operationName", "requestParameters", "requestModels", "authorizationScopes")
    normal = {key: method.get(key) for key in kept}
    normal["authorizationType"] = method.get("authorizationType") or "NONE"
    normal["requestValidator"] = _named(method.get("requestValidatorId"), validator_names)
    normal["authorizer"] = _named(method.get("authorizerId"), authorizer_names)
    normal["methodResponses"] = {
        status: without_empty({key: value for key, value in said.items() if key != "statusCode"})
        for status, said in (method.get("methodResponses") or {}).items()
    }
    if method.get("methodIntegration"):
        normal["integration"] = normal_integration(method["methodIntegration"], resource_id)
    return {"apiKeyRequired": bool(method.get("apiKeyRequired")), **without_empty(normal)}


def _named(identifier: str | None, names: t.Mapping[str, str]) -> str | None:
    return names.get(identifier, identifier) if identifier else None


def normal_integration(integration: t.Mapping[str, t.Any], resource_id: str | None = None) -> State:
    """An integration with AWS's defaults written out and enums in capitals (the extension takes any case)."""
    normal = without_empty(integration)
    for key in _ENUMS:
        if key in normal:
            normal[key] = str(normal[key]).upper()
    for key, value in _INTEGRATION_DEFAULTS.items():
        normal.setdefault(key, value)
    if normal.get("type") == "MOCK":
        # A mock calls nobody: AWS shows neither method nor connection.
        for key in ("httpMethod", "connectionType"):
            normal.pop(key, None)
    normal["timeoutInMillis"] = int(normal["timeoutInMillis"])
    if normal.get("cacheNamespace") == resource_id:
        normal.pop("cacheNamespace", None)
    if "integrationResponses" in normal:
        normal["integrationResponses"] = {
            status: without_empty({key: value for key, value in said.items() if key != "statusCode"})
            for status, said in normal["integrationResponses"].items()
        }
    return normal


def normal_schema(schema: t.Any) -> t.Any:
    """A model's schema, a JSON text in AWS's answers, with references by the name of the model."""
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError:
            return schema
    return _plain_schema(schema)


def _plain_schema(node: t.Any, *, names: bool = False) -> t.Any:
    """`names` says that the keys of this node are names of properties, not keywords."""
    if isinstance(node, list):
        return [_plain_schema(one) for one in node]
    if not isinstance(node, t.Mapping):
        return node
    plain: State = {}
    for key, value in node.items():
        if names:
            plain[key] = _plain_schema(value)
        elif key == "$ref" and isinstance(value, str):
            # '#/components/schemas/X' here, 'https://apigateway.amazonaws.com/restapis/<id>/models/X' there
            plain[key] = value.rsplit("/", 1)[-1]
        elif key not in _DROPPED_KEYWORDS:
            plain[key] = _plain_schema(value, names=key in ("properties", "patternProperties", "definitions"))
    return plain


def differences(expected: State, current: State) -> list[Difference]:
    """What of the expected state is not there. Things that only the current state has do not count."""
    found = list(_settings(expected["settings"], current["settings"]))
    for path, methods in expected["resources"].items():
        for method, said in methods.items():
            where = f"{method} {path}"
            there = current["resources"].get(path, {}).get(method)
            if there is None:
                found.append(Difference(where, "a method", None))
            else:
                found += _method(where, said, there)
    found += _all_said("request validator", expected["request_validators"], current["request_validators"])
    found += _all_said("authorizer", expected["authorizers"], current["authorizers"])
    schemas = {name: normal_schema(schema) for name, schema in expected["models"].items()}
    found += _all_said("model", schemas, current["models"])
    for kind, said in expected["gateway_responses"].items():
        there = current["gateway_responses"].get(kind)
        where = f"gateway response {kind}"
        if there is None:
            found.append(Difference(where, "a gateway response", None))
        else:
            found += _whole(where, said, there, _WHOLE_GATEWAY_RESPONSE)
            found += _said(where, said, there, skip=_WHOLE_GATEWAY_RESPONSE)
    return found


def _settings(expected: State, current: State) -> t.Iterator[Difference]:
    for key, value in expected.items():
        there = current.get(key)
        if key == "binaryMediaTypes":
            missing = sorted(set(value) - set(there or []))
            if missing:
                yield Difference(key, missing, there)
        elif not same_setting(value, there):
            yield Difference(key, value, there)


def same_setting(one: t.Any, other: t.Any) -> bool:
    """An empty text is no text; 0, which is a compression size, is something."""
    return one == other or (one in (None, "") and other in (None, ""))


def _method(where: str, said: State, there: State) -> t.Iterator[Difference]:
    yield from _whole(where, said, there, _WHOLE_METHOD)
    yield from _said(where, said, there, skip=(*_WHOLE_METHOD, "integration"))
    if "integration" in said:
        integration = there.get("integration", {})
        yield from _whole(f"{where} integration", said["integration"], integration, _WHOLE_INTEGRATION)
        yield from _said(f"{where} integration", said["integration"], integration, skip=_WHOLE_INTEGRATION)


def _whole(where: str, said: State, there: State, keys: t.Iterable[str]) -> t.Iterator[Difference]:
    for key in keys:
        if said.get(key) != there.get(key):
            yield Difference(f"{where} {key}", said.get(key), there.get(key))


def _all_said(what: str, expected: State, current: State) -> t.Iterator[Difference]:
    for name, said in expected.items():
        if name not in current:
            yield Difference(f"{what} {name}", f"a {what}", None)
        elif isinstance(said, t.Mapping):
            yield from _said(f"{what} {name}", said, current[name])


def _said(where: str, said: t.Mapping[str, t.Any], there: t.Any, skip: t.Container[str] = ()) -> t.Iterator[Difference]:
    """Compare what is said and nothing else, mappings member by member."""
    for key, value in said.items():
        if key in skip:
            continue
        found = there.get(key) if isinstance(there, t.Mapping) else None
        if isinstance(value, t.Mapping) and isinstance(found, t.Mapping):
            yield from _said(f"{where} {key}", value, found)
        elif value != found and not (value in ({}, None) and key in (there or {})):
            yield Difference(f"{where} {key}", value, found)


def surplus(expected: State, current: State) -> list[str]:
    """What is there and not in the document: what `overwrite` would remove."""
    found = [
        f"{method} {path}"
        for path, methods in current["resources"].items()
        for method in methods
        if method not in expected["resources"].get(path, {})
    ]
    for what, group in (
        ("request validator", "request_validators"),
        ("gateway response", "gateway_responses"),
        ("authorizer", "authorizers"),
    ):
        found += [f"{what} {name}" for name in current[group] if name not in expected[group]]
    types = expected["settings"].get("binaryMediaTypes", [])
    found += [
        f"binary media type {kind}" for kind in current["settings"].get("binaryMediaTypes", []) if kind not in types
    ]
    return found


def predicted(expected: State, current: State, *, purge: bool) -> State:
    """The state after an import. A merge replaces the methods of the document and leaves the others alone;
    an overwrite leaves nothing but the document.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html
    """
    if purge:
        policy = {key: value for key, value in current["settings"].items() if key in ("policy", "apiKeySource")}
        return {**expected, "settings": {**policy, **expected["settings"]}}
    after = {group: {**current[group], **expected[group]} for group in current}
    paths = {**current["resources"], **expected["resources"]}
    after["resources"] = {
        path: {**current["resources"].get(path, {}), **expected["resources"].get(path, {})} for path in sorted(paths)
    }
    types = {*current["settings"].get("binaryMediaTypes", []), *expected["settings"].get("binaryMediaTypes", [])}
    after["settings"] = without_empty({**after["settings"], "binaryMediaTypes": sorted(types)})
    return after


def fingerprint(state: State) -> str:
    """A digest of all that a deployment is made from; equal states have equal digests, whatever their ids."""
    deployed = {**state, "settings": {key: value for key, value in state["settings"].items() if key != "description"}}
    canonical = json.dumps(deployed, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


__all__ = (
    "GROUPS",
    "Difference",
    "State",
    "differences",
    "fingerprint",
    "normal_integration",
    "normal_method",
    "normal_schema",
    "normal_state",
    "predicted",
    "same_setting",
    "surplus",
    "without_empty",
)
