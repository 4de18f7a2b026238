from __future__ import annotations

import typing as t

import pytest

NAME = "central-llm-service-cluster"


@pytest.fixture
def cluster(run_module: t.Any) -> t.Any:
    return run_module("ecs_cluster")


@pytest.fixture
def ecs(lab: t.Any) -> t.Any:
    return lab.client("ecs")


def read_back(ecs: t.Any) -> dict[str, t.Any] | None:
    found = ecs.describe_clusters(clusters=[NAME], include=["SETTINGS", "TAGS"])["clusters"]
    return next((one for one in found if one["status"] == "ACTIVE"), None)


def insights(ecs: t.Any) -> str:
    return {one["name"]: one["value"] for one in read_back(ecs)["settings"]}["containerInsights"]


def tags_of(ecs: t.Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in read_back(ecs)["tags"]}


def test_create_and_create_again(cluster: t.Any, ecs: t.Any) -> None:
    options = {
        "name": NAME,
        "settings": {"container_insights": "enabled"},
        "tags": {"central-llm:stack": "central-llm"},
    }
    outcome = cluster.predicted(**options)
    assert outcome.changed
    assert insights(ecs) == "enabled"
    assert tags_of(ecs) == {"central-llm:stack": "central-llm"}
    again = cluster.settled(**options)
    assert again["cluster"] == outcome["cluster"]
    assert again["cluster"]["arn"] == read_back(ecs)["clusterArn"]


def test_check_mode_creates_nothing(cluster: t.Any, ecs: t.Any) -> None:
    assert cluster.ok(check=True, name=NAME).changed
    assert read_back(ecs) is None


def test_a_setting_changes_and_the_tags_stay(cluster: t.Any, ecs: t.Any) -> None:
    cluster.ok(name=NAME, settings={"container_insights": "disabled"}, tags={"owner": "us"})
    outcome = cluster.predicted(name=NAME, settings={"container_insights": "enhanced"})
    assert outcome["diff"]["before"]["settings"] == {"container_insights": "disabled"}
    assert outcome["diff"]["after"]["settings"] == {"container_insights": "enhanced"}
    assert insights(ecs) == "enhanced"
    assert tags_of(ecs) == {"owner": "us"}
    cluster.settled(name=NAME)


def test_foreign_state_is_left_alone(cluster: t.Any, ecs: t.Any) -> None:
    ecs.create_cluster(
        clusterName=NAME,
        settings=[{"name": "containerInsights", "value": "enabled"}],
        tags=[{"key": "foreign", "value": "yes"}],
    )
    cluster.settled(name=NAME)
    assert cluster.predicted(name=NAME, tags={"ours": "1"}).changed
    assert tags_of(ecs) == {"foreign": "yes", "ours": "1"}
    assert insights(ecs) == "enabled"
    assert cluster.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert tags_of(ecs) == {"ours": "1"}


def test_bad_input_reaches_nobody(cluster: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "letters, digits" in cluster.refused(name="central llm")
    assert "container_insights" in cluster.refused(name=NAME, settings={"container_insights": "some"})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(cluster: t.Any, faults: t.Any) -> None:
    faults.add("ecs", "CreateCluster", "AccessDeniedException")
    message = cluster.refused(name=NAME)
    assert "ecs:CreateCluster" in message
    assert NAME in message


def test_throttling_is_ridden_out(cluster: t.Any, ecs: t.Any, faults: t.Any) -> None:
    faults.add("ecs", "CreateCluster", "ThrottlingException", times=2)
    assert cluster.ok(name=NAME).changed
    assert read_back(ecs)


def test_a_cluster_with_a_service_is_not_deleted(cluster: t.Any, ecs: t.Any) -> None:
    cluster.ok(name=NAME)
    ecs.register_task_definition(family="engine", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}])
    ecs.create_service(cluster=NAME, serviceName="service", taskDefinition="engine", desiredCount=0, launchType="EC2")
    assert "1 services" in cluster.refused(name=NAME, state="absent")
    assert "1 services" in cluster.refused(check=True, name=NAME, state="absent")
    assert read_back(ecs)


def test_delete_and_delete_again_and_create_anew(cluster: t.Any, ecs: t.Any) -> None:
    cluster.ok(name=NAME)
    assert cluster.predicted(name=NAME, state="absent").changed
    assert read_back(ecs) is None
    cluster.settled(name=NAME, state="absent")
    # What is INACTIVE is not there.
    assert cluster.predicted(name=NAME).changed
    assert read_back(ecs)


@pytest.fixture
def provider(ecs: t.Any, lab: t.Any) -> str:
    ec2, scaling = lab.client("ec2"), lab.client("autoscaling")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    data = {"ImageId": image, "InstanceType": "m5.large"}
    ec2.create_launch_template(LaunchTemplateName="hosts", LaunchTemplateData=data)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="hosts",
        LaunchTemplate={"LaunchTemplateName": "hosts"},
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{lab.region}a"],
    )
    arn = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
    ecs.create_capacity_provider(name="hosts", autoScalingGroupProvider={"autoScalingGroupArn": arn})
    return "hosts"


def test_capacity_providers(cluster: t.Any, ecs: t.Any, provider: str, faults: t.Any) -> None:
    cluster.ok(name=NAME, tags={"team": "ml"})
    wanted = {
        "name": NAME,
        "capacity_providers": [provider, "FARGATE"],
        "default_capacity_provider_strategy": [{"capacity_provider": provider, "base": 1}],
    }
    outcome = cluster.predicted(**wanted)
    assert outcome["cluster"]["capacity_providers"] == ["FARGATE", "hosts"]
    found = read_back(ecs)
    assert sorted(found["capacityProviders"]) == ["FARGATE", "hosts"]
    assert found["defaultCapacityProviderStrategy"] == [{"capacityProvider": "hosts", "weight": 1, "base": 1}]
    cluster.settled(**{**wanted, "capacity_providers": ["FARGATE", provider]})
    cluster.settled(name=NAME)
    # One of the two leaves the other as it is.
    assert cluster.predicted(name=NAME, capacity_providers=[provider]).changed
    assert read_back(ecs)["defaultCapacityProviderStrategy"] == found["defaultCapacityProviderStrategy"]
    faults.forget_calls()
    assert "none of the cluster's" in cluster.refused(name=NAME, capacity_providers=[])
    assert "PutClusterCapacityProviders" not in faults.calls()
    cluster.predicted(name=NAME, capacity_providers=[], default_capacity_provider_strategy=[])
    assert read_back(ecs)["capacityProviders"] == []


def test_a_cluster_is_made_with_its_capacity_providers(cluster: t.Any, ecs: t.Any, provider: str) -> None:
    wanted = {
        "name": NAME,
        "capacity_providers": [provider],
        "default_capacity_provider_strategy": [{"capacity_provider": provider}],
    }
    cluster.predicted(**wanted)
    assert read_back(ecs)["defaultCapacityProviderStrategy"][0]["capacityProvider"] == "hosts"
    cluster.settled(**wanted)
