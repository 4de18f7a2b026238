from __future__ import annotations

import copy
import typing as t

import pytest

FAMILY = "central-llm-service"
CONTAINER: dict[str, t.Any] = {
    "name": "vllm",
    "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/central-llm:1",
    "memoryReservation": 1024,
    "portMappings": [{"containerPort": 8000, "hostPort": 8000}],
    "environment": [{"name": "PORT", "value": "8000"}, {"name": "HF_HOME", "value": "/models"}],
    "command": ["--model", "/models/tiny"],
    "resourceRequirements": [{"type": "GPU", "value": "1"}],
    "linuxParameters": {"sharedMemorySize": 1024},
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/central-llm-service"}},
}
OPTIONS: dict[str, t.Any] = {
    "family": FAMILY,
    "containers": [CONTAINER],
    "network_mode": "bridge",
    "requires_compatibilities": ["EC2"],
    "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
    "tags": {"central-llm:stack": "central-llm"},
}


@pytest.fixture
def task_definition(run_module: t.Any) -> t.Any:
    return run_module("ecs_task_definition")


@pytest.fixture
def ecs(lab: t.Any) -> t.Any:
    return lab.client("ecs")


def active(ecs: t.Any, family: str = FAMILY) -> list[str]:
    arns = ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
    return [arn.rpartition("/")[2] for arn in arns]


def read_back(ecs: t.Any, name: str = FAMILY) -> dict[str, t.Any]:
    return ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]


def tags_of(ecs: t.Any, name: str = FAMILY) -> dict[str, str]:
    tags = ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])["tags"]
    return {tag["key"]: tag["value"] for tag in tags}


def with_container(**fields: t.Any) -> dict[str, t.Any]:
    return {**copy.deepcopy(OPTIONS), "containers": [{**copy.deepcopy(CONTAINER), **fields}]}


def test_register_and_register_again(task_definition: t.Any, ecs: t.Any) -> None:
    outcome = task_definition.predicted(**OPTIONS)
    assert outcome.changed
    assert outcome["task_definition"]["revision"] == 1
    found = read_back(ecs)
    assert found["containerDefinitions"][0]["linuxParameters"] == {"sharedMemorySize": 1024}
    assert found["containerDefinitions"][0]["environment"] == CONTAINER["environment"]
    assert found["executionRoleArn"] == OPTIONS["execution_role_arn"]
    assert tags_of(ecs) == OPTIONS["tags"]
    again = task_definition.settled(**OPTIONS)
    assert again["task_definition"] == outcome["task_definition"]
    assert active(ecs) == [f"{FAMILY}:1"]


def test_check_mode_registers_nothing(task_definition: t.Any, ecs: t.Any) -> None:
    assert task_definition.ok(check=True, **OPTIONS)["task_definition"]["revision"] == 1
    assert active(ecs) == []


@pytest.mark.parametrize(
    "field",
    [
        {"image": "engine:2"},
        {"command": ["--model", "/models/large"]},
        {"environment": [{"name": "PORT", "value": "8001"}, {"name": "HF_HOME", "value": "/models"}]},
        {"environment": [{"name": "PORT", "value": "8000"}]},
        {"portMappings": [{"containerPort": 8000, "hostPort": 8001}]},
        {"essential": True, "stopTimeout": 60},
        {"healthCheck": {"command": ["CMD-SHELL", "true"]}},
    ],
)
def test_a_change_registers_a_revision(task_definition: t.Any, ecs: t.Any, field: dict[str, t.Any]) -> None:
    task_definition.ok(**OPTIONS)
    outcome = task_definition.predicted(**with_container(**field))
    assert outcome.changed
    assert active(ecs) == [f"{FAMILY}:1", f"{FAMILY}:2"]
    name, value = next(reversed(field.items()))
    assert read_back(ecs)["containerDefinitions"][0][name] == value or name == "portMappings"
    task_definition.settled(**with_container(**field))


@pytest.mark.parametrize(
    "field",
    [
        {"essential": True},
        {"cpu": 0},
        {"environment": list(reversed(CONTAINER["environment"]))},
        {"mountPoints": [], "volumesFrom": [], "systemControls": []},
        {"portMappings": [{"containerPort": "8000", "hostPort": 8000, "protocol": "tcp"}]},
    ],
)
def test_what_means_the_same_registers_nothing(task_definition: t.Any, ecs: t.Any, field: dict[str, t.Any]) -> None:
    task_definition.ok(**OPTIONS)
    task_definition.settled(**with_container(**field))
    assert active(ecs) == [f"{FAMILY}:1"]


