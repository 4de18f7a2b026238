"""The API as the role's template has it, deployed behind a VPC link to a backend that echoes."""

from __future__ import annotations

import json
import typing as t

import yaml
from edge_support import Api, eventually

from lab.context import LabContext
from tests.tools.role_template import render

HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}
PORT = 8000


class RoleApi(Api):
    """`document` is what was deployed last; the balancer lets everything of the link in."""

    def __init__(self, ctx: LabContext) -> None:
        ec2, elb = ctx.client("ec2"), ctx.client("elbv2")
        self.vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        self.subnet_id = ec2.create_subnet(VpcId=self.vpc_id, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
        made = elb.create_load_balancer(Name="nlb", Type="network", Scheme="internal", Subnets=[self.subnet_id])
        self.balancer = made["LoadBalancers"][0]
        group = elb.create_target_group(Name="tg", Protocol="TCP", Port=PORT, VpcId=self.vpc_id, TargetType="ip")
        forward = {"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
        elb.create_listener(LoadBalancerArn=self.balancer_arn, Protocol="TCP", Port=PORT, DefaultActions=[forward])
        api = ctx.client("apigateway").create_rest_api(name="role", endpointConfiguration={"types": ["REGIONAL"]})
        super().__init__(ctx, api["id"], api["rootResourceId"])
        self.document: dict[str, t.Any] = {}

    @property
    def balancer_arn(self) -> str:
        return t.cast(str, self.balancer["LoadBalancerArn"])

    def link(self, version: int) -> str:
        if version == 1:
            v1 = self.ctx.client("apigateway")
            link_id = v1.create_vpc_link(name="link", targetArns=[self.balancer_arn])["id"]
            eventually(lambda: v1.get_vpc_link(vpcLinkId=link_id)["status"] == "AVAILABLE", "the link is there")
        else:
            v2 = self.ctx.client("apigatewayv2")
            link_id = v2.create_vpc_link(Name="link", SubnetIds=[self.subnet_id], SecurityGroupIds=[])["VpcLinkId"]
            eventually(lambda: v2.get_vpc_link(VpcLinkId=link_id)["VpcLinkStatus"] == "AVAILABLE", "the link is there")
        return t.cast(str, link_id)

    def import_document(self, link_id: str, version: int = 2, **variables: t.Any) -> None:
        """The draft becomes what the role would make of these variables."""
        given = {
            "llm_region": self.ctx.region,
            "llm_gateway_balancer_arn": self.balancer_arn,
            "llm_gateway_balancer_dns_name": self.balancer["DNSName"],
            "llm_gateway_balancer_port": PORT,
            "llm_gateway_vpc_link_version": version,
            "__llm_gateway_link": {"vpc_link": {"id": link_id}},
            **variables,
        }
        rendered = render("llm_gateway", {"template": "openapi.yml.j2", "variables": given})
        self.document = yaml.safe_load(rendered)
        self.client.put_rest_api(
            restApiId=self.api_id, mode="overwrite", failOnWarnings=True, body=json.dumps(self.document).encode()
        )


def wanted_methods(document: dict[str, t.Any]) -> dict[tuple[str, str], dict[str, t.Any]]:
    """By path and method, what a document asks for in the words of GetResources."""
    return {
        (path, verb.upper()): {
            "key": bool(operation.get("security")),
            "validated": "x-amazon-apigateway-request-validator" in operation,
            "parameters": {
                f"method.request.{each['in']}.{each['name']}": each["required"]
                for each in operation.get("parameters", [])
            },
            "integration": _integration(operation["x-amazon-apigateway-integration"]),
        }
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    }


def found_methods(client: t.Any, api_id: str) -> dict[tuple[str, str], dict[str, t.Any]]:
    """The same, read back."""
    resources = client.get_resources(restApiId=api_id, embed=["methods"], limit=500)["items"]
    return {
        (resource["path"], verb): {
            "key": method["apiKeyRequired"],
            "validated": "requestValidatorId" in method,
            "parameters": method.get("requestParameters", {}),
            "integration": _integration(method["methodIntegration"]),
        }
        for resource in resources
        for verb, method in resource.get("resourceMethods", {}).items()
    }


_COMPARED = (
    *("uri", "httpMethod", "connectionType", "connectionId", "integrationTarget", "timeoutInMillis"),
    *("responseTransferMode", "requestParameters", "requestTemplates"),
)
_DEFAULTS = {"timeoutInMillis": 29000, "responseTransferMode": "BUFFERED", "requestParameters": {}}


def _integration(said: dict[str, t.Any]) -> dict[str, t.Any]:
    found = {name: said.get(name, _DEFAULTS.get(name)) for name in _COMPARED}
    kind, passthrough = said["type"].upper(), said["passthroughBehavior"].upper()
    responses = said.get("responses") or said.get("integrationResponses") or {}
    answers = {
        each["statusCode"]: (each.get("responseParameters", {}), each.get("responseTemplates", {}))
        for each in responses.values()
    }
    return {**found, "type": kind, "passthroughBehavior": passthrough, "answers": answers}
