"""Network load balancers: moto gives them an application balancer's ARN, knows no duplicate, and lets a balancer
without security groups get some later.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
"""

from __future__ import annotations

import re
import typing as t

from moto.elbv2.models import FakeLoadBalancer

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards, replaces

_NAME = re.compile(r"^(?!internal-)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$")
_ENFORCE = "enforce_security_group_inbound_rules_on_private_link_traffic"
_SHORT_TYPE = {"network": "net", "application": "app", "gateway": "gwy"}


def apply() -> None:
    # moto activates a balancer when somebody looks; here time does.
    FakeLoadBalancer.activate = lambda self: None
    replaces("elbv2", "CreateLoadBalancer")(create)
    replaces("elbv2", "SetSecurityGroups")(set_security_groups)
    replaces("elbv2", "DeleteLoadBalancer")(delete)
    guards("elbv2", "ModifyLoadBalancerAttributes")(check_attributes)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidConfigurationRequest", message)


def create(call: Call, params: Params) -> Params:
    elb = backend("elbv2", call.region)
    name, kind = params["Name"], params.get("Type") or "application"
    if not _NAME.match(name):
        raise AwsError("ValidationError", f"The load balancer name '{name}' is not valid")
    subnets = [*(params.get("Subnets") or []), *(one["SubnetId"] for one in params.get("SubnetMappings") or [])]
    _check_network(call.region, subnets, params.get("SecurityGroups") or [], kind)
    wanted = {
        "kind": kind,
        "scheme": params.get("Scheme") or "internet-facing",
        "subnets": sorted(subnets),
        "groups": sorted(params.get("SecurityGroups") or []),
        "address_type": params.get("IpAddressType") or "ipv4",
    }
    same = next((known for known in elb.load_balancers.values() if known.name == name), None)
    if same is not None:
        if same.lab_settings != wanted:
            raise AwsError(
                "DuplicateLoadBalancerName",
                f"A load balancer with the same name '{name}' exists, but with different settings",
            )
        return {"LoadBalancers": [shown(same)]}
    balancer = elb.create_load_balancer(
        name=name,
        security_groups=list(params.get("SecurityGroups") or []),
        subnet_ids=subnets,
        scheme=wanted["scheme"],
        loadbalancer_type=kind,
        ip_address_type=wanted["address_type"],
    )
    balancer.lab_settings = wanted
    _rename(elb, balancer, call.region)
    elb.tagging_service.tag_resource(balancer.arn, params.get("Tags") or [])
    if kind == "network" and balancer.security_groups:
        setattr(balancer, _ENFORCE, "on")
    current.later("elbv2", lambda: setattr(balancer, "state", "active"))
    return {"LoadBalancers": [shown(balancer)]}


def _rename(elb: t.Any, balancer: t.Any, region: str) -> None:
    """`loadbalancer/net/...` and the DNS name that goes with the kind."""
    del elb.load_balancers[balancer.arn]
    short = _SHORT_TYPE[balancer.type]
    balancer.arn = balancer.arn.replace(":loadbalancer/app/", f":loadbalancer/{short}/")
    elb.load_balancers[balancer.arn] = balancer
    unique = balancer.arn.rsplit("/", 1)[-1]
    if balancer.type == "network":
        balancer.dns_name = f"{balancer.name}-{unique}.elb.{region}.amazonaws.com"
    else:
        prefix = "internal-" if balancer.scheme == "internal" else ""
        balancer.dns_name = f"{prefix}{balancer.name}-{int(unique, 16) % 10**10}.{region}.elb.amazonaws.com"


def shown(balancer: t.Any) -> Params:
    answer: Params = {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": balancer.canonical_hosted_zone_id,
        "CreatedTime": balancer.created_time,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc_id,
        "State": {"Code": balancer.state},
        "Type": balancer.type,
        "AvailabilityZones": [
            {"ZoneName": subnet.availability_zone, "SubnetId": subnet.id} for subnet in balancer.subnets
        ],
        "SecurityGroups": list(balancer.security_groups),
        "IpAddressType": balancer.ip_address_type,
    }
    if hasattr(balancer, _ENFORCE):
        answer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = getattr(balancer, _ENFORCE)
    return answer


def _check_network(region: str, subnet_ids: list[str], group_ids: list[str], kind: str) -> None:
    ec2 = backend("ec2", region)
    known = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    if not subnet_ids:
        raise AwsError("ValidationError", "You must specify either subnets or subnet mappings")
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            raise AwsError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
    zones = [known[subnet_id].availability_zone for subnet_id in subnet_ids]
    if len(set(zones)) != len(zones):
        raise _invalid("A load balancer cannot be attached to multiple subnets in the same Availability Zone")
    if kind == "application" and len(zones) < 2:
        raise AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    vpcs = {known[subnet_id].vpc_id for subnet_id in subnet_ids}
    if len(vpcs) > 1:
        raise _invalid("All subnets must belong to the same VPC")
    _check_groups(ec2, group_ids, vpcs.pop())


def _check_groups(ec2: t.Any, group_ids: list[str], vpc_id: str) -> None:
    for group_id in group_ids:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise AwsError("InvalidSecurityGroup", f"The security group '{group_id}' does not exist")
        if group.vpc_id != vpc_id:
            raise _invalid(f"The security group '{group_id}' does not belong to VPC '{vpc_id}'")


def find(elb: t.Any, arn: str) -> t.Any:
    if arn not in elb.load_balancers:
        raise AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return elb.load_balancers[arn]


def set_security_groups(call: Call, params: Params) -> Params:
    balancer = find(backend("elbv2", call.region), params["LoadBalancerArn"])
    if balancer.type == "network" and not balancer.security_groups:
        raise _invalid("You cannot associate security groups with a Network Load Balancer that was created without any")
    groups = list(params.get("SecurityGroups") or [])
    if not groups:
        raise _invalid("You must specify at least one security group")
    _check_groups(backend("ec2", call.region), groups, balancer.vpc_id)
    enforce = params.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    if enforce is not None:
        if balancer.type != "network":
            raise _invalid("Enforcement of inbound rules on PrivateLink traffic is for Network Load Balancers")
        setattr(balancer, _ENFORCE, enforce)
    balancer.security_groups = groups
    answer: Params = {"SecurityGroupIds": groups}
    if hasattr(balancer, _ENFORCE):
        answer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = getattr(balancer, _ENFORCE)
    return answer


def check_attributes(call: Call, params: Params) -> None:
    find(backend("elbv2", call.region), params["LoadBalancerArn"])


def delete(call: Call, params: Params) -> Params:
    """Its listeners go with it, and the target groups behind them are free again."""
    elb = backend("elbv2", call.region)
    arn = params["LoadBalancerArn"]
    balancer = elb.load_balancers.get(arn)
    if balancer is None:
        # Deleting what is not there succeeds.
        return {}
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for group in elb.target_groups.values():
        group.load_balancer_arns = [known for known in group.load_balancer_arns if known != arn]
    del elb.load_balancers[arn]
    return {}
