# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What a session has left behind, and what stays by design, of all that AWS answered. Pure."""

from __future__ import annotations

import typing as t

Item = t.Mapping[str, t.Any]
Seen = t.Mapping[str, t.Sequence[Item]]
Told = dict[str, str]

STACK_TAG = "central-llm:stack"
_LIVE_GATEWAY = ("pending", "available")


def left(seen: Seen, stack: str) -> list[Told]:
    """Everything that a session starts and that is still there, in whatever state, each with how it was found."""
    instances = hosts(seen, stack)
    ids = {each["InstanceId"] for each in instances}
    found = [_told("instance", each["InstanceId"], _state(each)) for each in instances]
    for each in seen["volumes"]:
        if each["State"] not in ("deleting", "deleted"):
            found.append(_told("volume", each["VolumeId"], each["State"]))
    for each in seen["network_interfaces"]:
        # Those of load balancers, endpoints and NAT gateways belong to what stays.
        if not each.get("RequesterManaged") and each.get("InterfaceType", "interface") == "interface":
            found.append(_told("network interface", each["NetworkInterfaceId"], each["Status"]))
    for each in seen["addresses"]:
        if not each.get("AssociationId") or each.get("InstanceId") in ids:
            told = each.get("InstanceId") or "idle"
            found.append(_told("elastic address", each.get("AllocationId") or each["PublicIp"], told))
    for each in seen["fleets"]:
        if _tags(each).get(STACK_TAG) == stack:
            found.append(_told("fleet", each["FleetId"], each["FleetState"]))
    for each in seen["spot_requests"]:
        if _tags(each).get(STACK_TAG) == stack or each.get("InstanceId") in ids:
            found.append(_told("spot request", each["SpotInstanceRequestId"], each["State"]))
    found += [_told("schedule", each["Name"], each.get("State", "")) for each in seen["schedules"]]
    for each in seen["tasks"]:
        if each["lastStatus"] != "STOPPED":
            found.append(_told("task", each["taskArn"], each["lastStatus"]))
    for each in seen["container_instances"]:
        found.append(_told("container instance", each["containerInstanceArn"], each.get("status", "")))
    found += [
        _told("desired count", each["serviceName"], str(each["desiredCount"]))
        for each in seen["services"]
        if each.get("desiredCount")
    ]
    found += [_told("target", each["Target"]["Id"], each["TargetHealth"]["State"]) for each in seen["targets"]]
    return sorted(found, key=lambda told: (told["kind"], told["id"]))


def remaining(seen: Seen) -> list[Told]:
    """What costs money between sessions, too, because the stack stands."""
    found = [_told("network load balancer", each["LoadBalancerName"], "") for each in seen["load_balancers"]]
    found += [_told("NAT gateway", each["NatGatewayId"], "") for each in seen["nat_gateways"] if _is_live(each)]
    for each in seen["vpc_endpoints"]:
        if each.get("VpcEndpointType") == "Interface" and _is_live(each):
            found.append(_told("interface endpoint", each["VpcEndpointId"], each.get("ServiceName", "")))
    for each in seen["addresses"]:
        if each.get("AssociationId") and not each.get("InstanceId"):
            found.append(_told("elastic address", each["AllocationId"], "in use"))
    return found


def hosts(seen: Seen, stack: str) -> list[Item]:
    return [each for each in seen["instances"] if _is_ours(each, stack) and _state(each) != "terminated"]


def related(seen: Seen) -> set[str]:
    """Ids of instances that something of the stack speaks of, and that no tag has found."""
    named = {each.get("ec2InstanceId", "") for each in seen["container_instances"]}
    named |= {each["Target"]["Id"] for each in seen["targets"]}
    named |= {attached.get("InstanceId", "") for each in seen["volumes"] for attached in each.get("Attachments", [])}
    named |= {each.get("Attachment", {}).get("InstanceId", "") for each in seen["network_interfaces"]}
    named |= {each.get("InstanceId", "") for each in seen["addresses"]}
    known = {each["InstanceId"] for each in seen["instances"]}
    return {name for name in named if name.startswith("i-")} - known


def _is_ours(instance: Item, stack: str) -> bool:
    """A name can be anybody's; the tag of another stack says whose it is."""
    return _tags(instance).get(STACK_TAG, stack) == stack


def _is_live(item: Item) -> bool:
    return str(item["State"]).lower() in _LIVE_GATEWAY


def _state(instance: Item) -> str:
    return str(instance["State"]["Name"])


def _tags(item: Item) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags") or []}


def _told(kind: str, name: str, state: str) -> Told:
    return {"kind": kind, "id": name, "state": state}


__all__ = ("STACK_TAG", "hosts", "left", "related", "remaining")
