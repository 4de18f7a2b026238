"""VPC links V1: moto's are AVAILABLE at once and for ever, whatever they point at."""

from __future__ import annotations

import typing as t

from moto.core.request import Request

from lab.control import current, hooks
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import backend, replaces
from lab.moto_gaps import apigateway_patches as patches
from lab.moto_gaps import apigateway_vpc_links_v2
from lab.moto_gaps.apigateway_store import Document, Store, bad_request, given, new_id, of, page, store

STATUSES = {"AVAILABLE", "PENDING", "DELETING", "FAILED", "INACTIVE"}


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateVpcLink", create)
    on("GetVpcLink", lambda call, params: link_of(of(call), params["vpcLinkId"]))
    on("GetVpcLinks", lambda call, params: page(of(call).links.values(), params))
    on("UpdateVpcLink", update)
    on("DeleteVpcLink", delete)


def exists(region: str, link_id: str) -> bool:
    return link_id in store(region).links


def status(region: str, link_id: str) -> str | None:
    link = store(region).links.get(link_id)
    return t.cast("str | None", link and link["status"])


def link_of(regional: Store, link_id: str) -> Document:
    if link_id not in regional.links:
        raise AwsError("NotFoundException", "Invalid Vpc Link identifier specified", 404)
    return regional.links[link_id]


def create(call: Call, params: Document) -> Document:
    if len(params.get("targetArns") or []) != 1:
        raise bad_request("Exactly one target ARN of a network load balancer must be specified")
    if not (params.get("name") or "").strip():
        raise bad_request("VPC link name must be specified")
    link: Document = {
        "id": new_id(6),
        "status": "PENDING",
        "statusMessage": "Your vpc link is being provisioned",
        "tags": dict(params.get("tags") or {}),
        **given(params, "name", "description", "targetArns"),
    }
    of(call).links[link["id"]] = link
    current.later("apigateway", lambda: _settle(call.region, link))
    return link


def _settle(region: str, link: Document) -> None:
    """A link comes up behind a network load balancer that is there and active."""
    if link["status"] != "PENDING":
        return
    arn = link["targetArns"][0]
    balancer = backend("elbv2", region).load_balancers.get(arn)
    if balancer is None or balancer.type != "network":
        link.update(status="FAILED", statusMessage=f"NLB ARN is malformed or does not exist: {arn}")
    elif balancer.state not in {"active", "provisioning"}:
        link.update(status="FAILED", statusMessage=f"NLB is not active: {arn}")
    else:
        link.update(status="AVAILABLE", statusMessage="Your vpc link is ready for use")


def update(call: Call, params: Document) -> Document:
    link = link_of(of(call), params["vpcLinkId"])
    scalars: dict[str, patches.Convert] = {"name": patches.text, "description": patches.text}
    patches.apply(link, params.get("patchOperations") or [], scalars, {})
    return link


def delete(call: Call, params: Document) -> Document:
    regional = of(call)
    link = link_of(regional, params["vpcLinkId"])
    if uses(regional, link["id"]):
        raise bad_request(f"Cannot delete vpc link. Vpc link '{link['id']}', is referenced in an integration")
    link.update(status="DELETING", statusMessage="Your vpc link is being deleted")
    current.later("apigateway", lambda: _gone(regional, link["id"]))
    return {}


def _gone(regional: Store, link_id: str) -> None:
    regional.links.pop(link_id, None)


def uses(regional: Store, link_id: str) -> bool:
    """Does a draft or a deployed integration go through the link?"""
    drafts = [list(api.resources.values()) for api in regional.apis.values()]
    served = [
        api.snapshots[stage["deploymentId"]]["resources"]
        for api in regional.apis.values()
        for stage in api.stages.values()
    ]
    return any(
        method.get("methodIntegration", {}).get("connectionId") == link_id
        for resources in [*drafts, *served]
        for resource in resources
        for method in resource.get("resourceMethods", {}).values()
    )


@hooks.route("POST", "vpc-links/([^/]+)")
def force(request: Request, groups: tuple[str, ...]) -> Document:
    """Put a link of either kind into a state that AWS brings about by itself, like INACTIVE after 60 idle days."""
    wanted = hooks.body_of(request)
    if wanted.get("status") not in STATUSES:
        raise hooks.BadHook(f"status must be one of {sorted(STATUSES)}")
    ctx = current.context()
    region = wanted.get("region") or (ctx.region if ctx else "eu-central-1")
    link = store(region).links.get(groups[0])
    if link is not None:
        link.update(status=wanted["status"], statusMessage=wanted.get("message", ""))
        service = "apigateway"
    else:
        link = apigateway_vpc_links_v2.link_of(region, groups[0])
        link.update(VpcLinkStatus=wanted["status"], VpcLinkStatusMessage=wanted.get("message", ""))
        service = "apigatewayv2"
    if ctx:
        ctx.generations.bump(service)
    return {"id": groups[0], "status": wanted["status"]}
