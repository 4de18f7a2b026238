from __future__ import annotations

import typing as t

import pytest

from lab.compute.model import Instance, Service
from lab.compute.placement import (
    RESERVED_PORTS,
    Capacity,
    Requirements,
    Room,
    capacity_of,
    requirements_of,
    unable_to_place,
)
from lab.compute.scheduler import member_of
from lab.compute.services import breaker_threshold, throttle_delay
from lab.compute.views import instance_view, service_view


def definition(**container: t.Any) -> dict[str, t.Any]:
    return {"containerDefinitions": [{"name": "a", **container}]}


def test_requirements_come_from_containers_or_the_task() -> None:
    gpu = [{"type": "GPU", "value": "2"}]
    one = definition(cpu=512, memory=2048, memoryReservation=1024, resourceRequirements=gpu)
    assert requirements_of(one) == Requirements(512, 1024, 2, ())
    assert requirements_of({**one, "cpu": "1024", "memory": "4096"}) == Requirements(1024, 4096, 2, ())


def test_ports_depend_on_the_network_mode() -> None:
    mapped = definition(memory=1, portMappings=[{"containerPort": 8000}, {"containerPort": 9, "hostPort": 9000}])
    assert requirements_of({**mapped, "networkMode": "bridge"}).ports == (9000,)
    assert requirements_of({**mapped, "networkMode": "host"}).ports == (8000, 9000)


@pytest.mark.parametrize(
    ("need", "refusal"),
    [
        (Requirements(1024, 1024, 1, (8000,)), None),
        (Requirements(1025, 0), "RESOURCE:CPU"),
        (Requirements(0, 1025), "RESOURCE:MEMORY"),
        (Requirements(gpus=2), "RESOURCE:GPU"),
        (Requirements(ports=(22,)), "RESOURCE:PORTS"),
    ],
)
def test_room(need: Requirements, refusal: str | None) -> None:
    assert Room(1024, 1024, ["GPU-1"], set(RESERVED_PORTS)).refusal(need) == refusal


def test_capacity_is_less_than_nominal_and_gpus_need_support() -> None:
    kind = {
        "VCpuInfo": {"DefaultVCpus": 8},
        "MemoryInfo": {"SizeInMiB": 65536},
        "GpuInfo": {"Gpus": [{"Count": 1}]},
    }
    with_gpu = capacity_of(kind, "i-1", {"ECS_RESERVED_MEMORY": "1000"}, gpu=True)
    assert with_gpu.cpu == 8192
    assert with_gpu.memory == int(65536 * 0.97) - 1000
    assert len(with_gpu.gpu_ids) == 1
    # The same card is the same id at every look.
    assert with_gpu == capacity_of(kind, "i-1", {"ECS_RESERVED_MEMORY": "1000"}, gpu=True)
    assert capacity_of(kind, "i-1", {}, gpu=False).gpu_ids == ()


def test_events_name_the_closest_instance() -> None:
    assert "Reason: No Container Instances were found in your cluster." in unable_to_place("s", {})
    text = unable_to_place("s", {"abc": "RESOURCE:CPU"})
    assert "The closest matching (container-instance abc) has insufficient CPU units available." in text


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("attribute:ecs.instance-type == g6e.2xlarge", True),
        ("attribute:ecs.instance-type != g6e.2xlarge", False),
        ("attribute:ecs.instance-type =~ g6e.*", True),
        ("attribute:ecs.instance-type in [t3.micro, g6e.2xlarge]", True),
        ("attribute:stack exists", False),
        ("task:group == databaseGroup", False),
    ],
)
def test_member_of(expression: str, holds: bool) -> None:
    assert member_of(expression, {"ecs.instance-type": "g6e.2xlarge"}) is holds


def test_throttle_grows_to_its_limit() -> None:
    delays = [throttle_delay(failures) for failures in range(1, 20)]
    assert delays == sorted(delays)
    assert delays[:2] == [1.0, 1.0]
    assert delays[-1] == 27 * 60


def test_breaker_threshold_stays_within_its_bounds() -> None:
    assert [breaker_threshold(n) for n in (0, 1, 10, 1000)] == [3, 3, 5, 200]


def test_instance_resources_are_in_the_apis_shape() -> None:
    instance = Instance(
        "id", "arn", "r", "c", "i-1", "za", Capacity(1024, 900, ("GPU-1",)), None, {"a": None, "b": "1"}
    )
    view = instance_view(instance, [])
    assert {r["name"]: r["type"] for r in view["registeredResources"]} == {
        "CPU": "INTEGER",
        "MEMORY": "INTEGER",
        "PORTS": "STRINGSET",
        "PORTS_UDP": "STRINGSET",
        "GPU": "STRINGSET",
    }
    assert view["attributes"] == [{"name": "a"}, {"name": "b", "value": "1"}]


def test_service_view_has_its_settings() -> None:
    service = Service("s", "arn", "r", "c", "ca", 1, "td", {"enableExecuteCommand": True})
    assert service_view(service)["enableExecuteCommand"] is True
