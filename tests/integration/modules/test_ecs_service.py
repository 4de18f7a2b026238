from __future__ import annotations

import typing as t

import pytest
from lab_network import make_network

CLUSTER = "central-llm-service-cluster"
NAME = "central-llm-service"
FAMILY = "engine"
KEY = {"cluster": CLUSTER, "name": NAME}


@pytest.fixture
def service(run_module: t.Any) -> t.Any:
    return run_module("ecs_service")


@pytest.fixture
def ecs(lab: t.Any) -> t.Any:
    client = lab.client("ecs")
    client.create_cluster(clusterName=CLUSTER)
    register(client)
    return client


@pytest.fixture
def options(ecs: t.Any, target_group: str) -> dict[str, t.Any]:
    return {
        **KEY,
        "task_definition": f"{FAMILY}:1",
        "load_balancers": [{"target_group_arn": target_group, "container_name": "vllm", "container_port": 8000}],
        "deployment_configuration": {"maximum_percent": 100, "minimum_healthy_percent": 0},
        "availability_zone_rebalancing": "DISABLED",
        "health_check_grace_period_seconds": 1800,
        "propagate_tags": "SERVICE",
        "tags": {"central-llm:stack": "central-llm"},
        "wait": False,
    }


@pytest.fixture
def target_group(lab: t.Any) -> str:
    elbv2, network = lab.client("elbv2"), make_network(lab)
    balancer = elbv2.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=network.subnet_ids[:1], SecurityGroups=network.group_ids
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = elbv2.create_target_group(
        Name="tg", Protocol="TCP", Port=8000, VpcId=network.vpc_id, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=8000, DefaultActions=[action])
    return group


def register(ecs: t.Any) -> None:
    container = {
        "name": "vllm",
        "image": "engine:1",
        "memory": 64,
        "portMappings": [{"containerPort": 8000, "hostPort": 8000}],
    }
    ecs.register_task_definition(family=FAMILY, containerDefinitions=[container])


def read_back(ecs: t.Any) -> dict[str, t.Any] | None:
    found = ecs.describe_services(cluster=CLUSTER, services=[NAME], include=["TAGS"])["services"]
    return next((one for one in found if one["status"] == "ACTIVE"), None)


def tags_of(ecs: t.Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in read_back(ecs)["tags"]}


def updates(faults: t.Any) -> int:
    return faults.calls().count("UpdateService")


def test_create_and_create_again(
    service: t.Any, ecs: t.Any, target_group: str, faults: t.Any, options: dict[str, t.Any]
) -> None:
    outcome = service.predicted(**options)
    assert outcome.changed
    found = read_back(ecs)
    assert (found["desiredCount"], found["launchType"]) == (0, "EC2")
    assert found["taskDefinition"].endswith(f"/{FAMILY}:1")
    assert found["loadBalancers"][0]["targetGroupArn"] == target_group
    deployment = found["deploymentConfiguration"]
    assert (deployment["maximumPercent"], deployment["minimumHealthyPercent"]) == (100, 0)
    assert found["healthCheckGracePeriodSeconds"] == 1800
    assert found["availabilityZoneRebalancing"] == "DISABLED"
    assert found["propagateTags"] == "SERVICE"
    assert tags_of(ecs) == {"central-llm:stack": "central-llm"}
    again = service.settled(**options)
    assert again["service"]["arn"] == outcome["service"]["arn"] == found["serviceArn"]
    assert updates(faults) == 0


def test_create_with_the_least(service: t.Any, ecs: t.Any) -> None:
    least = {**KEY, "task_definition": FAMILY, "wait": False}
    service.predicted(**least)
    assert read_back(ecs)["taskDefinition"].endswith(f"/{FAMILY}:1")
    service.settled(**least)


