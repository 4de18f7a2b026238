"""Through a VPC link to a load balancer's own address, as far as the security groups let."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from edge_support import Api, Backend, eventually, proxy

from lab.context import LabContext

PORT = 8000


class Network:
    """A VPC with an internal NLB that listens on port 8000."""

    def __init__(self, ctx: LabContext) -> None:
        self.ctx = ctx
        ec2 = ctx.client("ec2")
        self.vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        self.subnet_id = ec2.create_subnet(VpcId=self.vpc_id, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
        self.link_group, self.balancer_group = (self._group(name) for name in ("link", "balancer"))
        elb = ctx.client("elbv2")
        self.nlb_arn = elb.create_load_balancer(
            Name="nlb",
            Type="network",
            Scheme="internal",
            Subnets=[self.subnet_id],
            SecurityGroups=[self.balancer_group],
        )["LoadBalancers"][0]["LoadBalancerArn"]
        group_arn = elb.create_target_group(Name="tg", Protocol="TCP", Port=PORT, VpcId=self.vpc_id, TargetType="ip")
        forward = {"Type": "forward", "TargetGroupArn": group_arn["TargetGroups"][0]["TargetGroupArn"]}
        elb.create_listener(LoadBalancerArn=self.nlb_arn, Protocol="TCP", Port=PORT, DefaultActions=[forward])

    def _group(self, name: str) -> str:
        made = self.ctx.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)
        return t.cast(str, made["GroupId"])

    def open(self) -> None:
        rule = {
            "IpProtocol": "tcp",
            "FromPort": PORT,
            "ToPort": PORT,
            "UserIdGroupPairs": [{"GroupId": self.link_group}],
        }
        self.ctx.client("ec2").authorize_security_group_ingress(GroupId=self.balancer_group, IpPermissions=[rule])

    def link_v2(self) -> str:
        client = self.ctx.client("apigatewayv2")
        link_id = client.create_vpc_link(Name="link", SubnetIds=[self.subnet_id], SecurityGroupIds=[self.link_group])[
            "VpcLinkId"
        ]
        eventually(
            lambda: client.get_vpc_link(VpcLinkId=link_id)["VpcLinkStatus"] == "AVAILABLE", "the V2 link is available"
        )
        return t.cast(str, link_id)

    def link_v1(self) -> str:
        client = self.ctx.client("apigateway")
        link_id = client.create_vpc_link(name="link", targetArns=[self.nlb_arn])["id"]
        eventually(lambda: client.get_vpc_link(vpcLinkId=link_id)["status"] == "AVAILABLE", "the V1 link is available")
        return t.cast(str, link_id)

    def private(self, link_id: str, path: str = "/inside", **more: t.Any) -> dict[str, t.Any]:
        return proxy(f"http://nlb.internal:{PORT}{path}", connectionType="VPC_LINK", connectionId=link_id, **more)


@pytest.fixture
def network(lab: LabContext) -> Network:
    return Network(lab)


@pytest.fixture
def listening(network: Network, backend: Backend) -> Iterator[None]:
    """Something accepts connections at the load balancer's own address."""
    stop = backend.listen(network.ctx.addresses.of(network.nlb_arn), PORT)
    yield
    stop()


@pytest.mark.usefixtures("listening")
def test_v2_goes_where_the_security_groups_let_it(api: Api, network: Network) -> None:
    api.method("/vpc", network.private(network.link_v2(), integrationTarget=network.nlb_arn))
    api.deploy()
    closed = api.post("/vpc")
    assert (closed.status_code, closed.json()) == (504, {"message": "Endpoint request timed out"})
    network.open()
    answer = api.post("/vpc?a=1", data=b"words")
    assert answer.status_code == 200
    echo = answer.json()
    assert (echo["path"], echo["body"], echo["headers"]["host"]) == ("/inside?a=1", "words", f"nlb.internal:{PORT}")


@pytest.mark.usefixtures("listening")
def test_a_uri_without_a_path_brings_the_stage_along(api: Api, network: Network) -> None:
    network.open()
    api.method("/v1/models", network.private(network.link_v2(), path="", integrationTarget=network.nlb_arn))
    api.deploy()
    assert api.post("/v1/models").json()["path"] == "/prod/v1/models"


@pytest.mark.usefixtures("listening")
def test_v1_passes_once_private_link_traffic_is_not_checked(api: Api, network: Network) -> None:
    api.method("/vpc", network.private(network.link_v1()))
    api.deploy()
    assert api.post("/vpc").status_code == 504
    network.ctx.client("elbv2").set_security_groups(
        LoadBalancerArn=network.nlb_arn,
        SecurityGroups=[network.balancer_group],
        EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
    )
    assert api.post("/vpc").json()["path"] == "/inside"


def test_a_balancer_that_nobody_listens_for(api: Api, network: Network) -> None:
    network.open()
    link_id = network.link_v2()
    api.method("/vpc", network.private(link_id, integrationTarget=network.nlb_arn))
    wrong_port = proxy(
        "http://nlb.internal:9999/", connectionType="VPC_LINK", connectionId=link_id, integrationTarget=network.nlb_arn
    )
    api.method("/port", wrong_port)
    api.deploy()
    for path in ("/vpc", "/port"):
        answer = api.post(path)
        assert (answer.status_code, answer.json()) == (504, {"message": "Network error communicating with endpoint"})


def test_a_link_that_is_gone_is_a_configuration_error(api: Api, network: Network) -> None:
    network.open()
    for path, link_id, more in (
        ("/v1", "zzzzzz", {}),
        ("/v2", "zzzzzz", {"integrationTarget": network.nlb_arn}),
    ):
        # Through a stage variable: AWS checks a link's id when it is written down, but not behind a variable.
        integration = network.private("${stageVariables.link}", **more)
        api.method(path, integration)
        api.client.create_deployment(restApiId=api.api_id, stageName=api.stage, variables={"link": link_id})
        answer = api.post(path)
        assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
