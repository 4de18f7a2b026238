"""Which Python the engine's environment is built with, and whether pip can have the CPU build of torch for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

SUITED_VERSIONS = ("3.11", "3.12", "3.13")
_PROBE_SECONDS = 30
_PIP_SECONDS = 300


class EngineUnavailable(Exception):
    """The engine cannot be had on this machine; the message says why and what to do."""


def version_of(python: str) -> str | None:
    """`3.11` for an interpreter that runs and can make virtual environments, else None."""
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", probe], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = answer.stdout.strip()
    return version if answer.returncode == 0 and re.fullmatch(r"\d+\.\d+", version) else None


def candidates() -> t.Iterator[str]:
    """The running interpreter first, then what PATH names, the older version first: it has the most wheels."""
    yield sys.executable
    for version in SUITED_VERSIONS:
        found = shutil.which(f"python{version}")
        if found:
            yield found


def find_pythons() -> list[tuple[str, str]]:
    """Every suited interpreter as (path, version), one for each version, best first."""
    suited: dict[str, str] = {}
    for python in candidates():
        version = version_of(python)
        if version in SUITED_VERSIONS and version not in suited:
            suited[version] = python
    return [(python, version) for version, python in suited.items()]


def pip_environ() -> dict[str, str]:
    """The caller's environment, less what would turn byte-code off: the first start would never get faster."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def index_arguments() -> list[str]:
    """The further index that the environment variable names; pip's own configuration stays in force beside it."""
    url = os.environ.get("TORCH_INDEX_URL")
    return ["--extra-index-url", url] if url else []


def pinned(requirements: Path, name: str) -> str:
    """`torch==2.13.0+cpu`, as the requirements file pins it."""
    for line in requirements.read_text().splitlines():
        if line.startswith(f"{name}=="):
            return line.split(";")[0].strip()
    raise LookupError(f"{requirements} does not pin {name}")


def can_have(python: str, requirement: str) -> tuple[bool, str]:
    """Whether pip's configured sources hold this requirement for this interpreter, and pip's own words if not."""
    command = [python, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", *index_arguments(), requirement]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False, env=pip_environ()
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        return False, str(failure)
    errors = [line for line in answer.stderr.splitlines() if line.startswith("ERROR")]
    return answer.returncode == 0, "\n".join(errors) or answer.stderr.strip()


def choose(torch_requirement: str, pythons: list[tuple[str, str]] | None = None) -> tuple[str, str]:
    """The interpreter to build with; raises EngineUnavailable, having started and written nothing."""
    suited = find_pythons() if pythons is None else pythons
    if not suited:
        raise EngineUnavailable(
            f"vLLM needs Python {', '.join(SUITED_VERSIONS)} with the venv module, and none was found: this is Python "
            f"{sys.version_info.major}.{sys.version_info.minor}, and PATH has no other.\n{_way_out()}"
        )
    refusals = []
    for python, version in suited:
        ok, said = can_have(python, torch_requirement)
        if ok:
            return python, version
        refusals.append(f"  Python {version} ({python}): {said.splitlines()[-1] if said else 'pip said nothing'}")
    sources = "pip's configured sources"
    if os.environ.get("TORCH_INDEX_URL"):
        sources += " and the index that TORCH_INDEX_URL names"
    raise EngineUnavailable(
        f"vLLM on the CPU needs {torch_requirement}, and {sources} have no wheel of it:\n"
        + "\n".join(refusals)
        + f"\n{_way_out()}"
    )


def _way_out() -> str:
    return (
        "What to do: set TORCH_INDEX_URL to a package index with CPU builds of torch and run this again; "
        "or set LAB_ENGINE=stub to run the small stand-in instead of a real vLLM."
    )
