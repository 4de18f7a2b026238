"""Network load balancers, listeners, target groups and the health that the balancer reports."""

from __future__ import annotations

import typing as t

import pytest
from helpers import eventually, refused

from lab.context import LabContext
from lab.moto_gaps import elbv2_target_health


@pytest.fixture
def elb(lab: LabContext) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def place(lab: LabContext) -> dict[str, str]:
    """A subnet, its VPC and a group in it."""
    ec2 = lab.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="nlb", Description="d", VpcId=subnet["VpcId"])
    return {"subnet": subnet["SubnetId"], "vpc": subnet["VpcId"], "group": group["GroupId"]}


def create(elb: t.Any, place: dict[str, str], **more: t.Any) -> dict[str, t.Any]:
    wanted = {"Name": "nlb", "Type": "network", "Scheme": "internal", "Subnets": [place["subnet"]], **more}
    found: dict[str, t.Any] = elb.create_load_balancer(**wanted)["LoadBalancers"][0]
    return found


def target_group(elb: t.Any, place: dict[str, str], **more: t.Any) -> str:
    wanted = {"Name": "tg", "Protocol": "TCP", "Port": 8000, "VpcId": place["vpc"], "TargetType": "ip", **more}
    return str(elb.create_target_group(**wanted)["TargetGroups"][0]["TargetGroupArn"])


def listener(elb: t.Any, balancer: str, group: str, port: int = 8000) -> str:
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    answer = elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=port, DefaultActions=actions)
    return str(answer["Listeners"][0]["ListenerArn"])


def test_a_network_balancer_becomes_active(elb: t.Any, place: dict[str, str]) -> None:
    made = create(elb, place, SecurityGroups=[place["group"]], Tags=[{"Key": "a", "Value": "b"}])
    assert ":loadbalancer/net/nlb/" in made["LoadBalancerArn"]
    assert made["State"]["Code"] == "provisioning"
    assert made["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    active = eventually(
        lambda: elb.describe_load_balancers(Names=["nlb"])["LoadBalancers"][0],
        lambda one: one["State"]["Code"] == "active",
    )
    assert active["SecurityGroups"] == [place["group"]]
    tags = elb.describe_tags(ResourceArns=[made["LoadBalancerArn"]])["TagDescriptions"][0]["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_a_name_is_there_once(elb: t.Any, place: dict[str, str]) -> None:
    made = create(elb, place, SecurityGroups=[place["group"]])
    again = create(elb, place, SecurityGroups=[place["group"]])
    assert again["LoadBalancerArn"] == made["LoadBalancerArn"]
    other = {"Name": "nlb", "Type": "network", "Scheme": "internal", "Subnets": [place["subnet"]]}
    assert refused(elb.create_load_balancer, **other) == "DuplicateLoadBalancerName"
    group = target_group(elb, place)
    assert target_group(elb, place) == group
    clash = {"Name": "tg", "Protocol": "TCP", "Port": 9000, "VpcId": place["vpc"], "TargetType": "ip"}
    assert refused(elb.create_target_group, **clash) == "DuplicateTargetGroupName"


def test_security_groups_come_at_creation_or_never(elb: t.Any, place: dict[str, str]) -> None:
    bare = create(elb, place, Name="bare")["LoadBalancerArn"]
    groups = [place["group"]]
    code = refused(elb.set_security_groups, LoadBalancerArn=bare, SecurityGroups=groups)
    assert code == "InvalidConfigurationRequest"
    guarded = create(elb, place, SecurityGroups=groups)["LoadBalancerArn"]
    enforce = {"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off"}
    elb.set_security_groups(LoadBalancerArn=guarded, SecurityGroups=groups, **enforce)
    shown = elb.describe_load_balancers(LoadBalancerArns=[guarded])["LoadBalancers"][0]
    assert shown["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Subnets": ["subnet-0123456789abcdef0"]}, "SubnetNotFound"),
        ({"SecurityGroups": ["sg-0123456789abcdef0"]}, "InvalidSecurityGroup"),
        ({"Name": "internal-nlb"}, "ValidationError"),
        ({"Name": "x" * 33}, "ValidationError"),
    ],
)
def test_what_a_balancer_cannot_be(elb: t.Any, place: dict[str, str], more: dict[str, t.Any], code: str) -> None:
    wanted = {"Name": "nlb", "Type": "network", "Scheme": "internal", "Subnets": [place["subnet"]], **more}
    assert refused(elb.create_load_balancer, **wanted) == code


