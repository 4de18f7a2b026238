from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._ec2.leftovers import left, related, remaining
from hypothesis import given
from hypothesis import strategies as st

KINDS = [
    "instances",
    "volumes",
    "network_interfaces",
    "addresses",
    "fleets",
    "spot_requests",
    "schedules",
    "tasks",
    "container_instances",
    "services",
    "targets",
    "load_balancers",
    "nat_gateways",
    "vpc_endpoints",
]
OURS = [{"Key": "central-llm:stack", "Value": "central-llm"}]
THEIRS = [{"Key": "central-llm:stack", "Value": "other"}]


def seen(**found: t.Any) -> dict[str, t.Any]:
    return {kind: [] for kind in KINDS} | found


def instance(state: str = "running", name: str = "i-1", tags: t.Any = OURS) -> dict[str, t.Any]:
    return {"InstanceId": name, "State": {"Name": state}, "Tags": tags}


def ids(**found: t.Any) -> list[str]:
    return [each["id"] for each in left(seen(**found), "central-llm")]


def test_an_empty_account_is_zero() -> None:
    assert left(seen(), "central-llm") == [] and remaining(seen()) == []


@given(st.sampled_from(["pending", "running", "shutting-down", "stopping", "stopped", "terminated", "new state"]))
def test_only_terminated_is_gone(state: str) -> None:
    assert ids(instances=[instance(state)]) == ([] if state == "terminated" else ["i-1"])


@pytest.mark.parametrize(("tags", "ours"), [(OURS, True), ([], True), (THEIRS, False)])
def test_a_name_can_be_anybodys_and_a_tag_cannot(tags: t.Any, ours: bool) -> None:
    assert bool(ids(instances=[instance(tags=tags)])) == ours


@pytest.mark.parametrize(
    "found",
    [
        {"volumes": [{"VolumeId": "vol-1", "State": "available"}]},
        {"volumes": [{"VolumeId": "vol-1", "State": "error"}]},
        {"network_interfaces": [{"NetworkInterfaceId": "eni-1", "Status": "available"}]},
        {"addresses": [{"AllocationId": "eipalloc-1", "PublicIp": "203.0.113.1"}]},
        {"instances": [instance()], "addresses": [{"AllocationId": "e", "AssociationId": "a", "InstanceId": "i-1"}]},
        {"fleets": [{"FleetId": "fleet-1", "FleetState": "active", "Tags": OURS}]},
        {"spot_requests": [{"SpotInstanceRequestId": "sir-1", "State": "open", "Tags": OURS}]},
        {"schedules": [{"Name": "central-llm-lease-1", "State": "ENABLED"}]},
        {"tasks": [{"taskArn": "arn:task", "lastStatus": "STOPPING"}]},
        {"container_instances": [{"containerInstanceArn": "arn:ci", "status": "ACTIVE"}]},
        {"services": [{"serviceName": "central-llm-service", "desiredCount": 1}]},
        {"targets": [{"Target": {"Id": "i-9"}, "TargetHealth": {"State": "draining"}}]},
    ],
)
def test_whatever_is_left_is_told(found: dict[str, t.Any]) -> None:
    assert ids(**found)


@pytest.mark.parametrize(
    "found",
    [
        {"volumes": [{"VolumeId": "vol-1", "State": "deleting"}]},
        {"network_interfaces": [{"NetworkInterfaceId": "e", "Status": "in-use", "RequesterManaged": True}]},
        {"network_interfaces": [{"NetworkInterfaceId": "e", "Status": "in-use", "InterfaceType": "vpc_endpoint"}]},
        {"addresses": [{"AllocationId": "e", "AssociationId": "of-a-nat-gateway"}]},
        {"fleets": [{"FleetId": "fleet-1", "FleetState": "active", "Tags": THEIRS}]},
        {"spot_requests": [{"SpotInstanceRequestId": "sir-1", "State": "active", "InstanceId": "i-7"}]},
        {"tasks": [{"taskArn": "arn:task", "lastStatus": "STOPPED"}]},
        {"services": [{"serviceName": "central-llm-service", "desiredCount": 0}]},
    ],
)
def test_what_is_over_or_not_ours_or_stays_is_not(found: dict[str, t.Any]) -> None:
    assert ids(**found) == []


def test_what_stays_and_costs() -> None:
    found = remaining(
        seen(
            load_balancers=[{"LoadBalancerName": "central-llm-nlb"}],
            nat_gateways=[
                {"NatGatewayId": "nat-1", "State": "available"},
                {"NatGatewayId": "nat-2", "State": "deleted"},
            ],
            vpc_endpoints=[
                {"VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface", "State": "available"},
                {"VpcEndpointId": "vpce-2", "VpcEndpointType": "Gateway", "State": "available"},
            ],
            addresses=[{"AllocationId": "eipalloc-1", "AssociationId": "a"}],
        )
    )
    assert [each["id"] for each in found] == ["central-llm-nlb", "nat-1", "vpce-1", "eipalloc-1"]


def test_hosts_are_found_by_what_speaks_of_them() -> None:
    found = related(
        seen(
            instances=[instance(name="i-0")],
            container_instances=[{"ec2InstanceId": "i-0"}, {"ec2InstanceId": "i-1"}],
            targets=[{"Target": {"Id": "i-2"}}, {"Target": {"Id": "10.0.0.1"}}],
            volumes=[{"Attachments": [{"InstanceId": "i-3"}]}],
            network_interfaces=[{"Attachment": {"InstanceId": "i-4"}}, {}],
            spot_requests=[{"InstanceId": "i-of-somebody-else"}],
        )
    )
    assert found == {"i-1", "i-2", "i-3", "i-4"}
