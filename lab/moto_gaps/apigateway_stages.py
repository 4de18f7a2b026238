"""Stages: moto checks neither the deployment nor the account's log role, and loses dates and method settings."""

from __future__ import annotations

import copy
import re
import typing as t

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps.apigateway_store import (
    Api,
    Document,
    Store,
    api_of,
    bad_request,
    conflict,
    given,
    not_found,
    now,
    of,
)

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
_VARIABLE = re.compile(r"^[A-Za-z0-9_]+$")
_VARIABLE_VALUE = re.compile(r"^[A-Za-z0-9\-._~:/?#&=,]*$")
_LOG_GROUP = re.compile(r"^arn:aws[\w-]*:logs:[\w-]+:\d{12}:log-group:[^:*]+(:\*)?$")
_FIREHOSE = re.compile(r"^arn:aws[\w-]*:firehose:[\w-]+:\d{12}:deliverystream/amazon-apigateway-.+$")
# patch path below /{resource}/{method}/ -> member of methodSettings
_METHOD_SETTINGS: dict[str, tuple[str, patches.Convert]] = {
    "metrics/enabled": ("metricsEnabled", patches.flag),
    "logging/loglevel": ("loggingLevel", patches.text),
    "logging/dataTrace": ("dataTraceEnabled", patches.flag),
    "throttling/burstLimit": ("throttlingBurstLimit", patches.whole),
    "throttling/rateLimit": ("throttlingRateLimit", patches.number),
    "caching/enabled": ("cachingEnabled", patches.flag),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", patches.whole),
    "caching/dataEncrypted": ("cacheDataEncrypted", patches.flag),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", patches.flag),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", patches.text),
}
_DEFAULTS: Document = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
_SCALARS = ["/deploymentId", "/description", "/tracingEnabled", "/clientCertificateId", "/documentationVersion"]


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateStage", create)
    on("GetStage", lambda call, params: stage_of(api_of(call, params), params["stageName"]))
    on("GetStages", get_stages)
    on("UpdateStage", update)
    on("DeleteStage", delete)


def stage_of(api: Api, name: str) -> Document:
    if name not in api.stages:
        raise not_found("stage")
    return api.stages[name]


def get_stages(call: Call, params: Document) -> Document:
    wanted = params.get("deploymentId")
    stages = api_of(call, params).stages.values()
    return {"item": [stage for stage in stages if not wanted or stage["deploymentId"] == wanted]}


def check_name(name: str) -> None:
    if not _NAME.match(name):
        raise bad_request("Stage name only allows a-zA-Z0-9_-")


def check_deployment(api: Api, deployment_id: str) -> None:
    if deployment_id not in api.deployments:
        raise bad_request("Invalid Deployment identifier specified")


