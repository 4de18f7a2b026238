# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""VPC links V1, which reach a network load balancer through PrivateLink; one function per API call.

The same functions as in `vpc_links_v2`. https://docs.aws.amazon.com/apigateway/latest/developerguide/vpc-links-v1.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._compare import TagPlan, given
from .._waiter import on_error, on_path, waiter_model
from . import tags as rest_tags
from .patch import replacements
from .vpc_links import Link

SERVICE = "apigateway"
FIXED = ("target_arns",)
ID_PARAMETER = "vpcLinkId"
REASON = "statusMessage"
_MISSING = ("NotFoundException",)

AVAILABLE = waiter_model(
    "GetVpcLink",
    [on_path("status", "AVAILABLE", "success")]
    + [on_path("status", status, "failure") for status in ("FAILED", "DELETING")],
    delay=5,
)
GONE = waiter_model(
    "GetVpcLink",
    [on_error("NotFoundException", "success"), on_path("status", "FAILED", "failure")],
    delay=5,
)


def _link(answer: t.Mapping[str, t.Any]) -> Link:
    return {
        "id": answer["id"],
        "name": answer.get("name") or "",
        "version": 1,
        "description": answer.get("description") or "",
        "status": answer.get("status") or "",
        "status_message": answer.get("statusMessage") or "",
        "subnet_ids": [],
        "security_group_ids": [],
        "target_arns": sorted(answer.get("targetArns") or []),
        "tags": answer.get("tags") or {},
    }


@aws_call("read the VPC link {link_id}", missing=_MISSING)
def find_link(client: t.Any, link_id: str) -> Link | None:
    return _link(client.get_vpc_link(vpcLinkId=link_id))


@aws_call("list the VPC links")
def list_links(client: t.Any) -> list[Link]:
    pages = client.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 500})
    return [_link(link) for page in pages for link in page.get("items", [])]


@aws_call("create the VPC link {name}")
def create_link(client: t.Any, name: str, link: Link) -> Link:
    request = {"description": link["description"] or None, "tags": link["tags"] or None}
    return _link(client.create_vpc_link(name=name, targetArns=link["target_arns"], **given(request)))


@aws_call("change the VPC link {link_id}")
def update_link(client: t.Any, link_id: str, changes: dict[str, str]) -> None:
    operations = replacements(changes, {"name": "name", "description": "description"})
    client.update_vpc_link(vpcLinkId=link_id, patchOperations=operations)


@aws_call("delete the VPC link {link_id}", missing=_MISSING)
def delete_link(client: t.Any, link_id: str) -> None:
    client.delete_vpc_link(vpcLinkId=link_id)


def write_tags(client: t.Any, link_id: str, plan: TagPlan) -> None:
    rest_tags.write_tags(client, rest_tags.arn_of(client, "vpclinks", link_id), plan)
