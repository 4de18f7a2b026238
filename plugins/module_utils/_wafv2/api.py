# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""AWS WAF, one function per API call; web ACLs and IP sets of the scope REGIONAL.

https://docs.aws.amazon.com/waf/latest/APIReference/API_Operations_AWS_WAFV2.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._compare import TagPlan
from .._waiter import on_error, wait_for, waiter_model

SCOPE = "REGIONAL"
_MISSING = ("WAFNonexistentItemException",)
# A name is taken once: by somebody else meanwhile, or by an attempt whose answer got lost.
_TAKEN = ("WAFDuplicateItemException",)
_PAGE = 100

Found = tuple[dict[str, t.Any], str]
"""What there is, and the token that a change of just this takes."""


def _until_taken(code: str, *, done: str = "") -> list[dict[str, t.Any]]:
    """Repeats a call as long as AWS has not yet spread what it goes by.

    "AWS WAF couldn't retrieve a resource that you specified for this operation. If you've just created a resource that
    you're using in this operation, you might just need to wait a few minutes."
    https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html

    `done` is what an attempt meets whose predecessor did it, and whose answer got lost.
    """
    known = [{"matcher": "status", "expected": 200, "state": "success"}]
    return [*known, *([on_error(done, "success")] if done else []), on_error(code, "retry")]


_UNSPREAD = "WAFUnavailableEntityException"
# What was let go of a moment ago may still count as in use.
_IN_USE = "WAFAssociatedItemException"
_CREATION = waiter_model("CreateWebACL", _until_taken(_UNSPREAD, done=_TAKEN[0]), delay=3)
_UPDATE = waiter_model("UpdateWebACL", _until_taken(_UNSPREAD), delay=3)
_ASSOCIATION = waiter_model("AssociateWebACL", _until_taken(_UNSPREAD), delay=3)
_SET_DELETION = waiter_model("DeleteIPSet", _until_taken(_IN_USE, done=_MISSING[0]), delay=3)
_ACL_DELETION = waiter_model("DeleteWebACL", _until_taken(_IN_USE, done=_MISSING[0]), delay=3)


@aws_call("list the IP sets")
def _list_sets(client: t.Any, **position: str) -> dict[str, t.Any]:
    return client.list_ip_sets(Scope=SCOPE, Limit=_PAGE, **position)


@aws_call("list the web ACLs")
def _list_acls(client: t.Any, **position: str) -> dict[str, t.Any]:
    return client.list_web_acls(Scope=SCOPE, Limit=_PAGE, **position)


def _id_of(client: t.Any, name: str, look: t.Callable[..., dict[str, t.Any]], member: str) -> str | None:
    """botocore has no paginator for these."""
    position: dict[str, str] = {}
    while True:
        page = look(client, **position)
        for each in page.get(member, []):
            if each["Name"] == name:
                return each["Id"]
        if not page.get("NextMarker"):
            return None
        position = {"NextMarker": page["NextMarker"]}


@aws_call("read the IP set {name}", missing=_MISSING)
def _read_set(client: t.Any, name: str, set_id: str) -> Found | None:
    answer = client.get_ip_set(Name=name, Scope=SCOPE, Id=set_id)
    return answer["IPSet"], answer["LockToken"]


@aws_call("read the web ACL {name}", missing=_MISSING)
def _read_acl(client: t.Any, name: str, acl_id: str) -> Found | None:
    answer = client.get_web_acl(Name=name, Scope=SCOPE, Id=acl_id)
    return answer["WebACL"], answer["LockToken"]


def find_set(client: t.Any, name: str) -> Found | None:
    set_id = _id_of(client, name, _list_sets, "IPSets")
    return _read_set(client, name, set_id) if set_id else None


def find_acl(client: t.Any, name: str) -> Found | None:
    acl_id = _id_of(client, name, _list_acls, "WebACLs")
    return _read_acl(client, name, acl_id) if acl_id else None


@aws_call("create the IP set {Name}", missing=_TAKEN)
def create_set(client: t.Any, request: dict[str, t.Any]) -> None:
    client.create_ip_set(Scope=SCOPE, **request)


@aws_call("change the IP set {Name}")
def update_set(client: t.Any, request: dict[str, t.Any]) -> None:
    client.update_ip_set(Scope=SCOPE, **request)


def delete_set(client: t.Any, found: Found, timeout: int) -> None:
    item, token = found
    what = {"Name": item["Name"], "Scope": SCOPE, "Id": item["Id"], "LockToken": token}
    wait_for(client, _SET_DELETION, description=f"the IP set {item['Name']} to be let go", timeout=timeout, **what)


def create_acl(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    what = f"the web ACL {request['Name']} to be made"
    wait_for(client, _CREATION, description=what, timeout=timeout, Scope=SCOPE, **request)


def update_acl(client: t.Any, request: dict[str, t.Any], timeout: int) -> None:
    what = f"the web ACL {request['Name']} to be changed"
    wait_for(client, _UPDATE, description=what, timeout=timeout, Scope=SCOPE, **request)


def delete_acl(client: t.Any, found: Found, timeout: int) -> None:
    item, token = found
    what = {"Name": item["Name"], "Scope": SCOPE, "Id": item["Id"], "LockToken": token}
    wait_for(client, _ACL_DELETION, description=f"the web ACL {item['Name']} to be let go", timeout=timeout, **what)


@aws_call("list what the web ACL {arn} protects", missing=_MISSING, default=[])
def list_resources(client: t.Any, arn: str) -> list[str]:
    """Stages of API Gateway; the operation asks for one type of resource at a time."""
    return client.list_resources_for_web_acl(WebACLArn=arn, ResourceType="API_GATEWAY").get("ResourceArns", [])


def associate(client: t.Any, arn: str, resource: str, timeout: int) -> None:
    what = {"WebACLArn": arn, "ResourceArn": resource}
    wait_for(client, _ASSOCIATION, description=f"{resource} to be protected", timeout=timeout, **what)


@aws_call("protect {resource} no more", missing=_MISSING)
def disassociate(client: t.Any, resource: str) -> None:
    client.disassociate_web_acl(ResourceArn=resource)


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    found = client.list_tags_for_resource(ResourceARN=arn, Limit=_PAGE)["TagInfoForResource"].get("TagList", [])
    return {each["Key"]: each["Value"] for each in found}


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=as_list(tags))


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)


def write_tags(client: t.Any, arn: str, plan: TagPlan) -> None:
    if plan.put:
        tag(client, arn, plan.put)
    if plan.remove:
        untag(client, arn, plan.remove)


def as_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
