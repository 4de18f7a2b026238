# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""VPC links V2, network interfaces in our own subnets and security groups; one function per API call.

The same functions as in `vpc_links_v1`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._compare import TagPlan, given
from .._waiter import on_error, on_path, waiter_model
from .tags import arn_of
from .vpc_links import Link

SERVICE = "apigatewayv2"
FIXED = ("subnet_ids", "security_group_ids")
ID_PARAMETER = "VpcLinkId"
REASON = "VpcLinkStatusMessage"
_MISSING = ("NotFoundException",)

AVAILABLE = waiter_model(
    "GetVpcLink",
    [on_path("VpcLinkStatus", "AVAILABLE", "success")]
    + [on_path("VpcLinkStatus", status, "failure") for status in ("FAILED", "INACTIVE", "DELETING")],
    delay=5,
)
GONE = waiter_model(
    "GetVpcLink",
    [on_error("NotFoundException", "success"), on_path("VpcLinkStatus", "FAILED", "failure")],
    delay=5,
)


def _link(answer: t.Mapping[str, t.Any]) -> Link:
    return {
        "id": answer["VpcLinkId"],
        "name": answer.get("Name") or "",
        "version": 2,
        "description": "",
        "status": answer.get("VpcLinkStatus") or "",
        "status_message": answer.get("VpcLinkStatusMessage") or "",
        "subnet_ids": sorted(answer.get("SubnetIds") or []),
        "security_group_ids": sorted(answer.get("SecurityGroupIds") or []),
        "target_arns": [],
        "tags": answer.get("Tags") or {},
    }


@aws_call("read the VPC link {link_id}", missing=_MISSING)
def find_link(client: t.Any, link_id: str) -> Link | None:
    return _link(client.get_vpc_link(VpcLinkId=link_id))


@aws_call("list the VPC links")
def list_links(client: t.Any) -> list[Link]:
    # botocore has no paginator for this operation.
    found: list[Link] = []
    request: dict[str, str] = {}
    while True:
        answer = client.get_vpc_links(**request)
        found += [_link(link) for link in answer.get("Items", [])]
        if not answer.get("NextToken"):
            return found
        request = {"NextToken": answer["NextToken"]}


@aws_call("create the VPC link {name}")
def create_link(client: t.Any, name: str, link: Link) -> Link:
    request = {"SecurityGroupIds": link["security_group_ids"] or None, "Tags": link["tags"] or None}
    return _link(client.create_vpc_link(Name=name, SubnetIds=link["subnet_ids"], **given(request)))


@aws_call("rename the VPC link {link_id}")
def update_link(client: t.Any, link_id: str, changes: dict[str, str]) -> None:
    client.update_vpc_link(VpcLinkId=link_id, Name=changes["name"])


@aws_call("delete the VPC link {link_id}", missing=_MISSING)
def delete_link(client: t.Any, link_id: str) -> None:
    client.delete_vpc_link(VpcLinkId=link_id)


@aws_call("tag the VPC link {link_id}")
def _tag(client: t.Any, link_id: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceArn=arn_of(client, "vpclinks", link_id), Tags=tags)


@aws_call("untag the VPC link {link_id}")
def _untag(client: t.Any, link_id: str, keys: list[str]) -> None:
    client.untag_resource(ResourceArn=arn_of(client, "vpclinks", link_id), TagKeys=keys)


def write_tags(client: t.Any, link_id: str, plan: TagPlan) -> None:
    if plan.put:
        _tag(client, link_id, plan.put)
    if plan.remove:
        _untag(client, link_id, plan.remove)
