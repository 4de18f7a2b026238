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

from . import base, content, contents, docker, engine

WORK = content.ROOT / ".build" / "image"


class Unbuilt(Exception):
    """There is no image that does what it is for; the message says why."""


def say(line: str) -> None:
    print(f"image: {line}", flush=True)


def build(variant: str, *, asks: bool) -> dict[str, t.Any]:
    """Have the role build what is missing, and prove it; a report of what there is then."""
    WORK.mkdir(parents=True, exist_ok=True)
    engine.ensure(say)
    began = time.monotonic()
    # The one for GPUs is the role's own default.
    parent = base.ensure(WORK, say) if variant == "cpu" else ""
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        model = environment.readable_copy(_tiny_model(), Path(folder) / "tiny") if asks else ""
        found = have_built(f"central-llm/vllm-{variant}", parent, str(model))
    image = found["name"]
    size, below = docker.look_at(image)["Size"], (docker.inspect(found["base"]) or {"Size": 0})["Size"]
    report: dict[str, t.Any] = {
        "image": image,
        "id": docker.look_at(image)["Id"],
        "base": found["base"],
        "built": found["built"],
        "asked": asks,
        "seconds": round(time.monotonic() - began, 1),
        "size_mb": round(size / 1e6, 1),
        "added_mb": round((size - below) / 1e6, 2),
    }
    say(f"{image} {'built' if found['built'] else 'is there already'}; {report['added_mb']} MB on its base")
    report["contents"] = contents.report(image, WORK)
    held = report["contents"]
    say(f"{held['packages']} packages (sbom.spdx.json), newer ones of {held['outdated']} of them (outdated.txt)")
    (WORK / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def _tiny_model() -> Path:
    ready = environment.installed()
    if ready is None:
        raise Unbuilt("there is no model to prove it with: run `make engine`")
    return ready.models["tiny"]


def have_built(name: str, parent: str, model: str) -> dict[str, t.Any]:
    """What the role llm_image says of the image, which stays on this Docker."""
    result = WORK / "built.json"
    result.unlink(missing_ok=True)
    variables = {
        "llm_region": "none",
        "llm_image_push": False,
        "llm_image_repository": name,
        "llm_image_base": parent,
        "llm_image_model": model,
        "llm_image_report": str(result),
    }
    command = ["ansible", "localhost", "-m", "ansible.builtin.include_role", "-a", "name=central.llm.llm_image"]
    done = subprocess.run([*command, "-e", json.dumps(variables)], cwd=content.ROOT, check=False)
    if done.returncode:
        raise Unbuilt("the role llm_image failed, see above")
    found: dict[str, t.Any] = json.loads(result.read_text())
    return found


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
    building.add_argument("--unasked", action="store_true", help="do not start it with a model")
    commands.add_parser("pin", help="write the digest of the base image into versions.yml")
    options = parser.parse_args()
    try:
        if options.command == "pin":
            pin()
        else:
            build(options.variant, asks=options.variant == "cpu" and not options.unasked)
    except (Unbuilt, docker.Failed, engine.NoEngine) as reason:
        print(f"image: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
