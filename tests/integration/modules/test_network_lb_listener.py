from __future__ import annotations

import typing as t

import pytest
from lab_network import Network, make_network


@pytest.fixture
def listener(run_module: t.Any) -> t.Any:
    return run_module("network_lb_listener")


@pytest.fixture
def elbv2(lab: t.Any) -> t.Any:
    return lab.client("elbv2")


@pytest.fixture
def network(lab: t.Any) -> Network:
    return make_network(lab)


@pytest.fixture
def balancer(elbv2: t.Any, network: Network) -> str:
    made = elbv2.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=network.subnet_ids[:1], SecurityGroups=network.group_ids
    )
    return made["LoadBalancers"][0]["LoadBalancerArn"]


@pytest.fixture
def groups(elbv2: t.Any, network: Network) -> list[str]:
    requests = [
        {"Name": name, "Protocol": "TCP", "Port": 8000, "VpcId": network.vpc_id, "TargetType": "instance"}
        for name in ("first", "second")
    ]
    return [elbv2.create_target_group(**request)["TargetGroups"][0]["TargetGroupArn"] for request in requests]


@pytest.fixture
def options(balancer: str, groups: list[str]) -> dict[str, t.Any]:
    return {"load_balancer_arn": balancer, "port": 8000, "target_group_arn": groups[0]}


def read_back(elbv2: t.Any, balancer: str, port: int = 8000) -> dict[str, t.Any] | None:
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return next((one for one in listeners if one["Port"] == port), None)


def idle_timeout(elbv2: t.Any, balancer: str) -> str:
    arn = read_back(elbv2, balancer)["ListenerArn"]
    attributes = elbv2.describe_listener_attributes(ListenerArn=arn)["Attributes"]
    return next(one["Value"] for one in attributes if one["Key"] == "tcp.idle_timeout.seconds")


def tags_of(elbv2: t.Any, balancer: str) -> dict[str, str]:
    arn = read_back(elbv2, balancer)["ListenerArn"]
    return {tag["Key"]: tag["Value"] for tag in elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}


def test_create_and_create_again(
    listener: t.Any, elbv2: t.Any, balancer: str, groups: list[str], options: dict[str, t.Any]
) -> None:
    options |= {"idle_timeout_seconds": 1000, "tags": {"central-llm:stack": "central-llm"}}
    outcome = listener.predicted(**options)
    assert outcome.changed
    found = read_back(elbv2, balancer)
    assert found["Protocol"] == "TCP"
    assert found["DefaultActions"][0]["TargetGroupArn"] == groups[0]
    assert idle_timeout(elbv2, balancer) == "1000"
    assert tags_of(elbv2, balancer) == {"central-llm:stack": "central-llm"}
    again = listener.settled(**options)
    assert again["listener"] == outcome["listener"]
    assert outcome["listener"]["arn"] == found["ListenerArn"]


def test_check_mode_creates_nothing(listener: t.Any, elbv2: t.Any, balancer: str, options: dict[str, t.Any]) -> None:
    assert listener.ok(check=True, **options).changed
    assert read_back(elbv2, balancer) is None


def test_another_target_group(
    listener: t.Any, elbv2: t.Any, balancer: str, groups: list[str], options: dict[str, t.Any]
) -> None:
    listener.ok(**options, idle_timeout_seconds=60)
    outcome = listener.predicted(**{**options, "target_group_arn": groups[1]})
    assert outcome["diff"]["before"]["target_group_arn"] == groups[0]
    assert outcome["diff"]["after"]["target_group_arn"] == groups[1]
    assert read_back(elbv2, balancer)["DefaultActions"][0]["TargetGroupArn"] == groups[1]
    assert idle_timeout(elbv2, balancer) == "60"


