"""From task definition to process: image, command, environment, ports, health check."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

from lab.compute import images, launch
from lab.compute.health import command_of


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "echo"
    folder.mkdir()
    manifest = {
        "name": "team/echo",
        "entrypoint": ["{python}", "{image}/run.py"],
        "command": ["--default"],
        "env": {"A": "1"},
    }
    (folder / "image.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("LAB_IMAGES", str(tmp_path))
    return folder


@pytest.mark.parametrize(
    "reference",
    [
        "team/echo",
        "team/echo:1.2",
        "registry:5000/team/echo",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/echo:1@sha256:00",
    ],
)
def test_tag_digest_and_registry_do_not_matter(registry: Path, reference: str) -> None:
    image = images.resolve(reference)
    assert image is not None
    assert image.entrypoint == [sys.executable, f"{registry}/run.py"]


def test_other_names_are_not_there(registry: Path) -> None:
    assert images.resolve("echo") is None
    assert images.resolve("steam/echo") is None
    assert images.resolve("team/echo/x") is None


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, ["entry", "--default"]),
        ({"command": ["x"]}, ["entry", "x"]),
        ({"entryPoint": ["sh", "-c"]}, ["sh", "-c"]),
        ({"entryPoint": ["sh", "-c"], "command": ["x y"]}, ["sh", "-c", "x y"]),
    ],
)
def test_command_line_as_docker_builds_it(container: dict[str, t.Any], expected: list[str]) -> None:
    image = images.ProcessImage("i", Path("/"), entrypoint=["entry"], command=["--default"])
    assert images.argv_of(image, container) == expected


def test_environment_is_layered_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    image = images.ProcessImage("i", Path("/"), env={"A": "image", "B": "image", "C": "image"})
    definition = {"environment": [{"name": "B", "value": "task"}, {"name": "C", "value": "task"}]}
    env = launch.environment_of(image, definition, {"C": "secret"}, ["GPU-1"], "127.1.1.1", Path("/h"), Path("/m"))
    assert (env["A"], env["B"], env["C"]) == ("image", "task", "secret")
    assert (env["HOME"], env["LAB_BIND_ADDRESS"], env["NVIDIA_VISIBLE_DEVICES"]) == ("/h", "127.1.1.1", "GPU-1")
    assert "AWS_SECRET_ACCESS_KEY" not in env


@pytest.mark.parametrize(
    ("mode", "mapping", "limited"),
    [
        ("bridge", {"containerPort": 8000, "hostPort": 8000}, False),
        ("bridge", {"containerPort": 8000, "hostPort": 80}, True),
        ("bridge", {"containerPort": 8000}, True),
        ("host", {"containerPort": 8000}, False),
        ("host", {"containerPort": 8000, "hostPort": 0}, False),
        ("awsvpc", {"containerPort": 8000}, True),
    ],
)
def test_limits_of_the_lab(mode: str, mapping: dict[str, int], limited: bool) -> None:
    definition = {"networkMode": mode, "containerDefinitions": [{"name": "a", "portMappings": [mapping]}]}
    assert bool(launch.lab_limits(definition)) is limited


def test_overrides_change_one_container() -> None:
    definition = {"name": "a", "command": ["x"], "environment": [{"name": "A", "value": "1"}]}
    override = {"name": "a", "command": ["y"], "environment": [{"name": "B", "value": "2"}]}
    merged = launch.overridden(definition, {"containerOverrides": [override]})
    assert merged["command"] == ["y"]
    assert merged["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert launch.overridden({**definition, "name": "b"}, {"containerOverrides": [override]})["command"] == ["x"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["NONE"], None),
        (["CMD", "curl", "http://localhost:8000/health"], ["curl", "http://127.9.9.9:8000/health"]),
        (["CMD-SHELL", "curl -f 127.0.0.1:8000 || exit 1"], "curl -f 127.9.9.9:8000 || exit 1"),
        (["CMD", "ping", "localhost.example"], ["ping", "localhost.example"]),
    ],
)
def test_localhost_of_a_container_is_its_host_here(command: list[str], expected: t.Any) -> None:
    assert command_of(command, "127.9.9.9") == expected
