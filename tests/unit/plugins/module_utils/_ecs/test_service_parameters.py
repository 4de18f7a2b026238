from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ecs import capacity, service
from ansible_collections.central.llm.plugins.module_utils._ecs.transformations import container_instance, why_stopped

ARN = "arn:aws:ecs:eu-central-1:123456789012:task-definition/engine:7"
NOTHING = dict.fromkeys(
    [
        "desired_count",
        "task_definition",
        "launch_type",
        "capacity_provider_strategy",
        "health_check_grace_period_seconds",
        "availability_zone_rebalancing",
        "placement_constraints",
        "placement_strategy",
        "enable_execute_command",
        "propagate_tags",
        "load_balancers",
        "deployment_configuration",
    ]
)


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        (ARN, True),
        ("engine:7", True),
        ("engine:8", False),
        ("engine:70", False),
        ("gine:7", False),
        ("engine", False),
        (ARN.replace("eu-central-1", "us-east-1"), False),
    ],
)
def test_same_revision(asked: str, same: bool) -> None:
    assert service.same_revision(asked, ARN) is same


def test_only_what_is_given_is_wanted() -> None:
    assert service.wanted(NOTHING, service.DEFAULTS) == {}


def test_a_part_of_the_deployment_configuration_leaves_the_rest() -> None:
    options = {**NOTHING, "deployment_configuration": {"maximum_percent": 150, "circuit_breaker": {"enable": True}}}
    assert service.wanted(options, service.DEFAULTS)["deployment_configuration"] == {
        "maximum_percent": 150,
        "minimum_healthy_percent": 100,
        "circuit_breaker": {"enable": True, "rollback": False},
    }


def test_what_we_do_not_manage_goes_along() -> None:
    alarms = {"alarmNames": ["errors"], "rollback": True, "enable": True}
    breaker = {"enable": False, "rollback": False, "resetOnHealthyTask": False}
    found = {"deploymentConfiguration": {"alarms": alarms, "deploymentCircuitBreaker": breaker, "maximumPercent": 200}}
    options = {**NOTHING, "deployment_configuration": {"maximum_percent": 150}}
    request = service.parameters(service.wanted(options, service.DEFAULTS), found)
    assert request == {
        "deploymentConfiguration": {
            "alarms": alarms,
            "deploymentCircuitBreaker": breaker,
            "maximumPercent": 150,
            "minimumHealthyPercent": 100,
        }
    }


@pytest.mark.parametrize(
    ("field", "meant"), [("MEMORY", "memory"), ("Cpu", "cpu"), ("host", "instanceId"), ("attribute:ecs.Zone", None)]
)
def test_fields_have_more_than_one_spelling(field: str, meant: str | None) -> None:
    assert service.placement_strategy([{"type": "spread", "field": field}])[0]["field"] == (meant or field)


def test_a_deployment_must_be_able_to_begin() -> None:
    options = {**NOTHING, "deployment_configuration": {"maximum_percent": 100}}
    with pytest.raises(InvalidInput, match="minimum_healthy_percent"):
        service.validate(options, service.wanted(options, service.DEFAULTS))
    options["deployment_configuration"]["minimum_healthy_percent"] = 0
    service.validate(options, service.wanted(options, service.DEFAULTS))


def provider(name: str, weight: int = 1, base: int = 0) -> dict[str, t.Any]:
    return {"capacity_provider": name, "weight": weight, "base": base}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ([provider("a"), provider("a")], "more than once"),
        ([provider("a", weight=1001)], "0 to 1000"),
        ([provider("a", base=1), provider("b", base=1)], "only one"),
        ([provider("a", weight=0)], "above 0"),
    ],
)
def test_a_strategy_that_aws_would_refuse(strategy: list[dict[str, t.Any]], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        service.validate({**NOTHING, "capacity_provider_strategy": strategy}, {})


def test_capacity_providers_and_launch_type_take_each_others_place() -> None:
    strategy = service.wanted({**NOTHING, "capacity_provider_strategy": [provider("b"), provider("a")]}, {})
    assert [one["capacity_provider"] for one in strategy["capacity_provider_strategy"]] == ["a", "b"]
    assert service.defaults(strategy)["launch_type"] == "" and service.defaults({})["launch_type"] == "EC2"
    assert service.parameters({"capacity_provider_strategy": []}, {"serviceName": "engine"}) == {
        "capacityProviderStrategy": []
    }
    sent = service.parameters(strategy)["capacityProviderStrategy"]
    assert capacity.strategy(sent) == strategy["capacity_provider_strategy"]


def test_a_count_is_not_negative() -> None:
    with pytest.raises(InvalidInput, match="desired_count"):
        service.validate({**NOTHING, "desired_count": -1}, {})


def test_why_a_task_stopped() -> None:
    task: dict[str, t.Any] = {
        "taskArn": "arn:aws:ecs:eu-central-1:123456789012:task/cluster/0cf5",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "vllm", "exitCode": 137, "reason": "OutOfMemoryError"}, {"name": "sidecar"}],
    }
    line = "0cf5: Essential container in task exited; vllm: exit code 137, OutOfMemoryError"
    assert why_stopped(task) == line


def test_gpus_are_counted() -> None:
    resources = [
        {"name": "CPU", "type": "INTEGER", "integerValue": 8192},
        {"name": "GPU", "type": "STRINGSET", "stringSetValue": ["GPU-1", "GPU-2"]},
    ]
    assert container_instance({"containerInstanceArn": "a", "registeredResources": resources})["registered_gpus"] == 2
    assert container_instance({"containerInstanceArn": "a"})["registered_gpus"] == 0