def test_only_what_is_given_is_managed(listener: t.Any, elbv2: t.Any, balancer: str, options: dict[str, t.Any]) -> None:
    action = {"Type": "forward", "TargetGroupArn": options["target_group_arn"]}
    elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="TCP",
        Port=8000,
        DefaultActions=[action],
        Tags=[{"Key": "foreign", "Value": "yes"}],
    )
    listener.settled(load_balancer_arn=balancer, port=8000)
    assert listener.predicted(load_balancer_arn=balancer, port=8000, tags={"ours": "1"}).changed
    assert tags_of(elbv2, balancer) == {"foreign": "yes", "ours": "1"}
    assert listener.predicted(load_balancer_arn=balancer, port=8000, tags={}, purge_tags=True).changed
    assert tags_of(elbv2, balancer) == {}


def test_the_port_tells_listeners_apart(
    listener: t.Any, elbv2: t.Any, balancer: str, options: dict[str, t.Any]
) -> None:
    listener.ok(**options)
    assert listener.predicted(**{**options, "port": 8001}).changed
    assert read_back(elbv2, balancer, 8000) and read_back(elbv2, balancer, 8001)


def test_an_interrupted_creation_is_finished(
    listener: t.Any, elbv2: t.Any, balancer: str, faults: t.Any, options: dict[str, t.Any]
) -> None:
    faults.add("elbv2", "ModifyListenerAttributes", "AccessDenied", status=403)
    message = listener.refused(**options, idle_timeout_seconds=1000)
    assert "elasticloadbalancing:ModifyListenerAttributes" in message
    assert listener.predicted(**options, idle_timeout_seconds=1000).changed
    assert idle_timeout(elbv2, balancer) == "1000"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"port": 0}, "port"),
        ({"idle_timeout_seconds": 59}, "idle_timeout_seconds"),
        ({"idle_timeout_seconds": 6001}, "idle_timeout_seconds"),
        ({"target_group_arn": None}, "target_group_arn"),
    ],
)
def test_bad_input_writes_nothing(
    listener: t.Any, faults: t.Any, options: dict[str, t.Any], wrong: dict[str, t.Any], named: str
) -> None:
    faults.forget_calls()
    assert named in listener.refused(**{**options, **wrong})
    assert "CreateListener" not in faults.calls()


def test_a_denial_names_the_missing_action(listener: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("elbv2", "CreateListener", "AccessDenied", status=403)
    assert "elasticloadbalancing:CreateListener" in listener.refused(**options)


def test_throttling_is_ridden_out(
    listener: t.Any, elbv2: t.Any, balancer: str, faults: t.Any, options: dict[str, t.Any]
) -> None:
    faults.add("elbv2", "CreateListener", "Throttling", times=2)
    assert listener.ok(**options).changed
    assert read_back(elbv2, balancer)


def test_delete_and_delete_again(listener: t.Any, elbv2: t.Any, balancer: str, options: dict[str, t.Any]) -> None:
    listener.ok(**options)
    assert listener.predicted(load_balancer_arn=balancer, port=8000, state="absent").changed
    assert read_back(elbv2, balancer) is None
    listener.settled(load_balancer_arn=balancer, port=8000, state="absent")


def test_without_a_load_balancer_there_is_no_listener(
    listener: t.Any, elbv2: t.Any, balancer: str, options: dict[str, t.Any]
) -> None:
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    listener.settled(load_balancer_arn=balancer, port=8000, state="absent")
    assert "there is no load balancer" in listener.refused(**options)


class TestALoadBalancerThatIsYetToBeMade:
    def test_check_mode_predicts_the_listener(self, listener: t.Any, options: dict[str, t.Any]) -> None:
        outcome = listener.ok(check=True, **{**options, "load_balancer_arn": ""})
        assert outcome.changed and outcome["diff"]["before"] == {}

    def test_a_run_needs_it(self, listener: t.Any, options: dict[str, t.Any]) -> None:
        assert "Only check mode" in listener.refused(**{**options, "load_balancer_arn": ""})

    def test_an_arn_that_leads_nowhere_is_none(self, listener: t.Any, elbv2: t.Any, options: dict[str, t.Any]) -> None:
        elbv2.delete_load_balancer(LoadBalancerArn=options["load_balancer_arn"])
        assert "there is no load balancer" in listener.refused(check=True, **options)
