"""Playbooks as an operator runs them, against a lab of their own with the small stand-in for the engine."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import subprocess
import sys
import typing as t
import urllib.request
from pathlib import Path

import pytest

from .conftest import ROOT

LIMIT = 300
# What only costs time here: how long the lab takes for what AWS does by and by.
_QUICK = {"LAB_SETTLE_SECONDS": "0", "LAB_BOOT_SECONDS": "0.2", "LAB_HEALTH_SPEEDUP": "20"}


@contextlib.contextmanager
def a_lab(home: Path, engine: str = "stub") -> t.Iterator[dict[str, str]]:
    """A lab as `make up` starts it; the environment points at it. The real engine is named `vllm`."""
    environment = {**os.environ, **_QUICK, "LAB_HOME": str(home), "LAB_ENGINE": engine, "PYTHONPATH": str(ROOT)}
    environment["USER"] = "tester"
    # Ansible works in the home of whoever LOGNAME, else USER, says; "tester" has none.
    environment["LOGNAME"] = getpass.getuser()
    command = [sys.executable, "-m", "lab"]
    subprocess.run([*command, "start"], env=environment, check=True, cwd=ROOT, timeout=120)
    try:
        exports = subprocess.run(
            [*command, "env"], env=environment, check=True, cwd=ROOT, timeout=60, capture_output=True, text=True
        ).stdout
        environment |= dict(re.findall(r"^export (\w+)=['\"]?([^'\"\n]*)", exports, re.MULTILINE))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            yield environment
    finally:
        subprocess.run([*command, "stop"], env=environment, check=True, cwd=ROOT, timeout=120)


class Run(t.NamedTuple):
    status: int
    output: str

    @property
    def changed(self) -> int:
        recap = re.search(r"changed=(\d+)", self.output)
        assert recap, self.output
        return int(recap[1])


def play(lab: dict[str, str], playbook: str, *arguments: str) -> Run:
    finished = subprocess.run(
        ["ansible-playbook", "-i", "inventories/local", f"playbooks/{playbook}.yml", *arguments],
        env=lab,
        cwd=ROOT,
        timeout=LIMIT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Run(finished.returncode, finished.stdout)


def writes(lab: dict[str, str]) -> list[str]:
    """The calls that change something; what the lab's own planes ask for, such as lines of a log, is not the run's, nor
    what functions do."""
    with urllib.request.urlopen(f"{lab['AWS_ENDPOINT_URL']}/_lab/calls", timeout=10) as answer:
        calls = [call["operation"] for call in json.loads(answer.read()) if call["caller"] == "client"]
    return [call for call in calls if not call.startswith(("Describe", "Get", "List", "Head", "Scan"))]


def forget_calls(lab: dict[str, str]) -> None:
    request = urllib.request.Request(f"{lab['AWS_ENDPOINT_URL']}/_lab/calls", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()
