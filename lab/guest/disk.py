"""The disks of hosts: as an ECS-optimized image leaves them, as user data made them, and as snapshots keep them."""

from __future__ import annotations

import json
import shutil
import typing as t
import uuid
from pathlib import Path

from lab.compute import images
from lab.guest import sandbox

PROGRAMS = Path(__file__).resolve().parent / "programs"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html
_FILES = {
    "etc/os-release": 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nec2-user:x:1000:1000::/home/ec2-user:/bin/bash\n",
    "etc/group": "root:x:0:\ndocker:x:990:ec2-user\nec2-user:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/ecs/ecs.config": "",
    "var/lib/ecs/ecs.config": "ECS_ENABLE_GPU_SUPPORT=true\n",
    "var/log/messages": "",
}
# What the machine and the world around it are, not its disk; the stand-ins read it.
_WORLD = Path("usr/local/lab/world.json")
_FOLDERS = (
    "etc/systemd/system",
    "etc/ssh",
    "root/.ssh",
    "home/ec2-user/.ssh",
    "var/lib/cloud/instance",
    "var/lib/docker",
    "var/lib/ecs/data",
    "var/log/ecs",
    "var/log/amazon/ssm",
    "usr/local/bin",
    "usr/local/sbin",
)


def fresh(disk: Path) -> None:
    """What an image of AWS's own has."""
    for folder in (*sandbox.FOLDERS, *_FOLDERS):
        (disk / folder).mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_text(text, encoding="utf-8")
    for program in PROGRAMS.iterdir():
        target = disk / "usr/local/bin" / program.stem
        body = program.read_text(encoding="utf-8")
        target.write_text(f"#!{sandbox.PYTHON}\n{body}" if program.suffix == ".py" else body, encoding="utf-8")
        target.chmod(0o755)


def copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    (target / "command").unlink(missing_ok=True)
    shutil.rmtree(target / _WORLD.parent, ignore_errors=True)


def boot(
    disk: Path,
    instance_id: str,
    user_data: str,
    gpus: int,
    registry: dict[str, t.Any],
    started: sandbox.Started | None = None,
) -> sandbox.Outcome:
    """The first boot of a host: it gets an identity where it has none, and its user data runs."""
    machine = disk / "etc/machine-id"
    # systemd gives an identity to a machine whose file is empty, missing, or says this.
    if not machine.exists() or machine.read_text(encoding="utf-8").strip() in ("", "uninitialized"):
        machine.write_text(f"{uuid.uuid4().hex}\n", encoding="utf-8")
    for kind in ("ed25519", "ecdsa"):
        key = disk / f"etc/ssh/ssh_host_{kind}_key"
        if not key.exists():
            key.write_text(f"a host key of {instance_id}\n", encoding="utf-8")
    (disk / "var/lib/cloud/data").mkdir(parents=True, exist_ok=True)
    (disk / "var/lib/cloud/data/instance-id").write_text(f"{instance_id}\n", encoding="utf-8")
    world(disk, gpus, registry)
    # The agent writes down who it is as soon as it has registered.
    (disk / "var/lib/ecs/data").mkdir(parents=True, exist_ok=True)
    (disk / "var/lib/ecs/data/agent.db").write_text(f"the agent of {instance_id}\n", encoding="utf-8")
    (disk / "var/log/ecs").mkdir(parents=True, exist_ok=True)
    (disk / "var/log/ecs/ecs-agent.log").write_text(f"started on {instance_id}\n", encoding="utf-8")
    return sandbox.run(disk, user_data or "exit 0", seconds=60, started=started)


def world(disk: Path, gpus: int, registry: dict[str, t.Any]) -> None:
    (disk / _WORLD).parent.mkdir(parents=True, exist_ok=True)
    (disk / _WORLD).write_text(json.dumps({"gpus": gpus, "registry": registry}), encoding="utf-8")


def registry(home: Path, *, answers: bool = True) -> dict[str, t.Any]:
    """The lab's images as a registry has them; the digest is that of what stands for the image."""
    found = {}
    for image in images.all_images(home):
        found[image.name] = {
            "digest": image.digest,
            "argv": [sandbox.as_seen_inside(word) for word in image.entrypoint],
            "command": image.command,
            "env": with_packages({name: sandbox.as_seen_inside(value) for name, value in image.env.items()}),
        }
    return {"answers": answers, "images": found}


def with_packages(environment: dict[str, str]) -> dict[str, str]:
    """What the lab's Python finds in its environment, which is not where it is in a guest."""
    paths = [path for path in (environment.get("PYTHONPATH"), sandbox.PACKAGES) if path]
    return {**environment, "PYTHONPATH": ":".join(paths)}


__all__ = ("boot", "copy", "fresh", "registry", "world")
