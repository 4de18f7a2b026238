"""What the edge knows of a stage: its deployed snapshot and what the AWS API says of stage, plans and keys.

Read once and kept until something in the service was written to, so that a warm request asks the control plane
nothing, and a changed throttle is in force with the next request.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import boto3
from botocore.exceptions import ClientError

from lab.context import LabContext
from lab.edge import web_acl
from lab.edge.reply import GatewayResponses, own_gateway_responses
from lab.edge.routing import RouteTable
from lab.edge.throttle import Limit, limit_of, limit_of_method_setting, method_key

Snapshot = Mapping[str, t.Any]
SnapshotReader = Callable[[str, str, str, str], "Snapshot | None"]
SERVICE = "apigateway"


@dataclass(frozen=True)
class Plan:
    plan_id: str
    limit: Limit | None
    method_limits: Mapping[str, Limit | None]
    """By throttle.method_key: for this stage, in place of the plan's own limit."""
    quota: Mapping[str, t.Any] | None


@dataclass(frozen=True)
class ApiKey:
    key_id: str
    plan: Plan


@dataclass(frozen=True)
class Deployment:
    """What a deployment froze; the same for as long as the lab lives."""

    routes: RouteTable
    validators: Mapping[str, Mapping[str, t.Any]]
    authorizers: Mapping[str, Mapping[str, t.Any]]
    gateway_responses: GatewayResponses
    rest_api: Mapping[str, t.Any]
    models: Mapping[str, Mapping[str, t.Any]]


@dataclass(frozen=True)
class Stage:
    region: str
    api_id: str
    name: str
    deployment_id: str
    deployment: Deployment
    variables: Mapping[str, str]
    method_limits: Mapping[str, Limit | None]
    """By throttle.method_key; `/*/*`'s is the one for all other methods."""
    keys: Mapping[str, ApiKey]
    """By value: the enabled keys of the plans that this stage is in."""
    access_log: AccessLog | None
    web_acl: web_acl.WebAcl | None = None


@dataclass(frozen=True)
class AccessLog:
    region: str
    destination_arn: str
    format: str


@dataclass
class Configuration:
    ctx: LabContext
    read_snapshot: SnapshotReader | None = None
    _deployments: dict[tuple[str, str, str], Deployment] = field(default_factory=dict)

    def load(self, region: str | None, api_id: str, stage_name: str) -> Stage | None:
        """The stage as it is now, or None where there is no such API or stage. Blocks on the control plane."""
        for candidate in [region] if region else self._regions():
            if self._has_api(candidate, api_id):
                return self._stage(candidate, api_id, stage_name)
        return None

    def _has_api(self, region: str, api_id: str) -> bool:
        try:
            self.ctx.client(SERVICE, region).get_rest_api(restApiId=api_id)
        except ClientError as error:
            if _is_missing(error):
                return False
            raise
        return True

    def _regions(self) -> list[str]:
        everywhere = boto3.session.Session().get_available_regions(SERVICE)
        return [self.ctx.region, *(name for name in everywhere if name != self.ctx.region)]

    def _stage(self, region: str, api_id: str, name: str) -> Stage | None:
        client = self.ctx.client(SERVICE, region)
        try:
            found = client.get_stage(restApiId=api_id, stageName=name)
        except ClientError as error:
            if _is_missing(error):
                return None
            raise
        deployment = self._deployment(region, api_id, found["deploymentId"])
        if deployment is None:
            return None
        settings = found.get("methodSettings") or {}
        return Stage(
            region=region,
            api_id=api_id,
            name=name,
            deployment_id=found["deploymentId"],
            deployment=deployment,
            variables=found.get("variables") or {},
            method_limits={method_key(key): limit_of_method_setting(value) for key, value in settings.items()},
            keys=_keys(client, api_id, name),
            access_log=_access_log(client, region, found.get("accessLogSettings") or {}),
            web_acl=web_acl.load(self.ctx.client(web_acl.SERVICE, region), region, api_id, name),
        )

    def _deployment(self, region: str, api_id: str, deployment_id: str) -> Deployment | None:
        key = (region, api_id, deployment_id)
        if key not in self._deployments:
            snapshot = self._snapshot(region, api_id, deployment_id)
            if snapshot is None:
                return None
            self._deployments[key] = Deployment(
                routes=RouteTable(snapshot["resources"]),
                validators={item["id"]: item for item in snapshot.get("requestValidators") or ()},
                authorizers={item["id"]: item for item in snapshot.get("authorizers") or ()},
                gateway_responses=own_gateway_responses(snapshot.get("gatewayResponses") or ()),
                rest_api=snapshot.get("restApi") or {},
                models=self._models(region, api_id, snapshot),
            )
        return self._deployments[key]

    def _snapshot(self, region: str, api_id: str, deployment_id: str) -> Snapshot | None:
        if self.read_snapshot is None:
            from lab.moto_gaps.apigateway_deployments import snapshot

            self.read_snapshot = snapshot
        try:
            return self.read_snapshot(self.ctx.account_id, region, api_id, deployment_id)
        except LookupError:
            return None

    def _models(self, region: str, api_id: str, snapshot: Snapshot) -> dict[str, Mapping[str, t.Any]]:
        """The models of the deployment; those of the API as it is now where the snapshot does not carry them."""
        if not any(item.get("validateRequestBody") for item in snapshot.get("requestValidators") or ()):
            return {}
        items = snapshot.get("models")
        if items is None:
            items = _all(self.ctx.client(SERVICE, region), "get_models", restApiId=api_id)
        return {item["name"]: json.loads(item.get("schema") or "{}") for item in items}


def _is_missing(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "NotFoundException")


def _all(client: t.Any, operation: str, **arguments: t.Any) -> list[Mapping[str, t.Any]]:
    return list(client.get_paginator(operation).paginate(**arguments).search("items[]"))


def _keys(client: t.Any, api_id: str, stage_name: str) -> dict[str, ApiKey]:
    plans = [
        (plan, stage)
        for plan in _all(client, "get_usage_plans")
        for stage in plan.get("apiStages") or ()
        if (stage.get("apiId"), stage.get("stage")) == (api_id, stage_name)
    ]
    if not plans:
        return {}
    enabled = {
        key["id"]: key["value"] for key in _all(client, "get_api_keys", includeValues=True) if key.get("enabled")
    }
    keys = {}
    for plan, stage in plans:
        known = Plan(
            plan_id=plan["id"],
            limit=limit_of(plan.get("throttle")),
            method_limits={method_key(key): limit_of(value) for key, value in (stage.get("throttle") or {}).items()},
            quota=plan.get("quota"),
        )
        try:
            attached_keys = _all(client, "get_usage_plan_keys", usagePlanId=plan["id"])
        except client.exceptions.NotFoundException:
            # It went since they were listed, and its keys with it.
            continue
        for attached in attached_keys:
            if attached["id"] in enabled:
                keys[enabled[attached["id"]]] = ApiKey(attached["id"], known)
    return keys


def _access_log(client: t.Any, region: str, settings: Mapping[str, str]) -> AccessLog | None:
    if not settings.get("destinationArn") or not settings.get("format"):
        return None
    # One setting per account and Region, without which API Gateway writes to no log group:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    if not client.get_account().get("cloudwatchRoleArn"):
        return None
    return AccessLog(region, settings["destinationArn"], settings["format"])
