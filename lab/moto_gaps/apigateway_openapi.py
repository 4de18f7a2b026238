"""Import of OpenAPI documents: moto ignores security, validators, parameters, gateway responses and streaming.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html. Both OpenAPI 3 and
Swagger 2 are read. An import either takes effect as a whole or not at all.
"""

from __future__ import annotations

import copy
import json
import typing as t

import yaml

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import replaces
from lab.moto_gaps import (
    apigateway_apis,
    apigateway_authorizers,
    apigateway_openapi_methods,
    apigateway_resources,
    apigateway_validators,
)
from lab.moto_gaps.apigateway_openapi_document import Source
from lab.moto_gaps.apigateway_store import Api, Document, api_of, bad_request, of

_VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}


def apply() -> None:
    replaces("apigateway", "ImportRestApi")(import_api)
    replaces("apigateway", "PutRestApi")(put_api)


def import_api(call: Call, params: Document) -> Document:
    source = Source(_load(params["body"]))
    api = apigateway_apis.new_api({"name": source.title, "tags": {}})
    _import_into(call, api, source, params)
    of(call).apis[api.info["id"]] = api
    return _shown(api, source)


def put_api(call: Call, params: Document) -> Document:
    mode = params.get("mode") or "merge"
    if mode not in {"merge", "overwrite"}:
        raise bad_request('Enumeration value of OpenAPI import mode must be "overwrite" or "merge"')
    source = Source(_load(params["body"]))
    draft = copy.deepcopy(api_of(call, params))
    if mode == "overwrite":
        _empty(draft)
    _import_into(call, draft, source, params)
    of(call).apis[params["restApiId"]] = draft
    return _shown(draft, source)


def _shown(api: Api, source: Source) -> Document:
    return {**api.info, "warnings": source.warnings} if source.warnings else api.info


def _load(body: t.Any) -> Document:
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else str(body)
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise bad_request(
            f"Unable to parse API definition because of a malformed document: {_first_line(exc)}"
        ) from None
    version = (
        str((document or {}).get("openapi") or (document or {}).get("swagger") or "")
        if isinstance(document, dict)
        else ""
    )
    if not version.startswith(("3.0", "2.0")):
        raise bad_request("Invalid OpenAPI input.")
    if not isinstance(document.get("paths"), dict):
        raise bad_request("Unable to parse API definition: attribute paths is missing")
    return t.cast(Document, document)


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0]


def _empty(api: Api) -> None:
    """What `overwrite` removes before it imports; the API and its root keep their ids."""
    root = api.resources[api.info["rootResourceId"]]
    root.pop("resourceMethods", None)
    api.resources = {root["id"]: root}
    api.validators, api.authorizers, api.gateway_responses, api.models = {}, {}, {}, {}
    for name in ("binaryMediaTypes", "minimumCompressionSize", "policy", "description", "version"):
        api.info.pop(name, None)
    api.info["apiKeySource"] = "HEADER"


def _import_into(call: Call, api: Api, source: Source, params: Document) -> None:
    options = params.get("parameters") or {}
    if options.get("basepath", "ignore") != "ignore":
        raise NotImplementedError(f"basepath={options['basepath']} at an import")
    source.apply_to_info(api.info, options)
    if source.policy:
        api.info["policy"] = apigateway_apis.stored_policy(call, api.info["id"], json.dumps(source.policy))
    apigateway_apis.check(api.info)
    for name, schema in source.schemas.items():
        api.models[name] = source.model(name, schema)
    names = {validator["name"]: validator for validator in api.validators.values()}
    for name, wanted in source.validators.items():
        if name in names:
            names[name].update(
                validateRequestBody=bool(wanted.get("validateRequestBody")),
                validateRequestParameters=bool(wanted.get("validateRequestParameters")),
            )
        else:
            names[name] = apigateway_validators.add_validator(api, {"name": name, **wanted})
    for name, wanted in source.authorizers.items():
        apigateway_authorizers.set_by_name(api, name, wanted)
    for kind, wanted in source.gateway_responses.items():
        apigateway_validators.set_gateway_response(api, kind, wanted)
    validator_ids = {name: validator["id"] for name, validator in names.items()}
    problems = _import_paths(call.region, api, source, validator_ids)
    if problems:
        raise bad_request("Errors found during import:\n" + "\n".join(f"\t{problem}" for problem in problems))
    if params.get("failOnWarnings") and source.warnings:
        raise bad_request("Warnings found during import:\n" + "\n".join(f"\t{words}" for words in source.warnings))


def _import_paths(region: str, api: Api, source: Source, validator_ids: dict[str, str]) -> list[str]:
    problems = []
    for path, item in sorted(source.paths.items()):
        try:
            resource = _resource_at(api, path)
        except AwsError as error:
            problems.append(f"Unable to create resource at path '{path}': {error.message}")
            continue
        for verb, operation in item.items():
            if verb.lower() not in _VERBS:
                continue
            name = "ANY" if verb.lower() == "x-amazon-apigateway-any-method" else verb.upper()
            reader = apigateway_openapi_methods.Reader(api, source, region, validator_ids)
            try:
                method = reader.method(name, operation or {}, item.get("parameters") or [], resource["id"])
            except AwsError as error:
                problems.append(f"Unable to put {reader.at} on '{name}' for resource at path '{path}': {error.message}")
                continue
            resource.setdefault("resourceMethods", {})[name] = method
    return problems


def _resource_at(api: Api, path: str) -> Document:
    """The resource of a path; what is missing on the way is made."""
    if not path.startswith("/"):
        raise bad_request("Paths must start with /")
    current = api.resources[api.info["rootResourceId"]]
    for part in filter(None, path.split("/")):
        child = next(
            (
                known
                for known in api.resources.values()
                if known.get("parentId") == current["id"] and known["pathPart"] == part
            ),
            None,
        )
        current = child or apigateway_resources.add_resource(api, current["id"], part)
    return current
