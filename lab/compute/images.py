"""The lab's container registry: which process stands for which image.

A folder `lab/images/<name>/` with an `image.json` is an image:

    {"name": "lab/echo", "entrypoint": ["{python}", "{image}/server.py"], "command": [], "env": {"A": "b"}}

`{image}` is the folder itself, `{python}` the Python the lab runs with, `{repository}` the checkout, `{home}` the lab's
home and `{engine_home}` where the engine's environments are (a process sees another HOME). The environment variable
LAB_IMAGES names further folders (separated as in PATH) that are searched first.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from lab.engine import environment as engine

BUILT_IN = Path(__file__).resolve().parent.parent / "images"


@dataclass(frozen=True)
class ProcessImage:
    name: str
    folder: Path
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    # As a registry would tell it.
    digest: str = ""


def resolve(image: str, home: Path | None = None) -> ProcessImage | None:
    """The image of that reference; a registry in front and a tag or digest behind are not looked at."""
    wanted = repository_of(image)
    for path in _manifests():
        manifest = json.loads(path.read_text())
        name = str(manifest["name"])
        if wanted == name or wanted.endswith(f"/{name}"):
            return _load(manifest, path.parent, home or path.parent)
    return None


def all_images(home: Path) -> list[ProcessImage]:
    return [_load(json.loads(path.read_text()), path.parent, home) for path in _manifests()]


def repository_of(image: str) -> str:
    """`registry:5000/team/name:tag@sha256:…` without tag and digest."""
    name = image.split("@", 1)[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.split(':', 1)[0]}"


def _manifests() -> t.Iterator[Path]:
    extra = [Path(folder) for folder in os.environ.get("LAB_IMAGES", "").split(os.pathsep) if folder]
    for folder in [*extra, BUILT_IN]:
        if folder.is_dir():
            # Names may have a slash, so folders may be nested once.
            yield from sorted({*folder.glob("*/image.json"), *folder.glob("*/*/image.json")})


def _load(manifest: dict[str, t.Any], folder: Path, home: Path) -> ProcessImage:
    places = {
        "{image}": str(folder),
        "{python}": sys.executable,
        "{repository}": str(BUILT_IN.parent.parent),
        "{home}": str(home),
        "{engine_home}": str(engine.cache_root()),
    }

    def filled(text: str) -> str:
        # Not str.format: a command may well have braces of its own.
        for name, place in places.items():
            text = text.replace(name, place)
        return text

    return ProcessImage(
        name=str(manifest["name"]),
        folder=folder,
        entrypoint=[filled(word) for word in manifest.get("entrypoint") or []],
        command=[filled(word) for word in manifest.get("command") or []],
        env={name: filled(str(value)) for name, value in (manifest.get("env") or {}).items()},
        digest=f"sha256:{hashlib.sha256((folder / 'image.json').read_bytes()).hexdigest()}",
    )


def argv_of(image: ProcessImage, container: dict[str, t.Any]) -> list[str]:
    """Docker's rule: the definition's entryPoint replaces the image's and drops the image's command with it.

    https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
    """
    entrypoint = container.get("entryPoint")
    command = container.get("command")
    if entrypoint:
        return [*entrypoint, *(command or [])]
    return [*image.entrypoint, *(command or image.command)]