def test_what_is_left_out_is_left_out_of_the_revision(task_definition: t.Any, ecs: t.Any) -> None:
    task_definition.ok(**OPTIONS)
    assert task_definition.predicted(**{**OPTIONS, "execution_role_arn": None}).changed
    assert "executionRoleArn" not in read_back(ecs)


def test_the_diff_shows_the_difference_alone(task_definition: t.Any) -> None:
    task_definition.ok(**OPTIONS)
    diff = task_definition.ok(**with_container(image="engine:2"))["diff"]
    differing = {key for key in diff["before"] if diff["before"][key] != diff["after"][key]}
    assert differing == {"arn", "revision", "containers"}
    before, after = (diff[side]["containers"][0] for side in ("before", "after"))
    assert {key for key in before if before[key] != after[key]} == {"image"}


def test_tags_change_without_a_revision(task_definition: t.Any, ecs: t.Any) -> None:
    task_definition.ok(**OPTIONS)
    assert task_definition.predicted(**{**OPTIONS, "tags": {"ours": "1"}}).changed
    assert tags_of(ecs) == {**OPTIONS["tags"], "ours": "1"}
    assert task_definition.predicted(**{**OPTIONS, "tags": {"ours": "1"}}, purge_tags=True).changed
    assert tags_of(ecs) == {"ours": "1"}
    assert active(ecs) == [f"{FAMILY}:1"]


def test_a_new_revision_keeps_the_tags(task_definition: t.Any, ecs: t.Any) -> None:
    task_definition.ok(**OPTIONS)
    task_definition.predicted(**{**with_container(image="engine:2"), "tags": None})
    assert tags_of(ecs, f"{FAMILY}:2") == OPTIONS["tags"]


def test_another_family_is_another_family(task_definition: t.Any, ecs: t.Any) -> None:
    task_definition.ok(**{**OPTIONS, "family": f"{FAMILY}-two"})
    assert task_definition.predicted(**OPTIONS).changed
    assert active(ecs, f"{FAMILY}-two") == [f"{FAMILY}-two:1"]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"family": "central llm"}, "letters, digits"),
        ({"containers": None}, "at least one container"),
        ({"containers": [{"image": "i"}]}, "name of its own"),
        ({"containers": [{"name": "a", "image": "i"}, {"name": "a", "image": "i"}]}, "name of its own"),
        ({"containers": [{"name": "a", "image": "i", "port_mappings": []}]}, "port_mappings"),
        ({"task_role_arn": "engine"}, "task_role_arn"),
        ({"revision": 3}, "revision"),
    ],
)
def test_bad_input_writes_nothing(task_definition: t.Any, faults: t.Any, wrong: dict[str, t.Any], named: str) -> None:
    faults.forget_calls()
    assert named in task_definition.refused(**{**OPTIONS, **wrong})
    assert named in task_definition.refused(check=True, **{**OPTIONS, **wrong})
    assert "RegisterTaskDefinition" not in faults.calls()


def test_a_denial_names_the_missing_action(task_definition: t.Any, faults: t.Any) -> None:
    faults.add("ecs", "RegisterTaskDefinition", "AccessDeniedException")
    message = task_definition.refused(**OPTIONS)
    assert "ecs:RegisterTaskDefinition" in message
    assert FAMILY in message


def test_throttling_is_ridden_out(task_definition: t.Any, ecs: t.Any, faults: t.Any) -> None:
    faults.add("ecs", "RegisterTaskDefinition", "ThrottlingException", times=2)
    assert task_definition.ok(**OPTIONS).changed
    assert active(ecs) == [f"{FAMILY}:1"]


def test_one_revision_is_deregistered(task_definition: t.Any, ecs: t.Any) -> None:
    for image in ("engine:1", "engine:2", "engine:3"):
        task_definition.ok(**with_container(image=image))
    outcome = task_definition.predicted(family=FAMILY, state="absent", revision=3)
    assert outcome["task_definition"]["revision"] == 2
    assert active(ecs) == [f"{FAMILY}:1", f"{FAMILY}:2"]
    task_definition.settled(family=FAMILY, state="absent", revision=3)
    # Numbers are not used again.
    assert task_definition.predicted(**with_container(image="engine:4"))["task_definition"]["revision"] == 4


def test_retire_the_family_and_again(task_definition: t.Any, ecs: t.Any) -> None:
    task_definition.ok(**with_container(image="engine:1"))
    task_definition.ok(**with_container(image="engine:2"))
    outcome = task_definition.predicted(family=FAMILY, state="absent")
    assert outcome.changed
    assert [arn.rpartition("/")[2] for arn in outcome["deregistered"]] == [f"{FAMILY}:2", f"{FAMILY}:1"]
    assert active(ecs) == []
    task_definition.settled(family=FAMILY, state="absent")
