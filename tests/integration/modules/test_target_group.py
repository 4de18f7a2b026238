from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network

NAME = "central-llm-nlb-tg"
HEALTH_CHECK = {
    "protocol": "HTTP",
    "path": "/health",
    "interval": 10,
    "healthy_threshold": 2,
    "unhealthy_threshold": 3,
    "matcher": "200",
}


@pytest.fixture
def target_group(run_module: t.Any) -> t.Any:
    return run_module("target_group")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def options(network: Network) -> dict[str, t.Any]:
    return {"name": NAME, "vpc_id": network.vpc_id, "port": 8000, "tags": {"central-llm:stack": "central-llm"}}


def read_back(elbv2: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    groups = elbv2.describe_target_groups()["TargetGroups"]
    return next((group for group in groups if group["TargetGroupName"] == name), None)


def attribute(elbv2: t.Any, key: str) -> str:
    arn = read_back(elbv2)["TargetGroupArn"]
    attributes = elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return next(one["Value"] for one in attributes if one["Key"] == key)


def tags_of(elbv2: t.Any) -> dict[str, str]:
    arn = read_back(elbv2)["TargetGroupArn"]
    return {tag["Key"]: tag["Value"] for tag in elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}


def listen(lab: t.Any, elbv2: t.Any, network: Network) -> str:
    """A listener that forwards to the group; the ARN of its load balancer."""
    balancer = elbv2.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=network.subnet_ids[:1], SecurityGroups=network.group_ids
    )["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "forward", "TargetGroupArn": read_back(elbv2)["TargetGroupArn"]}
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=8000, DefaultActions=[action])
    return balancer