def test_a_port_has_one_listener_and_a_group_one_balancer(elb: t.Any, place: dict[str, str]) -> None:
    first, second = create(elb, place)["LoadBalancerArn"], create(elb, place, Name="second")["LoadBalancerArn"]
    group = target_group(elb, place)
    made = listener(elb, first, group)
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    wanted = {"Protocol": "TCP", "Port": 8000, "DefaultActions": actions}
    assert refused(elb.create_listener, LoadBalancerArn=first, **wanted) == "DuplicateListener"
    assert refused(elb.create_listener, LoadBalancerArn=second, **wanted) == "TargetGroupAssociationLimit"
    unknown = [{"Type": "forward", "TargetGroupArn": f"{group}0"}]
    code = refused(elb.create_listener, LoadBalancerArn=first, Protocol="TCP", Port=1, DefaultActions=unknown)
    assert code == "TargetGroupNotFound"
    assert refused(elb.delete_target_group, TargetGroupArn=group) == "ResourceInUse"
    elb.delete_listener(ListenerArn=made)
    assert elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"] == []
    elb.delete_target_group(TargetGroupArn=group)


def test_a_deleted_balancer_is_gone_with_its_listeners(elb: t.Any, place: dict[str, str]) -> None:
    arn = create(elb, place)["LoadBalancerArn"]
    group = target_group(elb, place)
    listener(elb, arn, group)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert refused(elb.describe_load_balancers, LoadBalancerArns=[arn]) == "LoadBalancerNotFound"
    elb.delete_target_group(TargetGroupArn=group)


def test_attributes_have_defaults_and_bounds(elb: t.Any, place: dict[str, str]) -> None:
    group = target_group(elb, place)
    made = listener(elb, create(elb, place)["LoadBalancerArn"], group)

    def read(answer: t.Any) -> dict[str, str]:
        return {one["Key"]: one["Value"] for one in answer["Attributes"]}

    idle = "tcp.idle_timeout.seconds"
    assert read(elb.describe_listener_attributes(ListenerArn=made)) == {idle: "350"}
    elb.modify_listener_attributes(ListenerArn=made, Attributes=[{"Key": idle, "Value": "960"}])
    assert read(elb.describe_listener_attributes(ListenerArn=made)) == {idle: "960"}
    wrong = [{"Key": idle, "Value": "59"}]
    assert refused(elb.modify_listener_attributes, ListenerArn=made, Attributes=wrong) == "ValidationError"
    delay, client_ip = "deregistration_delay.timeout_seconds", "preserve_client_ip.enabled"
    defaults = read(elb.describe_target_group_attributes(TargetGroupArn=group))
    assert (defaults[delay], defaults[client_ip]) == ("300", "false")
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": delay, "Value": "30"}])
    assert read(elb.describe_target_group_attributes(TargetGroupArn=group))[delay] == "30"
    for key, value in ((delay, "3601"), ("load_balancing.algorithm.type", "round_robin")):
        with pytest.raises(elb.exceptions.ClientError):
            elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": key, "Value": value}])


def test_health_is_what_the_balancer_reports(elb: t.Any, place: dict[str, str]) -> None:
    group = target_group(elb, place)
    target = {"Id": "10.0.0.1", "Port": 8000}

    def states() -> list[str]:
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in found]

    assert states() == []
    elb.register_targets(TargetGroupArn=group, Targets=[target])
    assert states() == ["unused"]
    listener(elb, create(elb, place)["LoadBalancerArn"], group)
    assert states() == ["initial"]
    elbv2_target_health.report(group, {("10.0.0.1", 8000): ("unhealthy", "Target.Timeout", "Request timed out")})
    shown = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"][0]["TargetHealth"]
    assert shown == {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    elbv2_target_health.report(group, {("10.0.0.1", 8000): ("healthy", "", "")})
    assert states() == ["healthy"]
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}])
    eventually(states, lambda seen: seen == [])
    assert refused(elb.deregister_targets, TargetGroupArn=group, Targets=[target]) == "InvalidTarget"
    elb.register_targets(TargetGroupArn=group, Targets=[target])
    assert states() == ["initial"]
