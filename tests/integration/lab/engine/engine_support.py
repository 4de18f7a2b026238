"""A process image that runs: how to ask it, how to wait for it, how to end it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

STOP_SECONDS = 60


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    address: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, self.port, timeout=120)
        try:
            connection.request(method, path, body, {"content-type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, path: str, body: t.Any, **headers: str) -> tuple[int, t.Any]:
        status, content = self.request("POST", path, json.dumps(body).encode(), **headers)
        return status, json.loads(content)

    def wait_until_healthy(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            try:
                if self.request("GET", "/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"not healthy within {seconds} s:\n{self.log.read_text()[-4000:]}")

    def wait_for_line(self, text: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text():
            if time.monotonic() > deadline:
                pytest.fail(f"{text!r} not said within {seconds} s:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


Start = t.Callable[..., Running]


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
