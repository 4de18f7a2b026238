"""Where a private integration leads: VPC link, load balancer, listener, each as the AWS API describes it.

V1 links (PrivateLink in front of an NLB) and V2 links (network interfaces in the owner's subnets, with security
groups): https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html
"""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lab.context import LabContext
from lab.edge.errors import GatewayError
from lab.firewall import Verdict, allows

# Everything that a private integration's way depends on; both names under which callers may know the ELB service.
SERVICES = ("apigateway", "apigatewayv2", "elbv2", "elasticloadbalancing", "ec2")


@dataclass(frozen=True)
class PrivateTarget:
    host: str
    """The load balancer's own loopback address, where its listeners listen."""
    port: int


@dataclass(frozen=True)
class _Link:
    load_balancer_arn: str
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    private_link: bool = True


@dataclass
class VpcLinks:
    ctx: LabContext
    region: str

    def resolve(self, link_id: str, integration_target: str | None, port: int) -> PrivateTarget | GatewayError:
        """The address behind a link, or what a client is answered while there is none. Blocks on the control plane."""
        try:
            link = self._link(link_id, integration_target)
            balancer = self._balancer(link)
            self._check_listener(link.load_balancer_arn, port)
            verdict = self._verdict(link, balancer, port)
        except GatewayError as error:
            return error
        if not verdict.allowed:
            # Security groups drop packets: in AWS the client waits for the integration's timeout and gets this.
            return GatewayError("INTEGRATION_TIMEOUT", reason=f"{link.load_balancer_arn}: {verdict.reason}")
        return PrivateTarget(self.ctx.addresses.of(link.load_balancer_arn), port)

    def _link(self, link_id: str, integration_target: str | None) -> _Link:
        if integration_target:
            return self._link_v2(link_id, integration_target)
        try:
            found = self.ctx.client("apigateway", self.region).get_vpc_link(vpcLinkId=link_id)
        except ClientError as error:
            raise _not_usable(f"VPC link V1 {link_id}: {error}") from error
        if found["status"] != "AVAILABLE":
            raise _not_usable(f"VPC link V1 {link_id} is {found['status']}: {found.get('statusMessage') or '-'}")
        return _Link(found["targetArns"][0])

    def _link_v2(self, link_id: str, integration_target: str) -> _Link:
        try:
            found = self.ctx.client("apigatewayv2", self.region).get_vpc_link(VpcLinkId=link_id)
        except ClientError as error:
            raise _not_usable(f"VPC link V2 {link_id}: {error}") from error
        if found.get("VpcLinkStatus") != "AVAILABLE":
            # INACTIVE links fail too, until the traffic has brought their interfaces back, minutes later.
            state = f"{found.get('VpcLinkStatus')}: {found.get('VpcLinkStatusMessage') or '-'}"
            raise _not_usable(f"VPC link V2 {link_id} is {state}")
        return _Link(
            integration_target,
            tuple(found.get("SubnetIds") or ()),
            tuple(found.get("SecurityGroupIds") or ()),
            private_link=False,
        )

    def _balancer(self, link: _Link) -> t.Mapping[str, t.Any]:
        client = self.ctx.client("elbv2", self.region)
        try:
            found = client.describe_load_balancers(LoadBalancerArns=[link.load_balancer_arn])["LoadBalancers"][0]
        except ClientError as error:
            raise GatewayError("INTEGRATION_FAILURE", reason=f"{link.load_balancer_arn}: {error}") from error
        if found["Type"] != "network":
            reason = f"{link.load_balancer_arn} is of type {found['Type']}; the lab forwards through NLBs"
            raise GatewayError("INTEGRATION_FAILURE", reason=reason)
        if found["State"]["Code"] not in ("active", "active_impaired"):
            raise GatewayError("INTEGRATION_FAILURE", reason=f"{link.load_balancer_arn} is {found['State']['Code']}")
        return t.cast("t.Mapping[str, t.Any]", found)

    def _check_listener(self, load_balancer_arn: str, port: int) -> None:
        """The port in the integration's uri chooses the listener."""
        pages = self.ctx.client("elbv2", self.region).get_paginator("describe_listeners")
        listeners = pages.paginate(LoadBalancerArn=load_balancer_arn).search("Listeners[]")
        if not any(item.get("Port") == port for item in listeners):
            raise GatewayError("INTEGRATION_FAILURE", reason=f"{load_balancer_arn} has no listener on port {port}")

    def _verdict(self, link: _Link, balancer: t.Mapping[str, t.Any], port: int) -> Verdict:
        balancer_groups = balancer.get("SecurityGroups") or []
        if link.private_link:
            # "The default is on": traffic through PrivateLink is then checked too, and comes from addresses on API
            # Gateway's side that no rule can name.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
            if balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on") == "off":
                return Verdict(True, "inbound rules are not enforced on PrivateLink traffic")
            return allows([], None, self._groups(balancer_groups), port)
        balancer_subnets = [zone["SubnetId"] for zone in balancer.get("AvailabilityZones") or () if "SubnetId" in zone]
        return allows(
            self._groups(link.security_group_ids),
            self._address_in(link.subnet_ids),
            self._groups(balancer_groups),
            port,
            destination_ip=self._address_in(balancer_subnets),
        )

    def _groups(self, group_ids: t.Sequence[str]) -> list[t.Any]:
        if not group_ids:
            return []
        found = self.ctx.client("ec2", self.region).describe_security_groups(GroupIds=list(group_ids))
        return list(found["SecurityGroups"])

    def _address_in(self, subnet_ids: t.Sequence[str]) -> str | None:
        """An address that an interface in the first of the subnets could have."""
        if not subnet_ids:
            return None
        found = self.ctx.client("ec2", self.region).describe_subnets(SubnetIds=[subnet_ids[0]])["Subnets"][0]
        # AWS keeps the first four addresses of a subnet to itself.
        return str(ipaddress.ip_network(found["CidrBlock"])[4])


def _not_usable(reason: str) -> GatewayError:
    return GatewayError("API_CONFIGURATION_ERROR", reason=reason)
