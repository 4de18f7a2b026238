"""AWS's answer means what was registered; anything changed means something else."""

from __future__ import annotations

import copy
import typing as t

import botocore.session
import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ecs import task_definition
from hypothesis import given, settings
from hypothesis import strategies as st

Document = dict[str, t.Any]

MODEL = botocore.session.get_session().get_service_model("ecs")
SHAPE = MODEL.operation_model("RegisterTaskDefinition").input_shape

words = st.text("abcdefgh-", min_size=1, max_size=6)
ports = st.integers(1, 65535)
sizes = st.integers(1, 4096)


def named(**fields: st.SearchStrategy[t.Any]) -> st.SearchStrategy[list[Document]]:
    """Lists whose items have names of their own."""
    items = st.fixed_dictionaries({"name": words, **fields})
    return st.lists(items, max_size=3, unique_by=lambda item: item["name"])


port_mappings = st.fixed_dictionaries(
    {"containerPort": ports}, optional={"hostPort": st.integers(0, 65535), "protocol": st.sampled_from(["tcp", "udp"])}
)
health_checks = st.fixed_dictionaries(
    {"command": st.lists(words, min_size=1, max_size=3)},
    optional={
        "interval": st.integers(5, 300),
        "timeout": st.integers(2, 120),
        "retries": st.integers(1, 10),
        "startPeriod": st.integers(0, 300),
    },
)
container_fields: dict[str, st.SearchStrategy[t.Any]] = {
    "cpu": st.integers(0, 4096),
    "memoryReservation": sizes,
    "essential": st.booleans(),
    "command": st.lists(words, max_size=3),
    "environment": named(value=words),
    "secrets": named(valueFrom=words),
    "portMappings": st.lists(port_mappings, max_size=3),
    "mountPoints": st.lists(
        st.fixed_dictionaries({"sourceVolume": words, "containerPath": words}, optional={"readOnly": st.booleans()}),
        max_size=2,
    ),
    "healthCheck": health_checks,
    "linuxParameters": st.fixed_dictionaries({}, optional={"sharedMemorySize": sizes}),
    "resourceRequirements": st.lists(
        st.fixed_dictionaries({"type": st.just("GPU"), "value": st.just("1")}), max_size=1
    ),
    "logConfiguration": st.fixed_dictionaries(
        {"logDriver": st.just("awslogs"), "options": st.dictionaries(words, words, max_size=2)}
    ),
    "dockerLabels": st.dictionaries(st.sampled_from(["cpu", "protocol", "interval"]), st.sampled_from(["0", "tcp"])),
    "stopTimeout": sizes,
}
containers = st.fixed_dictionaries({"name": words, "image": words}, optional=container_fields)
documents = st.fixed_dictionaries(
    {"containerDefinitions": st.lists(containers, min_size=1, max_size=3, unique_by=lambda one: one["name"])},
    optional={
        "networkMode": st.sampled_from(["bridge", "host", "awsvpc"]),
        "cpu": st.sampled_from(["1024", "1 vCPU", "0.5 vcpu", "256"]),
        "memory": st.sampled_from(["2048", "2 GB", "512"]),
        "taskRoleArn": words,
        "volumes": named(host=st.fixed_dictionaries({}, optional={"sourcePath": words})),
        "requiresCompatibilities": st.lists(st.sampled_from(["EC2", "EXTERNAL"]), unique=True),
        "ipcMode": st.sampled_from(["host", "task"]),
    },
)


