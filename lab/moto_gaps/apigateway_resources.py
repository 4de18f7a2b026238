"""Resources, methods and models: moto accepts duplicates and undeclared validators, and lacks UpdateMethod."""

from __future__ import annotations

import re
import typing as t

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import (
    Api,
    Document,
    api_of,
    bad_request,
    conflict,
    given,
    method_of,
    new_id,
    not_found,
    page,
    resource_of,
)

_PATH_PART = re.compile(r"^(\{[a-zA-Z0-9._:-]+\+?\}|[a-zA-Z0-9._:$%,;@-]+)$")
_PARAMETER = re.compile(
    r"^method\.request\.(querystring|path|header|multivaluequerystring|multivalueheader)\.[^.\s]\S*$"
)
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"}
_AUTHORIZATION = {"NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"}


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateResource", create_resource)
    on("GetResource", lambda call, params: shown(resource_of(api_of(call, params), params), params))
    on("GetResources", get_resources)
    on("UpdateResource", update_resource)
    on("DeleteResource", delete_resource)
    on("PutMethod", put_method)
    on("GetMethod", lambda call, params: method_of(api_of(call, params), params))
    on("UpdateMethod", update_method)
    on("DeleteMethod", delete_method)
    on("PutMethodResponse", put_method_response)
    on("GetMethodResponse", lambda call, params: method_response_of(api_of(call, params), params))
    on("DeleteMethodResponse", delete_method_response)
    on("CreateModel", create_model)
    on("GetModel", lambda call, params: model_of(api_of(call, params), params["modelName"]))
    on("GetModels", lambda call, params: page(api_of(call, params).models.values(), params))
    on("DeleteModel", delete_model)


def shown(resource: Document, params: Document) -> Document:
    """Methods are only named, unless `embed=methods` asks for all of them."""
    answer = dict(resource)
    if "methods" not in (params.get("embed") or []) and "resourceMethods" in answer:
        answer["resourceMethods"] = {name: {} for name in answer["resourceMethods"]}
    return answer


def get_resources(call: Call, params: Document) -> Document:
    resources = sorted(api_of(call, params).resources.values(), key=lambda resource: str(resource["path"]))
    return page((shown(resource, params) for resource in resources), params)


def create_resource(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    if params["parentId"] not in api.resources:
        raise not_found("Resource")
    return add_resource(api, params["parentId"], params["pathPart"])


def add_resource(api: Api, parent_id: str, path_part: str) -> Document:
    if not _PATH_PART.match(path_part):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable "
            "and curly braces at the beginning and the end."
        )
    parent = api.resources[parent_id]
    if parent.get("pathPart", "").endswith("+}"):
        raise bad_request("Cannot create a child of a resource with a greedy path variable")
    for sibling in (known for known in api.resources.values() if known.get("parentId") == parent_id):
        if sibling["pathPart"] == path_part:
            raise conflict(f"Another resource with the same parent already has this name: {path_part}")
        if path_part.startswith("{") and sibling["pathPart"].startswith("{"):
            raise bad_request(
                f"A sibling ({sibling['pathPart']}) of this resource already has a variable path part "
                "-- only one is allowed"
            )
    path = f"{parent['path'].rstrip('/')}/{path_part}"
    resource: Document = {"id": new_id(6), "parentId": parent_id, "pathPart": path_part, "path": path}
    api.resources[resource["id"]] = resource
    return resource


def update_resource(call: Call, params: Document) -> Document:
    raise NotImplementedError("moving and renaming of resources")


