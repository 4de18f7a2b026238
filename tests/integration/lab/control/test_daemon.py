"""The lab as a daemon: started once, found again, recovered after a crash, stopped with all it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from helpers import eventually

ROOT = Path(__file__).resolve().parents[4]


class Daemon:
    """`python -m lab` with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LAB_HOME": str(self.home), "LAB_PLANES": "control", **more}
        return subprocess.run(
            [sys.executable, "-m", "lab", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    @property
    def state(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads((self.home / "lab.json").read_text())
        return found


@pytest.fixture
def daemon(tmp_path: Path) -> t.Iterator[Daemon]:
    made = Daemon(tmp_path / "home")
    yield made
    made("stop")


def exports(text: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in text.splitlines() if line.startswith("export ")]
    return dict(line.split("=", 1) for line in lines)


def test_it_starts_once_is_found_and_stops(daemon: Daemon) -> None:
    assert daemon("status").returncode == 3
    assert daemon("env").returncode == 1
    started = daemon("start")
    assert started.returncode == 0, started.stderr
    assert daemon.state["endpoint_url"] in started.stdout
    pid = daemon.state["pid"]
    again = daemon("start")
    assert again.returncode == 0
    assert f"pid {pid}" in again.stdout
    assert daemon("serve").returncode == 3
    values = exports(daemon("env").stdout)
    assert "LLM_API_KEY" not in values
    client = boto3.client(
        "sts",
        endpoint_url=values["AWS_ENDPOINT_URL"],
        region_name=values["AWS_REGION"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
    )
    assert client.get_caller_identity()["Account"] == "123456789012"
    assert daemon("stop").returncode == 0
    assert daemon("status").returncode == 3
    assert not (daemon.home / "lab.json").exists()
    assert daemon("stop").returncode == 0
    with pytest.raises(EndpointConnectionError):
        client.get_caller_identity()


def test_it_comes_back_after_a_crash(daemon: Daemon) -> None:
    assert daemon("start").returncode == 0
    pid = daemon.state["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: daemon("status").returncode, lambda code: code == 3)
    assert (daemon.home / "lab.json").exists()
    assert daemon("start").returncode == 0
    assert daemon.state["pid"] != pid


def test_a_lab_that_cannot_start_says_why(daemon: Daemon) -> None:
    failed = daemon("start", LAB_PLANES="control,warp-drive")
    assert failed.returncode == 1
    assert "warp-drive" in failed.stderr
    assert daemon("status").returncode == 3
