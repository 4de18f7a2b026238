"""A service behind a network load balancer: the two planes together."""

from __future__ import annotations

import typing as t
import urllib.request

import pytest
from botocore.exceptions import ClientError

from lab.balancer.plane import BalancerPlane


class Balanced:
    """An NLB on port 8000 in the default VPC, whose target group a service can use."""

    def __init__(self, world: t.Any, delay: str = "0") -> None:
        self.world = world
        elb, ec2 = world.elbv2, world.ec2
        subnet = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
        own = ec2.create_security_group(GroupName="nlb", Description="nlb", VpcId=subnet["VpcId"])["GroupId"]
        answer = elb.create_load_balancer(
            Name="nlb", Type="network", Scheme="internal", Subnets=[subnet["SubnetId"]], SecurityGroups=[own]
        )
        self.balancer = answer["LoadBalancers"][0]["LoadBalancerArn"]
        answer = elb.create_target_group(
            Name="tg",
            Protocol="TCP",
            Port=8000,
            VpcId=subnet["VpcId"],
            TargetType="instance",
            HealthCheckProtocol="HTTP",
            HealthCheckPath="/",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=3,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )
        self.group = answer["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=self.group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}],
        )
        hosts = ec2.describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
        )["SecurityGroups"][0]["GroupId"]
        permission = {
            "IpProtocol": "tcp",
            "FromPort": 8000,
            "ToPort": 8000,
            "UserIdGroupPairs": [{"GroupId": own}],
        }
        ec2.authorize_security_group_ingress(GroupId=hosts, IpPermissions=[permission])

    def listen(self) -> None:
        self.world.elbv2.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="TCP",
            Port=8000,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )

    def serve(self, **options: t.Any) -> None:
        target = {"targetGroupArn": self.group, "containerName": "app", "containerPort": 8000}
        self.world.serve(loadBalancers=[target], **options)

    def states(self) -> list[str]:
        answer = self.world.elbv2.describe_target_health(TargetGroupArn=self.group)
        return [entry["TargetHealth"]["State"] for entry in answer["TargetHealthDescriptions"]]

    def get(self) -> str:
        url = f"http://{self.world.ctx.addresses.of(self.balancer)}:8000/"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""


@pytest.fixture
def balanced(world: t.Any) -> t.Iterator[Balanced]:
    plane = BalancerPlane()
    plane.start(world.ctx)
    try:
        yield Balanced(world)
    finally:
        plane.stop()


def test_answers_through_the_balancer_until_scaled_down(world: t.Any, balanced: Balanced) -> None:
    balanced.listen()
    world.host()
    world.define()
    balanced.serve(healthCheckGracePeriodSeconds=60)
    world.running()
    world.eventually(lambda: balanced.states() == ["healthy"])
    assert balanced.get() == "ok"
    world.eventually(lambda: "registered 1 targets in (target-group" in world.events())
    world.eventually(lambda: "has reached a steady state" in world.events())
    world.ecs.update_service(cluster="c", service="s", desiredCount=0)
    world.stopped()
    world.eventually(lambda: balanced.states() == [])
    assert "has begun draining connections on 1 tasks" in world.events()
    assert "deregistered 1 targets in (target-group" in world.events()


def test_task_whose_target_stays_unhealthy_is_replaced(world: t.Any, balanced: Balanced) -> None:
    balanced.listen()
    world.host()
    world.define()
    balanced.serve(healthCheckGracePeriodSeconds=0)
    (task,) = world.running()
    world.eventually(lambda: balanced.states() == ["healthy"])
    folder = world.ctx.home / "tasks" / task["taskArn"].rsplit("/", 1)[-1] / "app"
    (folder / "sick").touch()
    stopped = world.stopped()
    assert stopped["stoppedReason"].startswith("Task failed ELB health checks in (target-group ")
    assert f"(instance {world.container_instances()[0]['ec2InstanceId']}) (port 8000) is unhealthy" in world.events()


def test_grace_period_keeps_a_slow_starter_alive(world: t.Any, balanced: Balanced) -> None:
    balanced.listen()
    world.host()
    world.define(environment=[{"name": "PORT", "value": "8001"}])
    balanced.serve(healthCheckGracePeriodSeconds=3600)
    (task,) = world.running()
    world.eventually(lambda: balanced.states() == ["unhealthy"])
    # Several passes of the scheduler later it is still the same task.
    world.ecs.update_service(cluster="c", service="s", desiredCount=1)
    assert [each["taskArn"] for each in world.running()] == [task["taskArn"]]
    assert world.tasks("STOPPED") == []


def test_service_needs_a_target_group_with_a_balancer(world: t.Any, balanced: Balanced) -> None:
    world.ecs.create_cluster(clusterName="c")
    world.define()
    with pytest.raises(ClientError, match="does not have an associated load balancer"):
        balanced.serve()
    balanced.listen()
    balanced.serve(desired=0)
    with pytest.raises(ClientError, match="did not have a container port 9000 defined"):
        world.serve(
            name="other",
            loadBalancers=[{"targetGroupArn": balanced.group, "containerName": "app", "containerPort": 9000}],
        )