def test_capacity_providers_instead_of_a_launch_type(
    service: t.Any, ecs: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    strategy = [{"capacity_provider": "spare"}, {"capacity_provider": "hosts", "weight": 3, "base": 1}]
    service.predicted(**options, capacity_provider_strategy=strategy)
    found = read_back(ecs)
    assert not found.get("launchType")
    assert {"capacityProvider": "hosts", "weight": 3, "base": 1} in found["capacityProviderStrategy"]
    service.settled(**options, capacity_provider_strategy=strategy[::-1])
    service.settled(**options)
    faults.forget_calls()
    assert service.predicted(**KEY, capacity_provider_strategy=strategy[:1], wait=False).changed
    assert read_back(ecs)["capacityProviderStrategy"] == [{"capacityProvider": "spare", "weight": 1, "base": 0}]
    assert updates(faults) == 1
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="you must force a new deployment"):
        ecs.update_service(
            cluster=CLUSTER, service=NAME, capacityProviderStrategy=[{"capacityProvider": "hosts", "weight": 1}]
        )
    assert "runs on a capacity provider strategy" in service.refused(**options, launch_type="EC2")
    assert "leave one out" in service.refused(**options, launch_type="EC2", capacity_provider_strategy=strategy)


def test_from_a_launch_type_to_capacity_providers_and_back(
    service: t.Any, ecs: t.Any, options: dict[str, t.Any]
) -> None:
    service.ok(**options)
    asked = {**KEY, "capacity_provider_strategy": [{"capacity_provider": "spare"}], "wait": False}
    assert service.predicted(**asked)["service"]["launch_type"] == ""
    service.settled(**asked)
    assert service.predicted(**{**asked, "capacity_provider_strategy": []})["service"]["launch_type"] == "EC2"


def test_check_mode_creates_nothing(service: t.Any, ecs: t.Any, options: dict[str, t.Any]) -> None:
    assert service.ok(check=True, **options).changed
    assert read_back(ecs) is None


def test_a_count_that_is_not_given_is_left_alone(
    service: t.Any, ecs: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    service.ok(**options)
    outcome = service.predicted(**KEY, desired_count=2, wait=False)
    assert outcome["diff"]["before"]["desired_count"] == 0
    assert outcome["diff"]["after"]["desired_count"] == 2
    assert read_back(ecs)["desiredCount"] == 2
    faults.forget_calls()
    service.settled(**options)
    assert read_back(ecs)["desiredCount"] == 2
    assert updates(faults) == 0


def test_a_new_revision_is_deployed(service: t.Any, ecs: t.Any, options: dict[str, t.Any]) -> None:
    service.ok(**options)
    register(ecs)
    service.settled(**options)
    assert service.predicted(**{**options, "task_definition": FAMILY}).changed
    assert read_back(ecs)["taskDefinition"].endswith(f"/{FAMILY}:2")
    service.settled(**{**options, "task_definition": read_back(ecs)["taskDefinition"]})


@pytest.mark.parametrize(
    "change",
    [
        {"deployment_configuration": {"maximum_percent": 200}},
        {"deployment_configuration": {"circuit_breaker": {"enable": True, "rollback": True}}},
        {"health_check_grace_period_seconds": 900},
        {"availability_zone_rebalancing": "ENABLED"},
        {"enable_execute_command": True},
        {"propagate_tags": "TASK_DEFINITION"},
        {"placement_constraints": [{"type": "distinctInstance"}]},
        {"placement_strategy": [{"type": "binpack", "field": "memory"}]},
        {"load_balancers": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_one_option_changes_and_the_others_stay(
    service: t.Any, ecs: t.Any, options: dict[str, t.Any], change: dict[str, t.Any]
) -> None:
    service.ok(**options)
    before = service.ok(**KEY, wait=False)["service"]
    outcome = service.predicted(**KEY, **change, wait=False)
    assert outcome.changed
    diff = outcome["diff"]
    assert {key for key in diff["before"] if diff["before"][key] != diff["after"][key]} == set(change)
    after = service.settled(**KEY, **change, wait=False)["service"]
    managed = before.keys() - change.keys() - {"running_count", "pending_count", "deployments", "events"}
    assert {key: after[key] for key in managed} == {key: before[key] for key in managed}


def test_foreign_tags_stay_unless_purged(service: t.Any, ecs: t.Any) -> None:
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=NAME,
        taskDefinition=FAMILY,
        desiredCount=3,
        launchType="EC2",
        tags=[{"key": "foreign", "value": "yes"}],
    )
    service.settled(**KEY, wait=False)
    assert service.predicted(**KEY, tags={"ours": "1"}, wait=False).changed
    assert tags_of(ecs) == {"foreign": "yes", "ours": "1"}
    assert read_back(ecs)["desiredCount"] == 3
    assert service.predicted(**KEY, tags={"ours": "1"}, purge_tags=True, wait=False).changed
    assert tags_of(ecs) == {"ours": "1"}


def test_a_forced_deployment_is_always_a_change(service: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    service.ok(**options)
    faults.forget_calls()
    assert service.ok(**options, force_new_deployment=True).changed
    assert service.ok(check=True, **options, force_new_deployment=True).changed
    assert updates(faults) == 1


def test_the_launch_type_cannot_change(service: t.Any, ecs: t.Any, options: dict[str, t.Any]) -> None:
    service.ok(**options)
    assert "cannot change" in service.refused(**options, launch_type="EXTERNAL", desired_count=1)
    assert read_back(ecs)["desiredCount"] == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"name": "central llm"}, "letters, digits"),
        ({"task_definition": None}, "task_definition"),
        ({"task_definition": f"{FAMILY}:9"}, "no ACTIVE task definition"),
        ({"task_definition": "missing"}, "no ACTIVE task definition"),
        ({"desired_count": -1}, "desired_count"),
        ({"health_check_grace_period_seconds": -1}, "health_check_grace_period_seconds"),
        ({"deployment_configuration": {"maximum_percent": 100}}, "minimum_healthy_percent"),
    ],
)
def test_bad_input_writes_nothing(
    service: t.Any, faults: t.Any, options: dict[str, t.Any], wrong: dict[str, t.Any], named: str
) -> None:
    faults.forget_calls()
    assert named in service.refused(**{**options, **wrong})
    assert "CreateService" not in faults.calls()


