"""Deployments are snapshots: moto's point at the live API, so an edited API changed without being deployed."""

from __future__ import annotations

import copy

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps import apigateway_stages, apigateway_vpc_links, apigateway_vpc_links_v2
from lab.moto_gaps.apigateway_store import (
    Api,
    Document,
    api_of,
    bad_request,
    given,
    new_id,
    not_found,
    now,
    page,
    store,
)

_UNUSABLE = {"FAILED", "DELETING"}


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateDeployment", create)
    on("GetDeployment", get)
    on("GetDeployments", lambda call, params: page(_newest_first(api_of(call, params)), params))
    on("UpdateDeployment", update)
    on("DeleteDeployment", delete)


def snapshot(account_id: str, region: str, api_id: str, deployment_id: str) -> Document:
    """What a stage serves: the API as it was when it was deployed.

    {"resources": as GetResources(embed=methods) lists them, "requestValidators": [...], "authorizers": [...],
    "models": [...], "gatewayResponses": the customised ones only, "restApi": as GetRestApi}. Without one: KeyError.
    """
    return copy.deepcopy(store(region).apis[api_id].snapshots[deployment_id])


def take(api: Api) -> Document:
    return copy.deepcopy(
        {
            "resources": sorted(api.resources.values(), key=lambda resource: str(resource["path"])),
            "requestValidators": list(api.validators.values()),
            "authorizers": list(api.authorizers.values()),
            "gatewayResponses": list(api.gateway_responses.values()),
            "models": list(api.models.values()),
            "restApi": api.info,
        }
    )


def create(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    _check_deployable(call.region, api)
    if params.get("canarySettings"):
        raise NotImplementedError("canary deployments")
    deployment = {"id": new_id(6), "createdDate": now(), **given(params, "description")}
    stage_name = params.get("stageName")
    if stage_name:
        apigateway_stages.check_name(stage_name)
    api.deployments[deployment["id"]] = deployment
    api.snapshots[deployment["id"]] = take(api)
    if stage_name:
        apigateway_stages.point(api, stage_name, deployment["id"], params)
    return deployment


def _check_deployable(region: str, api: Api) -> None:
    methods = [method for resource in api.resources.values() for method in resource.get("resourceMethods", {}).values()]
    if not methods:
        raise bad_request("The REST API doesn't contain any methods")
    for method in methods:
        if "methodIntegration" not in method:
            raise bad_request("No integration defined for method")
        integration = method["methodIntegration"]
        if integration.get("connectionType") == "VPC_LINK":
            _check_link(region, integration["connectionId"])


def _check_link(region: str, link_id: str) -> None:
    if link_id.startswith("${stageVariables."):
        return
    status = apigateway_vpc_links.status(region, link_id) or apigateway_vpc_links_v2.status(region, link_id)
    if status is None or status in _UNUSABLE:
        raise bad_request(f"VPC link {link_id} is not usable: {status or 'it does not exist'}")


def _newest_first(api: Api) -> list[Document]:
    return list(reversed(api.deployments.values()))


def deployment_of(api: Api, deployment_id: str) -> Document:
    if deployment_id not in api.deployments:
        raise not_found("Deployment")
    return api.deployments[deployment_id]


def get(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    deployment = deployment_of(api, params["deploymentId"])
    if "apisummary" not in (params.get("embed") or []):
        return deployment
    summary = {
        resource["path"]: {
            name: {"authorizationType": method["authorizationType"], "apiKeyRequired": method["apiKeyRequired"]}
            for name, method in resource["resourceMethods"].items()
        }
        for resource in api.snapshots[params["deploymentId"]]["resources"]
        if resource.get("resourceMethods")
    }
    return {**deployment, "apiSummary": summary}


def update(call: Call, params: Document) -> Document:
    deployment = deployment_of(api_of(call, params), params["deploymentId"])
    patches.apply(deployment, params.get("patchOperations") or [], {"description": patches.text}, {})
    return deployment


def delete(call: Call, params: Document) -> Document:
    api = api_of(call, params)
    deployment_of(api, params["deploymentId"])
    if any(stage.get("deploymentId") == params["deploymentId"] for stage in api.stages.values()):
        raise bad_request("Active stages pointing to this deployment must be moved or deleted")
    del api.deployments[params["deploymentId"]]
    del api.snapshots[params["deploymentId"]]
    return {}
