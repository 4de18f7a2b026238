"""VPC links of both kinds: they come up, fail, go away, and can be put into any state."""

from __future__ import annotations

import typing as t

import pytest
import requests
from helpers import eventually, refused

from lab.context import LabContext


@pytest.fixture
def subnet(lab: LabContext) -> dict[str, t.Any]:
    found: dict[str, t.Any] = lab.client("ec2").describe_subnets()["Subnets"][0]
    return found


def settled_v2(lab: LabContext, link_id: str) -> t.Any:
    client = lab.client("apigatewayv2")
    return eventually(lambda: client.get_vpc_link(VpcLinkId=link_id), lambda link: link["VpcLinkStatus"] != "PENDING")


def settled_v1(lab: LabContext, link_id: str) -> t.Any:
    client = lab.client("apigateway")
    return eventually(lambda: client.get_vpc_link(vpcLinkId=link_id), lambda link: link["status"] != "PENDING")


def balancer(lab: LabContext, subnet: dict[str, t.Any]) -> str:
    answer = lab.client("elbv2").create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=[subnet["SubnetId"]]
    )
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def test_a_v2_link_comes_up_and_planes_are_told(lab: LabContext, subnet: dict[str, t.Any]) -> None:
    client = lab.client("apigatewayv2")
    created = client.create_vpc_link(Name="link", SubnetIds=[subnet["SubnetId"]], Tags={"a": "b"})
    assert created["VpcLinkStatus"] == "PENDING"
    before = lab.generations.of("apigatewayv2")
    link = settled_v2(lab, created["VpcLinkId"])
    assert (link["VpcLinkStatus"], link["Tags"]) == ("AVAILABLE", {"a": "b"})
    eventually(lambda: lab.generations.of("apigatewayv2"), lambda count: count >= before)
    assert client.update_vpc_link(VpcLinkId=link["VpcLinkId"], Name="renamed")["Name"] == "renamed"


def test_a_v2_link_into_nowhere_fails_and_says_why(lab: LabContext) -> None:
    created = lab.client("apigatewayv2").create_vpc_link(Name="link", SubnetIds=["subnet-0123456789abcdef0"])
    link = settled_v2(lab, created["VpcLinkId"])
    assert link["VpcLinkStatus"] == "FAILED"
    assert "subnet-0123456789abcdef0" in link["VpcLinkStatusMessage"]


def test_a_v2_link_needs_a_target_and_is_kept_while_used(lab: LabContext, subnet: dict[str, t.Any]) -> None:
    v2, gateway = lab.client("apigatewayv2"), lab.client("apigateway")
    link_id = v2.create_vpc_link(Name="link", SubnetIds=[subnet["SubnetId"]])["VpcLinkId"]
    api = gateway.create_rest_api(name="a")
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    integration = {
        **place,
        "type": "HTTP_PROXY",
        "integrationHttpMethod": "GET",
        "uri": "http://nlb:8000/",
        "connectionType": "VPC_LINK",
        "connectionId": link_id,
    }
    with pytest.raises(gateway.exceptions.BadRequestException, match="IntegrationTarget is required for VpcLinkV2"):
        gateway.put_integration(**integration)
    target = balancer(lab, subnet)
    assert gateway.put_integration(**integration, integrationTarget=target)["integrationTarget"] == target
    assert refused(v2.delete_vpc_link, VpcLinkId=link_id) == "BadRequestException"
    gateway.delete_rest_api(restApiId=api["id"])
    v2.delete_vpc_link(VpcLinkId=link_id)
    eventually(v2.get_vpc_links, lambda answer: answer["Items"] == [])
    assert refused(v2.get_vpc_link, VpcLinkId=link_id) == "NotFoundException"


def test_a_v1_link_needs_a_network_balancer(lab: LabContext, subnet: dict[str, t.Any]) -> None:
    gateway = lab.client("apigateway")
    good = gateway.create_vpc_link(name="good", targetArns=[balancer(lab, subnet)])
    assert good["status"] == "PENDING"
    assert settled_v1(lab, good["id"])["status"] == "AVAILABLE"
    arn = f"arn:aws:elasticloadbalancing:eu-central-1:{lab.account_id}:loadbalancer/net/nope/0123456789abcdef"
    bad = settled_v1(lab, gateway.create_vpc_link(name="bad", targetArns=[arn])["id"])
    assert bad["status"] == "FAILED"
    assert arn in bad["statusMessage"]
    rename = [{"op": "replace", "path": "/name", "value": "better"}]
    assert gateway.update_vpc_link(vpcLinkId=good["id"], patchOperations=rename)["name"] == "better"
    retarget = [{"op": "replace", "path": "/targetArns", "value": arn}]
    assert refused(gateway.update_vpc_link, vpcLinkId=good["id"], patchOperations=retarget) == "BadRequestException"
    gateway.delete_vpc_link(vpcLinkId=good["id"])
    eventually(lambda: [one["name"] for one in gateway.get_vpc_links()["items"]], lambda names: names == ["bad"])


def test_a_link_can_be_put_into_any_state(lab: LabContext, subnet: dict[str, t.Any]) -> None:
    client = lab.client("apigatewayv2")
    link_id = client.create_vpc_link(Name="link", SubnetIds=[subnet["SubnetId"]])["VpcLinkId"]
    settled_v2(lab, link_id)
    url = f"{lab.endpoint_url}/_lab/vpc-links/{link_id}"
    requests.post(url, json={"status": "INACTIVE", "message": "60 days"}, timeout=10).raise_for_status()
    link = client.get_vpc_link(VpcLinkId=link_id)
    assert (link["VpcLinkStatus"], link["VpcLinkStatusMessage"]) == ("INACTIVE", "60 days")
    assert requests.post(url, json={"status": "SLEEPY"}, timeout=10).status_code == 400
    assert requests.post(f"{url}x", json={"status": "FAILED"}, timeout=10).status_code == 404
