"""Integrations: moto drops connectionId, integrationTarget and responseTransferMode, and lacks UpdateIntegration.

The rules: https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps import apigateway_vpc_links, apigateway_vpc_links_v2
from lab.moto_gaps.apigateway_store import (
    Document,
    api_of,
    bad_request,
    given,
    method_of,
    not_found,
)

_TYPES = {"HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"}
_STREAMABLE = {"HTTP_PROXY", "AWS_PROXY"}
_BALANCER = re.compile(r"^arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer/(net|app)/.+$")
_TARGET = re.compile(r"^integration\.request\.(header|path|querystring|multivalueheader|multivaluequerystring)\.\S+$")
_SOURCE = re.compile(
    r"^(method\.request\.(header|path|querystring|multivalueheader|multivaluequerystring)\.\S+"
    r"|method\.request\.body(\..+)?|context\.\S+|stageVariables\.\w+|'[^']*')$"
)
_DECLARED = re.compile(r"^method\.request\.(?:multivalue)?(header|path|querystring)\.")
# The milliseconds that a client may ask for: streams up to 15 minutes, the rest up to the default quota.
_TIMEOUTS = {"BUFFERED": (50, 29_000), "STREAM": (50, 900_000)}
_FIELDS = (
    "type", "uri", "connectionType", "connectionId", "credentials", "requestParameters", "requestTemplates",
    "contentHandling", "cacheNamespace", "cacheKeyParameters", "tlsConfig", "integrationTarget",
)  # fmt: skip


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("PutIntegration", put_integration)
    on("GetIntegration", lambda call, params: integration_of(call, params))
    on("UpdateIntegration", update_integration)
    on("DeleteIntegration", delete_integration)
    on("PutIntegrationResponse", put_integration_response)
    on("GetIntegrationResponse", lambda call, params: integration_response_of(call, params))
    on("DeleteIntegrationResponse", delete_integration_response)


def put_integration(call: Call, params: Document) -> Document:
    method = method_of(api_of(call, params), params)
    wanted = {**params, "httpMethod": params.get("integrationHttpMethod")}
    method["methodIntegration"] = new_integration(call.region, method, wanted, params["resourceId"])
    return t.cast(Document, method["methodIntegration"])


def new_integration(region: str, method: Document, wanted: Document, resource_id: str) -> Document:
    integration: Document = {
        "passthroughBehavior": wanted.get("passthroughBehavior") or "WHEN_NO_MATCH",
        "timeoutInMillis": wanted.get("timeoutInMillis") or 29_000,
        "responseTransferMode": wanted.get("responseTransferMode") or "BUFFERED",
        "cacheNamespace": resource_id,
        "cacheKeyParameters": [],
        **given(wanted, *_FIELDS),
    }
    if wanted.get("type") != "MOCK":
        integration["connectionType"] = wanted.get("connectionType") or "INTERNET"
        if wanted.get("httpMethod"):
            integration["httpMethod"] = wanted["httpMethod"]
    check(region, method, integration)
    return integration


def check(region: str, method: Document, integration: Document) -> None:
    kind = integration.get("type")
    if kind not in _TYPES:
        raise bad_request(
            "Enumeration value for Integration type must be non-empty and one of " + ", ".join(sorted(_TYPES))
        )
    if kind != "MOCK" and not integration.get("httpMethod"):
        raise bad_request("Enumeration value for HttpMethod must be non-empty")
    if kind in {"HTTP", "HTTP_PROXY"}:
        _check_endpoint(integration.get("uri") or "")
    if kind in {"AWS", "AWS_PROXY"} and not re.match(r"^arn:aws[\w-]*:apigateway:", integration.get("uri") or ""):
        raise bad_request("Invalid ARN specified in the request")
    _check_connection(region, integration)
    _check_transfer(integration)
    _check_mappings(method, integration)


def _check_endpoint(uri: str) -> None:
    # A stage variable may stand for host or path; it is only known when a request comes in.
    parts = urlsplit(re.sub(r"\$\{stageVariables\.\w+\}", "variable", uri))
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise bad_request("Invalid HTTP endpoint specified for URI")


def _check_connection(region: str, integration: Document) -> None:
    if integration.get("connectionType") not in {None, "INTERNET", "VPC_LINK"}:
        raise bad_request(f"Invalid connection type: {integration['connectionType']}")
    if integration.get("connectionType") != "VPC_LINK":
        return
    if integration["type"] not in {"HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY"}:
        raise bad_request("VPC_LINK connections are only supported for HTTP integrations")
    link = integration.get("connectionId")
    if not link:
        raise bad_request("connectionId must be specified for connectionType VPC_LINK")
    if link.startswith("${stageVariables."):
        return
    target = integration.get("integrationTarget")
    if apigateway_vpc_links_v2.exists(region, link):
        if not target:
            raise bad_request("IntegrationTarget is required for VpcLinkV2")
        if not _BALANCER.match(target):
            raise bad_request(
                "IntegrationTarget must be the ARN of a Network Load Balancer or an Application Load Balancer"
            )
    elif not apigateway_vpc_links.exists(region, link):
        raise bad_request("Invalid VPC Link ID specified: " + link)


def _check_transfer(integration: Document) -> None:
    mode = integration["responseTransferMode"]
    if mode not in _TIMEOUTS:
        raise bad_request(f"Invalid response transfer mode: {mode}")
    if mode == "STREAM" and integration["type"] not in _STREAMABLE:
        raise bad_request("Response transfer mode STREAM is only supported for HTTP_PROXY and AWS_PROXY integrations")
    shortest, longest = _TIMEOUTS[mode]
    if not shortest <= integration["timeoutInMillis"] <= longest:
        raise bad_request(f"Timeout should be between {shortest} ms and {longest} ms")


def _check_mappings(method: Document, integration: Document) -> None:
    declared = method.get("requestParameters") or {}
    for target, source in (integration.get("requestParameters") or {}).items():
        wrong = None
        if not _TARGET.match(target):
            wrong = target
        elif not _SOURCE.match(str(source)):
            wrong = source
        elif _DECLARED.match(source) and _DECLARED.sub(r"method.request.\1.", source) not in declared:
            # Only what the method declares can be mapped.
            wrong = source
        if wrong is not None:
            raise bad_request(
                "Invalid mapping expression specified: Validation Result: warnings : [], "
                f"errors : [Invalid mapping expression parameter specified: {wrong}]"
            )


def integration_of(call: Call, params: Document) -> Document:
    method = method_of(api_of(call, params), params)
    if "methodIntegration" not in method:
        raise not_found("Integration")
    return t.cast(Document, method["methodIntegration"])


def update_integration(call: Call, params: Document) -> Document:
    method = method_of(api_of(call, params), params)
    changed = dict(integration_of(call, params))
    for name in ("requestParameters", "requestTemplates"):
        changed[name] = dict(changed.get(name) or {})
    operations = params.get("patchOperations") or []
    patches.apply(
        changed,
        operations,
        {
            "uri": patches.text,
            "httpMethod": patches.text,
            "connectionType": patches.text,
            "connectionId": patches.text,
            "integrationTarget": patches.text,
            "responseTransferMode": patches.text,
            "timeoutInMillis": patches.whole,
            "passthroughBehavior": patches.text,
            "credentials": patches.text,
            "contentHandling": patches.text,
            "cacheNamespace": patches.text,
        },
        {"requestParameters": patches.text, "requestTemplates": patches.text},
    )
    for name in ("requestParameters", "requestTemplates"):
        if not changed[name]:
            del changed[name]
    changed.setdefault("responseTransferMode", "BUFFERED")
    changed.setdefault("timeoutInMillis", 29_000)
    check(call.region, method, changed)
    method["methodIntegration"] = changed
    return changed


def delete_integration(call: Call, params: Document) -> Document:
    integration_of(call, params)
    del method_of(api_of(call, params), params)["methodIntegration"]
    return {}


def put_integration_response(call: Call, params: Document) -> Document:
    responses = integration_of(call, params).setdefault("integrationResponses", {})
    responses[params["statusCode"]] = given(
        params, "statusCode", "selectionPattern", "responseParameters", "responseTemplates", "contentHandling"
    )
    return t.cast(Document, responses[params["statusCode"]])


def integration_response_of(call: Call, params: Document) -> Document:
    responses = integration_of(call, params).get("integrationResponses", {})
    if params["statusCode"] not in responses:
        raise not_found("Response status code")
    return t.cast(Document, responses[params["statusCode"]])


def delete_integration_response(call: Call, params: Document) -> Document:
    integration_response_of(call, params)
    del integration_of(call, params)["integrationResponses"][params["statusCode"]]
    return {}
