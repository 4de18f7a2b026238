"""Real containers, where LAB_RUNTIME=docker asks for them and Docker has the image: what a host's agent does with it.

The process that the lab watches is Docker's own client, which hands on what the container writes, the signals that it
gets, and its exit code; so a task is started, watched and stopped here as any other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

from lab.compute.processes import ContainerProcess
from lab.engine import environment

LABEL = "central-llm.lab"
# What Docker's client itself needs; nothing of it reaches the container.
_CLIENT = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")


@dataclass(frozen=True)
class DockerImage:
    name: str


def wanted() -> bool:
    return os.environ.get("LAB_RUNTIME") == "docker"


def resolve(image: str) -> DockerImage | None:
    """The image, where containers are asked for and Docker has it: nothing is pulled."""
    if not wanted():
        return None
    asked = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    return DockerImage(image) if asked.returncode == 0 else None


def environment_of(definition: dict[str, t.Any], secrets: dict[str, str], gpu_ids: list[str]) -> dict[str, str]:
    """Definition, then secrets, then what the agent sets."""
    env = {e["name"]: str(e["value"]) for e in definition.get("environment") or []} | secrets
    env["AWS_EXECUTION_ENV"] = "AWS_ECS_EC2"
    if gpu_ids:
        env["NVIDIA_VISIBLE_DEVICES"] = ",".join(gpu_ids)
    return env


def argv_of(
    image: DockerImage, definition: dict[str, t.Any], name: str, host: str, names: t.Iterable[str], home: Path
) -> list[str]:
    """Values of the environment are the client's, so that no list of processes shows one. Pure."""
    argv = ["docker", "run", "--rm", "--pull", "never", "--name", name, "--label", f"{LABEL}={home}"]
    for mapping in definition.get("portMappings") or []:
        inside = mapping["containerPort"]
        argv += ["--publish", f"{host}:{mapping.get('hostPort') or inside}:{inside}/{mapping.get('protocol') or 'tcp'}"]
    argv += [word for each in sorted(names) for word in ("--env", each)]
    parameters = definition.get("linuxParameters") or {}
    if parameters.get("sharedMemorySize"):
        argv += ["--shm-size", f"{parameters['sharedMemorySize']}m"]
    # What an AMI would hold of models.
    argv += ["--volume", f"{home / 'models'}:/models:ro"]
    entrypoint, command = definition.get("entryPoint") or [], definition.get("command") or []
    if entrypoint:
        argv += ["--entrypoint", entrypoint[0]]
    return [*argv, image.name, *entrypoint[1:], *command]


class DockerProcess(ContainerProcess):
    """A container; its process here is Docker's client."""

    def __init__(self, record: Path, argv: list[str], env: dict[str, str], cwd: Path, name: str) -> None:
        client = {key: os.environ[key] for key in _CLIENT if key in os.environ}
        self.name = name
        super().__init__(record, argv, {**env, **client}, cwd)

    def kill(self) -> None:
        """A client that is killed leaves its container running."""
        subprocess.run(["docker", "rm", "--force", "--volumes", self.name], capture_output=True, check=False)


def start(
    image: DockerImage,
    definition: dict[str, t.Any],
    env: dict[str, str],
    name: str,
    host: str,
    home: Path,
    record: Path,
    folder: Path,
) -> DockerProcess:
    provide_models(home / "models")
    return DockerProcess(record, argv_of(image, definition, name, host, env, home), env, folder, name)


def provide_models(into: Path) -> None:
    """The lab's models, for engines that are not root."""
    engine = environment.installed()
    for name, model in (engine.models if engine else {}).items():
        if not (into / name).is_dir():
            environment.readable_copy(model, into / name)


def inside(name: str, command: list[str]) -> list[str] | None:
    """A health check as Docker executes it: in the container, where localhost is the container's. Pure."""
    kind, *words = command
    if kind == "NONE":
        return None
    if kind == "CMD-SHELL":
        words = ["/bin/sh", "-c", " ".join(words)]
    elif kind != "CMD":
        words = command
    return ["docker", "exec", name, *words]


def sweep(home: Path) -> int:
    """End the containers that a lab which crashed left behind; how many there were."""
    if not wanted() or shutil.which("docker") is None:
        return 0
    asked = ["docker", "ps", "--all", "--quiet", "--filter", f"label={LABEL}={home}"]
    found = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    if found:
        subprocess.run(["docker", "rm", "--force", "--volumes", *found], capture_output=True, check=False)
    return len(found)
