"""VPC links V2: moto's are AVAILABLE at once, take subnets that do not exist, and can be updated at will."""

from __future__ import annotations

import typing as t

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import backend, replaces
from lab.moto_gaps.apigateway_store import Document, new_id, now, page

_links: dict[tuple[str, str], Document] = {}


@current.on_reset
def clear() -> None:
    _links.clear()


def apply() -> None:
    on = lambda name, handler: replaces("apigatewayv2", name)(handler)  # noqa: E731
    on("CreateVpcLink", create)
    on("GetVpcLink", lambda call, params: _find(call.region, params["VpcLinkId"]))
    on("GetVpcLinks", list_links)
    on("UpdateVpcLink", update)
    on("DeleteVpcLink", delete)
    on("TagResource", tag)
    on("UntagResource", untag)
    on("GetTags", lambda call, params: {"Tags": _tagged(call.region, params)["Tags"]})


def exists(region: str, link_id: str) -> bool:
    return (region, link_id) in _links


def status(region: str, link_id: str) -> str | None:
    link = _links.get((region, link_id))
    return t.cast("str | None", link and link["VpcLinkStatus"])


def link_of(region: str, link_id: str) -> Document:
    """KeyError where there is no such link."""
    return _links[region, link_id]


def _find(region: str, link_id: str) -> Document:
    if not exists(region, link_id):
        raise AwsError("NotFoundException", f"Invalid VpcLink identifier specified {link_id}", 404)
    return _links[region, link_id]


def create(call: Call, params: Document) -> Document:
    if not params.get("SubnetIds"):
        raise AwsError("BadRequestException", "At least one subnet must be specified")
    if len(params["SubnetIds"]) > 10:
        raise AwsError("BadRequestException", "At most 10 subnets can be specified")
    link: Document = {
        "VpcLinkId": new_id(6),
        "Name": params["Name"],
        "SubnetIds": list(params["SubnetIds"]),
        "SecurityGroupIds": list(params.get("SecurityGroupIds") or []),
        "CreatedDate": now(),
        "Tags": dict(params.get("Tags") or {}),
        "VpcLinkStatus": "PENDING",
        "VpcLinkStatusMessage": "VPC link is provisioning ENIs",
        "VpcLinkVersion": "V2",
    }
    _links[call.region, link["VpcLinkId"]] = link
    current.later("apigatewayv2", lambda: _settle(call.region, link))
    return link


def _settle(region: str, link: Document) -> None:
    if link["VpcLinkStatus"] != "PENDING":
        return
    problem = _problem(region, link)
    if problem:
        link.update(VpcLinkStatus="FAILED", VpcLinkStatusMessage=problem)
    else:
        link.update(VpcLinkStatus="AVAILABLE", VpcLinkStatusMessage="VPC link is ready to route traffic")


def _problem(region: str, link: Document) -> str:
    """Why the link's network interfaces cannot be made."""
    ec2 = backend("ec2", region)
    subnets = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    groups = {group.id: group for vpc in ec2.groups.values() for group in vpc.values()}
    missing = [name for name in link["SubnetIds"] if name not in subnets]
    missing += [name for name in link["SecurityGroupIds"] if name not in groups]
    if missing:
        return f"The following resources do not exist: {', '.join(missing)}"
    vpcs = {subnets[name].vpc_id for name in link["SubnetIds"]}
    vpcs |= {groups[name].vpc_id for name in link["SecurityGroupIds"]}
    return "" if len(vpcs) == 1 else "Subnets and security groups must belong to the same VPC"


def links(region: str) -> list[Document]:
    return [link for (where, _), link in list(_links.items()) if where == region]


def list_links(call: Call, params: Document) -> Document:
    asked = {
        "limit": int(params["MaxResults"]) if params.get("MaxResults") else None,
        "position": params.get("NextToken"),
    }
    paged = page(links(call.region), asked)
    answer: Document = {"Items": paged["items"]}
    if "position" in paged:
        answer["NextToken"] = paged["position"]
    return answer


def update(call: Call, params: Document) -> Document:
    """Subnets and groups cannot be changed, and the operation does not know them; the name can."""
    link = _find(call.region, params["VpcLinkId"])
    if params.get("Name"):
        link["Name"] = params["Name"]
    return link


def delete(call: Call, params: Document) -> Document:
    # Late: the REST side looks links of both kinds up.
    from lab.moto_gaps import apigateway_vpc_links
    from lab.moto_gaps.apigateway_store import of

    link = _find(call.region, params["VpcLinkId"])
    if apigateway_vpc_links.uses(of(call), link["VpcLinkId"]):
        raise AwsError(
            "BadRequestException", f"Cannot delete VpcLink '{link['VpcLinkId']}' while an integration uses it"
        )
    link.update(VpcLinkStatus="DELETING", VpcLinkStatusMessage="VPC link is deleting ENIs")
    current.later("apigatewayv2", lambda: _gone(call.region, link["VpcLinkId"]))
    return {}


def _gone(region: str, link_id: str) -> None:
    _links.pop((region, link_id), None)


def _tagged(region: str, params: Document) -> Document:
    """arn:aws:apigateway:REGION::/vpclinks/ID; HTTP APIs have no part in the service and are not answered."""
    kind, _, link_id = params["ResourceArn"].rpartition("/")
    if not kind.endswith("/vpclinks"):
        raise NotImplementedError(f"tags of {params['ResourceArn']}")
    return _find(region, link_id)


def tag(call: Call, params: Document) -> Document:
    _tagged(call.region, params)["Tags"].update(params.get("Tags") or {})
    return {}


def untag(call: Call, params: Document) -> Document:
    tags = _tagged(call.region, params)["Tags"]
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


def uses_group(region: str, group_id: str) -> bool:
    """Do a link's network interfaces carry this security group?"""
    return any(group_id in link["SecurityGroupIds"] for (where, _), link in _links.items() if where == region)