def delete_resource(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    resource = resource_of(api, params)
    if "parentId" not in resource:
        raise bad_request("Root resource cannot be deleted")
    remove_tree(api, resource["id"])
    return {}


def remove_tree(api: Api, resource_id: str) -> None:
    for child in [known["id"] for known in api.resources.values() if known.get("parentId") == resource_id]:
        remove_tree(api, child)
    api.resources.pop(resource_id, None)


def put_method(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    resource = resource_of(api, params)
    if params["httpMethod"] in resource.get("resourceMethods", {}):
        raise conflict("Method already exists for this resource")
    method = new_method(api, params)
    resource.setdefault("resourceMethods", {})[params["httpMethod"]] = method
    return method


def new_method(api: Api, params: Document) -> Document:
    method: Document = {
        "apiKeyRequired": bool(params.get("apiKeyRequired")),
        **given(
            params, "httpMethod", "authorizationType", "authorizerId", "operationName", "requestParameters",
            "requestModels", "requestValidatorId", "authorizationScopes",
        ),
    }  # fmt: skip
    check_method(api, method)
    return method


def check_method(api: Api, method: Document) -> None:
    if method.get("httpMethod") not in _METHODS:
        raise bad_request(f"Invalid HTTP method specified: {method.get('httpMethod')}")
    if method.get("authorizationType") not in _AUTHORIZATION:
        raise bad_request("Invalid authorization type specified")
    if method["authorizationType"] in {"CUSTOM", "COGNITO_USER_POOLS"} and not method.get("authorizerId"):
        raise bad_request("Authorizer ID must be specified for this authorization type")
    if method.get("authorizerId") and method["authorizerId"] not in api.authorizers:
        raise bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires "
            "a valid authorizer."
        )
    validator = method.get("requestValidatorId")
    if validator and validator not in api.validators:
        raise bad_request("Invalid Request Validator identifier specified")
    for name in method.get("requestParameters") or {}:
        if not _PARAMETER.match(name):
            raise bad_request(
                "Invalid mapping expression specified: Validation Result: warnings : [], "
                f"errors : [Invalid mapping expression parameter specified: {name}]"
            )
    for model in (method.get("requestModels") or {}).values():
        if model not in api.models and model not in {"Empty", "Error"}:
            raise bad_request(f"Invalid model specified: {model}")


def update_method(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    method = method_of(api, params)
    changed = {
        **method,
        "requestParameters": dict(method.get("requestParameters") or {}),
        "requestModels": dict(method.get("requestModels") or {}),
    }
    patches.apply(
        changed,
        params.get("patchOperations") or [],
        {
            "apiKeyRequired": patches.flag,
            "authorizationType": patches.text,
            "authorizerId": patches.text,
            "operationName": patches.text,
            "requestValidatorId": patches.text,
        },
        {"requestParameters": patches.flag, "requestModels": patches.text},
    )
    if changed.get("requestValidatorId") == "":
        del changed["requestValidatorId"]
    for name in ("requestParameters", "requestModels"):
        if not changed[name]:
            del changed[name]
    check_method(api, changed)
    resource_of(api, params)["resourceMethods"][params["httpMethod"]] = changed
    return changed


def delete_method(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    method_of(api, params)
    del resource_of(api, params)["resourceMethods"][params["httpMethod"]]
    return {}


def put_method_response(call: Call, params: Document) -> Document:
    responses = method_of(api_of(call, params), params).setdefault("methodResponses", {})
    if params["statusCode"] in responses:
        raise conflict("Response already exists for this resource")
    responses[params["statusCode"]] = given(params, "statusCode", "responseParameters", "responseModels")
    return t.cast(Document, responses[params["statusCode"]])


def method_response_of(api: Api, params: Document) -> Document:
    responses = method_of(api, params).get("methodResponses", {})
    if params["statusCode"] not in responses:
        raise not_found("Response status code")
    return t.cast(Document, responses[params["statusCode"]])


def delete_method_response(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    method_response_of(api, params)
    del method_of(api, params)["methodResponses"][params["statusCode"]]
    return {}


def create_model(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    if params["name"] in api.models:
        raise conflict("Model name already exists for this REST API")
    if not re.fullmatch("[a-zA-Z0-9]+", params["name"]):
        raise bad_request("Model name must be alphanumeric: " + params["name"])
    model = {"id": new_id(6), **given(params, "name", "description", "schema", "contentType")}
    api.models[params["name"]] = model
    return model


def model_of(api: Api, name: str) -> Document:
    if name not in api.models:
        raise not_found("Model Name")
    return api.models[name]


def delete_model(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    model_of(api, params["modelName"])
    del api.models[params["modelName"]]
    return {}