def create(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    check_name(params["stageName"])
    if params["stageName"] in api.stages:
        raise conflict("Stage already exists")
    check_deployment(api, params["deploymentId"])
    if params.get("canarySettings"):
        raise NotImplementedError("canary deployments")
    _check_variables(params.get("variables") or {})
    return _add(api, params["stageName"], params["deploymentId"], params)


def _add(api: Api, name: str, deployment_id: str, params: Document) -> Document:
    stage: Document = {
        "deploymentId": deployment_id,
        "stageName": name,
        "cacheClusterEnabled": bool(params.get("cacheClusterEnabled")),
        "cacheClusterStatus": "AVAILABLE" if params.get("cacheClusterEnabled") else "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": bool(params.get("tracingEnabled")),
        "createdDate": now(),
        "lastUpdatedDate": now(),
        **given(params, "description", "variables", "tags", "documentationVersion", "cacheClusterSize"),
    }
    api.stages[name] = stage
    return stage


def point(api: Api, name: str, deployment_id: str, params: Document) -> None:
    """CreateDeployment with a stage name: make the stage, or move it and keep its settings."""
    _check_variables(params.get("variables") or {})
    if name not in api.stages:
        _add(api, name, deployment_id, {**given(params, "variables", "tracingEnabled", "cacheClusterEnabled"),
                                        "description": params.get("stageDescription")})  # fmt: skip
        return
    stage = api.stages[name]
    stage.update(deploymentId=deployment_id, lastUpdatedDate=now())
    if params.get("stageDescription") is not None:
        stage["description"] = params["stageDescription"]
    if params.get("variables"):
        stage["variables"] = {**stage.get("variables", {}), **params["variables"]}


def _check_variables(variables: Document) -> None:
    for name, value in variables.items():
        if not _VARIABLE.match(name) or not _VARIABLE_VALUE.match(value):
            raise bad_request(
                "Stage variable names only allow a-zA-Z0-9_, and values only A-Za-z0-9-._~:/?#&=,: " + name
            )


def update(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    changed = copy.deepcopy(stage_of(api, params["stageName"]))
    for operation in params.get("patchOperations") or []:
        _patch(changed, operation)
    check_deployment(api, changed["deploymentId"])
    _check_variables(changed.get("variables") or {})
    _check_logging(of(call), changed)
    changed["lastUpdatedDate"] = now()
    api.stages[params["stageName"]] = changed
    return changed


def _patch(stage: Document, operation: Document) -> None:
    path, verb = operation.get("path") or "", operation.get("op")
    parts = patches.segments(path)
    raw = path.split("/")[1:]
    if path in _SCALARS or (len(parts) == 2 and parts[0] == "variables"):
        scalars: dict[str, patches.Convert] = {name[1:]: patches.text for name in _SCALARS}
        scalars["tracingEnabled"] = patches.flag
        patches.apply(stage, [operation], scalars, {"variables": patches.text})
    elif parts[0] == "accessLogSettings":
        _patch_access_log(stage, operation, parts)
    elif len(raw) >= 4 and "/".join(raw[-2:]) in _METHOD_SETTINGS and verb in {"add", "replace"}:
        # The key stays as it was written: `*/*`, `~1v1~1models/GET`.
        member, convert = _METHOD_SETTINGS["/".join(raw[-2:])]
        settings = stage["methodSettings"].setdefault("/".join(raw[:-2]), dict(_DEFAULTS))
        settings[member] = convert(patches.value_of(operation))
    elif verb == "remove" and "/".join(raw) in stage["methodSettings"]:
        del stage["methodSettings"]["/".join(raw)]
    else:
        raise patches.refuse(
            operation,
            [*_SCALARS, "/variables/{name}", "/accessLogSettings/destinationArn", "/accessLogSettings/format"]
            + [f"/{{resource}}/{{method}}/{name}" for name in _METHOD_SETTINGS],
        )


def _patch_access_log(stage: Document, operation: Document, parts: list[str]) -> None:
    verb = operation.get("op")
    if parts == ["accessLogSettings"] and verb == "remove":
        stage.pop("accessLogSettings", None)
    elif len(parts) == 2 and parts[1] in {"destinationArn", "format"} and verb in {"add", "replace"}:
        stage.setdefault("accessLogSettings", {})[parts[1]] = patches.value_of(operation)
    else:
        raise patches.refuse(operation, ["/accessLogSettings", "/accessLogSettings/destinationArn",
                                         "/accessLogSettings/format"])  # fmt: skip


def _check_logging(regional: Store, stage: Document) -> None:
    levels = {settings.get("loggingLevel", "OFF") for settings in stage["methodSettings"].values()}
    if levels - {"OFF", "ERROR", "INFO"}:
        raise bad_request("Invalid logging level, must be one of OFF, ERROR, INFO")
    access = stage.get("accessLogSettings")
    destination = (access or {}).get("destinationArn", "")
    to_cloudwatch = levels - {"OFF"} or (access and not _FIREHOSE.match(destination))
    if to_cloudwatch and not regional.account.get("cloudwatchRoleArn"):
        raise bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")
    if access is not None:
        _check_access_log(access, t.cast(str, destination))


def _check_access_log(access: Document, destination: str) -> None:
    if not _LOG_GROUP.match(destination) and not _FIREHOSE.match(destination):
        raise bad_request(
            "Invalid ARN specified in the request. ARNs must start with 'arn:' and name a log group or stream"
        )
    access["destinationArn"] = destination.removesuffix(":*")
    wanted = access.get("format") or ""
    if "$context.requestId" not in wanted and "$context.extendedRequestId" not in wanted:
        raise bad_request("Access Log format must contain at least $context.requestId or $context.extendedRequestId")
    if "\n" in wanted.rstrip("\n"):
        raise bad_request(
            "Access Log format must be single line, new line character is allowed only at end of the format"
        )


def delete(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    stage_of(api, params["stageName"])
    del api.stages[params["stageName"]]
    for plan in of(call).plans.values():
        plan["apiStages"] = [
            stage
            for stage in plan["apiStages"]
            if (stage["apiId"], stage["stage"]) != (params["restApiId"], params["stageName"])
        ]
    return {}
