"""Docker's command line, as much of it as an image needs."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

Say = t.Callable[[str], None]


class Failed(Exception):
    """A command of Docker failed; the message has its last words."""


def run(*arguments: str, stdin: t.IO[bytes] | None = None) -> str:
    done = subprocess.run(["docker", *arguments], stdin=stdin or subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise Failed(
            f"docker {arguments[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
        )
    return done.stdout.decode(errors="replace").strip()


def look_at(image: str) -> dict[str, t.Any]:
    """What Docker knows of an image that is there."""
    found: list[dict[str, t.Any]] = json.loads(run("image", "inspect", image))
    return found[0]


def inspect(image: str) -> dict[str, t.Any] | None:
    """The same; None where it is not there."""
    try:
        return look_at(image)
    except Failed:
        return None


def build(folder: Path, dockerfile: Path, tag: str, arguments: t.Mapping[str, str], say: Say) -> None:
    """With the builder that every engine has; each step is said as it begins."""
    command = ["docker", "build", "--tag", tag, "--file", str(dockerfile)]
    command += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    process = subprocess.Popen(
        [*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout
    last: list[str] = []
    for line in process.stdout:
        last = [*last[-14:], line.rstrip()]
        if line.startswith("Step "):
            say(line.strip()[:100])
    if process.wait():
        raise Failed("docker build failed:\n" + "\n".join(last))


def logs(container: str) -> list[str]:
    """What it wrote, standard output and standard error."""
    done = subprocess.run(["docker", "logs", container], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace").splitlines()


__all__ = ("Failed", "build", "inspect", "logs", "look_at", "run")
