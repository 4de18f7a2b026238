from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from lab.compute import containers

IMAGE = containers.DockerImage("team/engine:1")
DEFINITION: dict[str, t.Any] = {
    "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
    "environment": [{"name": "PLAIN", "value": "said"}],
    "command": ["/models/tiny", "--port", "8000"],
    "linuxParameters": {"sharedMemorySize": 64},
}


def test_a_definition_is_a_command_that_shows_no_value() -> None:
    env = containers.environment_of(DEFINITION, {"TOKEN": "not-to-be-seen"}, ["GPU-1"])
    assert env == {
        "PLAIN": "said",
        "TOKEN": "not-to-be-seen",
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "NVIDIA_VISIBLE_DEVICES": "GPU-1",
    }
    argv = containers.argv_of(IMAGE, DEFINITION, "ecs-1-vllm", "127.0.0.9", env, Path("/home/lab"))
    assert argv[:2] == ["docker", "run"] and argv[-4:] == ["team/engine:1", "/models/tiny", "--port", "8000"]
    assert "127.0.0.9:8000:8000/tcp" in argv and "64m" in argv
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--env"] == sorted(env)
    assert not {"said", "not-to-be-seen"} & set(argv)


def test_an_entry_point_takes_the_place_of_the_images() -> None:
    definition = {"entryPoint": ["python3", "-m"], "command": ["http.server"]}
    argv = containers.argv_of(IMAGE, definition, "n", "127.0.0.9", [], Path("/h"))
    assert argv[-5:] == ["--entrypoint", "python3", "team/engine:1", "-m", "http.server"]


@pytest.mark.parametrize(
    ("command", "executed"),
    [
        (["NONE"], None),
        (["CMD", "true"], ["docker", "exec", "n", "true"]),
        (["CMD-SHELL", "exit 0 || exit 1"], ["docker", "exec", "n", "/bin/sh", "-c", "exit 0 || exit 1"]),
        (["curl", "http://localhost"], ["docker", "exec", "n", "curl", "http://localhost"]),
    ],
)
def test_a_health_check_is_executed_in_the_container(command: list[str], executed: list[str] | None) -> None:
    assert containers.inside("n", command) == executed


def test_nothing_is_a_container_unless_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAB_RUNTIME", raising=False)
    assert containers.resolve("team/engine:1") is None
    assert containers.sweep(tmp_path) == 0