def test_create_with_defaults_and_create_again(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    outcome = target_group.predicted(**options)
    assert outcome.changed
    group = read_back(elbv2)
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("TCP", 8000, "instance")
    assert (group["HealthCheckProtocol"], group["HealthCheckPort"]) == ("TCP", "traffic-port")
    assert (group["HealthCheckIntervalSeconds"], group["HealthyThresholdCount"]) == (30, 5)
    assert tags_of(elbv2) == {"central-llm:stack": "central-llm"}
    again = target_group.settled(**options)
    assert again["target_group"] == outcome["target_group"]


def test_create_with_everything(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    more = {
        "health_check": HEALTH_CHECK,
        "deregistration_delay_seconds": 60,
        "connection_termination": True,
        "unhealthy_connection_termination": False,
        "preserve_client_ip": False,
        "cross_zone": "enabled",
    }
    target_group.predicted(**options, **more)
    group = read_back(elbv2)
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/health")
    assert group["Matcher"] == {"HttpCode": "200"}
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    assert attribute(elbv2, "deregistration_delay.timeout_seconds") == "60"
    assert attribute(elbv2, "deregistration_delay.connection_termination.enabled") == "true"
    assert attribute(elbv2, "target_health_state.unhealthy.connection_termination.enabled") == "false"
    assert attribute(elbv2, "preserve_client_ip.enabled") == "false"
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "true"
    target_group.settled(**options, **more)


def test_cross_zone_returns_to_the_load_balancer(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    target_group.ok(**options, cross_zone="disabled")
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "false"
    target_group.settled(name=NAME)
    outcome = target_group.predicted(name=NAME, cross_zone="use_load_balancer_configuration")
    assert outcome["diff"]["before"]["cross_zone"] == "disabled"
    assert attribute(elbv2, "load_balancing.cross_zone.enabled") == "use_load_balancer_configuration"


def test_check_mode_creates_nothing(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    assert target_group.ok(check=True, **options).changed
    assert read_back(elbv2) is None


def test_targets_by_address_do_not_see_the_client(target_group: t.Any, options: dict[str, t.Any]) -> None:
    outcome = target_group.predicted(**options, target_type="ip")
    assert outcome["target_group"]["preserve_client_ip"] is False


def test_one_option_changes_and_the_others_stay(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    target_group.ok(**options, health_check=HEALTH_CHECK, deregistration_delay_seconds=60)
    outcome = target_group.predicted(name=NAME, health_check={"interval": 15})
    assert outcome["diff"]["before"]["health_check"]["interval"] == 10
    assert outcome["diff"]["after"]["health_check"]["interval"] == 15
    group = read_back(elbv2)
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckPath"]) == (15, "/health")
    assert attribute(elbv2, "deregistration_delay.timeout_seconds") == "60"
    target_group.settled(name=NAME)


def test_the_check_turns_from_tcp_to_http_and_back(
    target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]
) -> None:
    target_group.ok(**options)
    assert target_group.predicted(name=NAME, health_check={"protocol": "HTTP"}).changed
    assert read_back(elbv2)["HealthCheckPath"] == "/"
    target_group.settled(name=NAME, health_check={"protocol": "HTTP", "path": "/", "matcher": "200-399"})
    assert target_group.ok(name=NAME, health_check={"protocol": "TCP"}).changed
    assert read_back(elbv2)["HealthCheckProtocol"] == "TCP"
    target_group.settled(name=NAME, health_check={"protocol": "TCP"})


def test_an_interrupted_creation_is_finished(
    target_group: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    faults.add("elbv2", "ModifyTargetGroupAttributes", "AccessDenied", status=403)
    message = target_group.refused(**options, deregistration_delay_seconds=60)
    assert "elasticloadbalancing:ModifyTargetGroupAttributes" in message
    assert target_group.predicted(**options, deregistration_delay_seconds=60).changed
    assert attribute(elbv2, "deregistration_delay.timeout_seconds") == "60"


@pytest.mark.parametrize("frozen", [{"port": 8001}, {"target_type": "ip"}, {"vpc_id": "vpc-0other"}])
def test_what_aws_cannot_change(
    target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any], frozen: dict[str, t.Any]
) -> None:
    target_group.ok(**options)
    message = target_group.refused(**{**options, **frozen}, deregistration_delay_seconds=60)
    assert next(iter(frozen)) in message
    assert "another name" in message
    assert attribute(elbv2, "deregistration_delay.timeout_seconds") == "300"


def test_foreign_state_is_left_alone(target_group: t.Any, elbv2: t.Any, network: Network) -> None:
    elbv2.create_target_group(
        Name=NAME,
        Protocol="TCP",
        Port=8000,
        VpcId=network.vpc_id,
        TargetType="instance",
        HealthCheckProtocol="HTTP",
        HealthCheckPath="/theirs",
        Tags=[{"Key": "foreign", "Value": "yes"}],
    )
    target_group.settled(name=NAME)
    assert target_group.predicted(name=NAME, tags={"ours": "1"}).changed
    assert tags_of(elbv2) == {"foreign": "yes", "ours": "1"}
    assert read_back(elbv2)["HealthCheckPath"] == "/theirs"
    assert target_group.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert tags_of(elbv2) == {"ours": "1"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "-tg"}, "hyphen"),
        ({"vpc_id": None}, "vpc_id"),
        ({"port": None}, "port"),
        ({"port": 65536}, "port"),
        ({"deregistration_delay_seconds": 3601}, "deregistration_delay_seconds"),
        ({"health_check": {"interval": 4}}, "health_check.interval"),
        ({"health_check": {"timeout": 121}}, "health_check.timeout"),
        ({"health_check": {"interval": 10, "timeout": 20}}, "longer than the interval"),
        ({"health_check": {"healthy_threshold": 1}}, "health_check.healthy_threshold"),
        ({"health_check": {"path": "/health"}}, "HTTP or HTTPS"),
        ({"health_check": {"protocol": "HTTP", "path": "health"}}, "health_check.path"),
        ({"health_check": {"protocol": "HTTP", "matcher": "100"}}, "health_check.matcher"),
        ({"health_check": {"port": "http"}}, "health_check.port"),
    ],
)
def test_bad_input_writes_nothing(
    target_group: t.Any, faults: t.Any, options: dict[str, t.Any], wrong: dict[str, t.Any], named: str
) -> None:
    faults.forget_calls()
    assert named in target_group.refused(**{**options, **wrong})
    assert "CreateTargetGroup" not in faults.calls()


def test_throttling_is_ridden_out(target_group: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("elbv2", "CreateTargetGroup", "Throttling", times=2)
    assert target_group.ok(**options).changed
    assert read_back(elbv2)


def test_a_group_in_use_is_not_deleted(
    target_group: t.Any, lab: t.Any, elbv2: t.Any, network: Network, options: dict[str, t.Any]
) -> None:
    target_group.ok(**options)
    balancer = listen(lab, elbv2, network)
    assert target_group.ok(name=NAME)["target_group"]["load_balancer_arns"] == [balancer]
    assert balancer in target_group.refused(name=NAME, state="absent")
    assert balancer in target_group.refused(check=True, name=NAME, state="absent")
    assert read_back(elbv2)


def test_a_deletion_outlasts_a_listener_that_is_still_letting_go(
    target_group: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    target_group.ok(**options)
    faults.add("elbv2", "DeleteTargetGroup", "ResourceInUse", times=3)
    assert target_group.ok(name=NAME, state="absent").changed
    assert read_back(elbv2) is None


def test_a_denied_deletion_names_the_missing_action(
    target_group: t.Any, elbv2: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    target_group.ok(**options)
    faults.add("elbv2", "DeleteTargetGroup", "AccessDenied", status=403)
    assert "elasticloadbalancing:DeleteTargetGroup" in target_group.refused(name=NAME, state="absent")
    assert read_back(elbv2)


def test_delete_and_delete_again(target_group: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
    target_group.ok(**options)
    assert target_group.predicted(name=NAME, state="absent").changed
    assert read_back(elbv2) is None
    target_group.settled(name=NAME, state="absent")
