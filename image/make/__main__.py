"""`python -m image.make build|pin`: the engine's image; see image/README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from lab.engine import environment

from . import base, content, contents, docker, engine, prove

WORK = content.ROOT / ".build" / "image"


def say(line: str) -> None:
    print(f"image: {line}", flush=True)


def build(variant: str, *, proves: bool) -> dict[str, t.Any]:
    """Build what is missing, and prove it; a report of what there is then."""
    WORK.mkdir(parents=True, exist_ok=True)
    pinned = content.Versions.read().pinned if variant == "cuda" else ""
    engine.ensure(say)
    began = time.monotonic()
    parent = pinned or base.ensure(WORK, say)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        wheel = content.build_wheel(Path(folder))
        made_of = content.content_of(content.HERE / "Dockerfile", parent, wheel)
        image = f"central-llm/vllm-{variant}:{made_of}"
        there = docker.inspect(image)
        if there is None:
            version = wheel.name.split("-")[1]
            arguments = {"BASE_IMAGE": parent, "CONTENT": made_of, "VERSION": version}
            docker.build(Path(folder), content.HERE / "Dockerfile", image, arguments, say)
    found, below = docker.look_at(image), docker.inspect(parent) or {"Size": 0}
    report: dict[str, t.Any] = {
        "image": image,
        "id": found["Id"],
        "base": parent,
        "built": there is None,
        "build_seconds": round(time.monotonic() - began, 1),
        "size_mb": round(found["Size"] / 1e6, 1),
        "added_mb": round((found["Size"] - below["Size"]) / 1e6, 2),
    }
    say(f"{image} {'built' if there is None else 'is there already'}; {report['added_mb']} MB on its base")
    if proves:
        ready = environment.installed()
        if ready is None:
            raise prove.Unproven("there is no model to prove it with: run `make engine`")
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            model = environment.readable_copy(ready.models["tiny"], Path(folder) / "tiny")
            report["proof"] = prove.prove(image, model, say)
    report["contents"] = contents.report(image, WORK)
    held = report["contents"]
    say(f"{held['packages']} packages (sbom.spdx.json), newer ones of {held['outdated']} of them (outdated.txt)")
    (WORK / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def pin() -> None:
    """Ask the registry which image the tag is now, through Docker's own client."""
    path = content.HERE / "versions.yml"
    versions = content.Versions.read(path)
    name = f"{versions.base}:{versions.tag}"
    command = ["docker", "buildx", "imagetools", "inspect", name, "--format", "{{json .Manifest}}"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode:
        raise docker.Failed(f"the registry does not tell of {name}: {asked.stderr.strip()[-500:]}")
    digest = json.loads(asked.stdout)["digest"]
    path.write_text(content.with_digest(path.read_text(), digest))
    say(f"{name} is {digest}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m image.make", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build the image, and prove it")
    building.add_argument("--variant", choices=("cpu", "cuda"), default="cpu")
    building.add_argument("--no-proof", action="store_true", help="only build it")
    commands.add_parser("pin", help="write the digest of the base image into versions.yml")
    options = parser.parse_args()
    try:
        if options.command == "pin":
            pin()
        else:
            build(options.variant, proves=options.variant == "cpu" and not options.no_proof)
    except (content.NotPinned, docker.Failed, engine.NoEngine, prove.Unproven) as reason:
        print(f"image: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