def as_aws_answers(document: Document, shuffled: t.Callable[[list[t.Any]], list[t.Any]]) -> Document:
    """The document as DescribeTaskDefinition tells it: filled in, computed and in an order of its own."""
    answer = copy.deepcopy(document)
    answer.setdefault("networkMode", "bridge")
    answer.setdefault("volumes", [])
    answer.setdefault("placementConstraints", [])
    plain = {"1 vCPU": "1024", "0.5 vcpu": "512", "2 GB": "2048"}
    answer |= {size: plain.get(answer[size], answer[size]) for size in ("cpu", "memory") if size in answer}
    for volume in answer["volumes"]:
        volume.setdefault("host", {})
    for container in answer["containerDefinitions"]:
        container.setdefault("cpu", 0)
        container.setdefault("essential", True)
        for empty in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
            container.setdefault(empty, [])
        for reordered in {"environment", "secrets"} & container.keys():
            container[reordered] = shuffled(container[reordered])
        for mapping in container["portMappings"]:
            mapping.setdefault("protocol", "tcp")
            if not mapping.get("hostPort"):
                mapping["hostPort"] = 0 if answer["networkMode"] == "bridge" else mapping["containerPort"]
        if "healthCheck" in container:
            container["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **container["healthCheck"]}
    answer["containerDefinitions"] = shuffled(answer["containerDefinitions"])
    return {
        **answer,
        "taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/engine:7",
        "family": "engine",
        "revision": 7,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.21"}],
        "compatibilities": ["EXTERNAL", "EC2"],
        "registeredAt": "2026-11-23T09:00:00Z",
        "tags": [{"key": "foreign", "value": "yes"}],
    }


def leaves(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def changed(value: t.Any) -> t.Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}x"


@settings(deadline=None)
@given(documents, st.data())
def test_the_answer_means_what_was_registered(document: Document, data: st.DataObject) -> None:
    answer = as_aws_answers(document, lambda items: data.draw(st.permutations(items)))
    assert task_definition.same(document, answer, SHAPE)
    assert task_definition.same(answer, document, SHAPE)


@settings(deadline=None)
@given(documents, st.data())
def test_anything_changed_means_something_else(document: Document, data: st.DataObject) -> None:
    answer = as_aws_answers(document, list)
    # What the reduced document still says is what counts; a size is said in another spelling there.
    said = task_definition.meaning(document, SHAPE)
    *way, last = data.draw(st.sampled_from(sorted(leaves(said), key=repr)))
    place = said
    for step in way:
        place = place[step]
    place[last] = changed(place[last])
    assert not task_definition.same(said, answer, SHAPE)


@settings(deadline=None)
@given(documents)
def test_reducing_twice_is_reducing_once(document: Document) -> None:
    once = task_definition.meaning(document, SHAPE)
    assert task_definition.meaning(once, SHAPE) == once


@settings(deadline=None)
@given(documents, st.sampled_from(["cpu", "memoryReservation", "command", "environment", "image", "portMappings"]))
def test_what_is_left_out_counts(document: Document, field: str) -> None:
    first = document["containerDefinitions"][0]
    without = {**document, "containerDefinitions": [{k: v for k, v in first.items() if k != field}]}
    whole = {**document, "containerDefinitions": [first]}
    said = field in task_definition.meaning(whole, SHAPE)["containerDefinitions"][0]
    assert task_definition.same(whole, without, SHAPE) is not said


NOFILE = {"name": "nofile", "softLimit": 9, "hardLimit": 9}


def container(**fields: t.Any) -> dict[str, t.Any]:
    return {"containers": [{"name": "vllm", "image": "engine:1", **fields}]}


def test_labels_are_no_fields() -> None:
    labelled = task_definition.document(container(dockerLabels={"essential": "true"}), SHAPE)
    assert not task_definition.same(labelled, task_definition.document(container(), SHAPE), SHAPE)


def test_a_fixed_host_port_counts_on_a_bridge_only() -> None:
    fixed = container(portMappings=[{"containerPort": 8000, "hostPort": 8000}])
    dynamic = container(portMappings=[{"containerPort": 8000}])
    for mode, equal in (("bridge", False), ("host", True), ("awsvpc", True)):
        one, other = (task_definition.document({**each, "network_mode": mode}, SHAPE) for each in (fixed, dynamic))
        assert task_definition.same(one, other, SHAPE) is equal


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"environment": [{"name": "PORT", "value": 8000}]}, {"environment": [{"name": "PORT", "value": "8000"}]}),
        ({"cpu": "256"}, {"cpu": 256}),
        ({"portMappings": [{"containerPort": "8000"}]}, {"portMappings": [{"containerPort": 8000}]}),
        ({"ulimits": [{"name": "nofile", "softLimit": "9", "hardLimit": 9}]}, {"ulimits": [NOFILE]}),
        ({"dockerLabels": {"n": 1}}, {"dockerLabels": {"n": "1"}}),
        ({"user": None}, {}),
    ],
)
def test_templates_confuse_numbers_and_strings(written: dict[str, t.Any], meant: dict[str, t.Any]) -> None:
    assert task_definition.document(container(**written), SHAPE) == task_definition.document(container(**meant), SHAPE)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"port_mappings": []}, "port_mappings"),
        ({"cpu": "many"}, "cpu"),
        ({"essential": "perhaps"}, "essential"),
        ({"environment": {"PORT": "8000"}}, "environment"),
        ({"environment": [{"name": "DEBUG", "value": True}]}, "value"),
        ({"logConfiguration": {"options": {}}}, "logDriver"),
    ],
)
def test_what_aws_would_not_take_is_named(wrong: dict[str, t.Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        task_definition.document(container(**wrong), SHAPE)