def test_a_check_goes_past_what_it_would_have_registered(service: t.Any, options: dict[str, t.Any]) -> None:
    assert service.ok(check=True, **{**options, "task_definition": f"{FAMILY}:2"}).changed


def test_a_denial_names_the_missing_action(service: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("ecs", "CreateService", "AccessDeniedException")
    message = service.refused(**options)
    assert "ecs:CreateService" in message
    assert NAME in message


def test_throttling_is_ridden_out(service: t.Any, ecs: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("ecs", "CreateService", "ThrottlingException", times=2)
    assert service.ok(**options).changed
    assert read_back(ecs)


def test_a_wait_ends_when_nothing_is_left_to_run(service: t.Any, options: dict[str, t.Any]) -> None:
    assert service.ok(**{**options, "wait": True, "wait_timeout": 60}).changed


def test_a_wait_that_ends_too_soon_says_what_for(service: t.Any, options: dict[str, t.Any]) -> None:
    # Nobody runs tasks where there is no host.
    message = service.refused(**{**options, "desired_count": 1, "wait": True, "wait_timeout": 2})
    assert "Gave up waiting 2 s" in message
    assert NAME in message


def test_tasks_are_not_stopped_by_the_way(service: t.Any, ecs: t.Any, options: dict[str, t.Any]) -> None:
    service.ok(**options, desired_count=1)
    assert "force: true" in service.refused(**KEY, state="absent", wait=False)
    assert read_back(ecs)["desiredCount"] == 1
    assert service.predicted(**KEY, state="absent", force=True).changed
    assert read_back(ecs) is None


def test_a_service_is_scaled_down_before_it_goes(
    service: t.Any, ecs: t.Any, faults: t.Any, options: dict[str, t.Any]
) -> None:
    service.ok(**options, desired_count=1)
    faults.forget_calls()
    assert service.ok(**KEY, state="absent", wait_timeout=30).changed
    assert read_back(ecs) is None
    calls = faults.calls()
    assert calls.index("UpdateService") < calls.index("DeleteService")


def test_delete_and_delete_again_and_create_anew(service: t.Any, ecs: t.Any, options: dict[str, t.Any]) -> None:
    service.ok(**options)
    assert service.predicted(**KEY, state="absent").changed
    assert read_back(ecs) is None
    service.settled(**KEY, state="absent")
    # What is INACTIVE is not there.
    assert service.predicted(**options).changed
    assert read_back(ecs)


def test_without_a_cluster_there_is_no_service(service: t.Any) -> None:
    service.settled(**KEY, state="absent")
