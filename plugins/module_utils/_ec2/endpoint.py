# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""An endpoint of a VPC: what is asked for, what there is, and the one request that leads from this to that."""

from __future__ import annotations

import json
import typing as t

from .._aws import InvalidInput
from .._compare import differing, given
from .._iam import documents
from . import api

Item = dict[str, t.Any]

# An endpoint that is refused, or on its way out, is no more; the names of the states come in two spellings.
_ENDED = ("deleting", "deleted", "rejected", "failed", "expired", "partial")
_ONLY_FOR = {
    "gateway": ("route_table_ids",),
    "interface": ("subnet_ids", "security_group_ids", "private_dns"),
}
_LISTS = {
    "subnet_ids": ("AddSubnetIds", "RemoveSubnetIds"),
    "security_group_ids": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
    "route_table_ids": ("AddRouteTableIds", "RemoveRouteTableIds"),
}
_EVERYTHING = [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]


def full_name(service: str, region: str) -> str:
    """A short name stands for the service of this region, as AWS's own services are called."""
    return (
        service
        if service.startswith(("com.amazonaws.", "cn.com.amazonaws.", "aws."))
        else (f"com.amazonaws.{region}.{service}")
    )


def validate(options: t.Mapping[str, t.Any]) -> None:
    for kind, names in _ONLY_FOR.items():
        wrong = [name for name in names if options["type"] != kind and options.get(name) is not None]
        if wrong:
            raise InvalidInput(f"{wrong[0]} is for {kind} endpoints, this one is of type {options['type']}.")
    for name in _LISTS:
        if name != "route_table_ids" and options.get(name) == []:
            raise InvalidInput(f"{name} is empty: an interface endpoint needs at least one. Leave it out to keep them.")
    problem = documents.problem(options["policy"]) if options.get("policy") else ""
    if problem:
        raise InvalidInput(f"policy: {problem}.")


def wanted(options: t.Mapping[str, t.Any]) -> Item:
    """The managed options, as they are compared."""
    names = (*_LISTS, "private_dns", "policy")
    desired = given({name: options.get(name) for name in names})
    if "policy" in desired:
        desired["policy"] = _policy(desired["policy"])
    return {name: sorted(set(value)) if name in _LISTS else value for name, value in desired.items()}


def changes_of(desired: t.Mapping[str, t.Any], before: t.Mapping[str, t.Any]) -> Item:
    changes = differing(desired, before)
    # A policy that says the same in other words is the same.
    if "policy" in changes and documents.same(changes["policy"], before["policy"]):
        del changes["policy"]
    return changes


def shown(item: t.Mapping[str, t.Any]) -> Item:
    return {
        "endpoint_id": item["VpcEndpointId"],
        "state": item.get("State", "").lower(),
        "vpc_id": item["VpcId"],
        "service_name": item["ServiceName"],
        "type": item.get("VpcEndpointType", "Gateway").lower(),
        "subnet_ids": sorted(item.get("SubnetIds", [])),
        "security_group_ids": sorted(group["GroupId"] for group in item.get("Groups", [])),
        "route_table_ids": sorted(item.get("RouteTableIds", [])),
        "private_dns": bool(item.get("PrivateDnsEnabled")),
        "policy": _policy(json.loads(item.get("PolicyDocument") or "{}")),
        "tags": api.tag_dict(item.get("Tags")),
    }


def candidates(items: t.Iterable[t.Mapping[str, t.Any]], service_name: str, kind: str) -> list[Item]:
    """The endpoints of this service and type that live."""
    found = (shown(item) for item in items)
    return [
        one
        for one in found
        if one["service_name"] == service_name and one["type"] == kind and one["state"] not in _ENDED
    ]


def modification(before: t.Mapping[str, t.Any], changes: t.Mapping[str, t.Any]) -> Item:
    """One request for all that differs: AWS takes what is added and what is removed."""
    request: Item = {"VpcEndpointId": before["endpoint_id"]}
    for name, (add, remove) in _LISTS.items():
        if name in changes:
            request[add] = sorted(set(changes[name]) - set(before[name])) or None
            request[remove] = sorted(set(before[name]) - set(changes[name])) or None
    if "private_dns" in changes:
        request["PrivateDnsEnabled"] = changes["private_dns"]
    if changes.get("policy"):
        request["PolicyDocument"] = json.dumps(changes["policy"])
    elif "policy" in changes:
        request["ResetPolicy"] = True
    return given(request)


def _policy(document: Item) -> Item:
    """AWS's own policy allows all to everybody, and is the same as none, whatever its version and words."""
    all_of_it = documents.same({"Statement": document.get("Statement")}, {"Statement": _EVERYTHING})
    return {} if all_of_it else document


__all__ = ("candidates", "changes_of", "full_name", "modification", "shown", "validate", "wanted")
