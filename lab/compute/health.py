"""Container health checks, executed as Docker executes them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""

from __future__ import annotations

import re
import threading
import time
import typing as t
from pathlib import Path

from lab.compute.model import Container
from lab.compute.processes import run_check

_LOCALHOST = re.compile(r"(?<![\w.-])(localhost|127\.0\.0\.1)(?![\w.-])")


def command_of(command: list[str], host: str) -> list[str] | str | None:
    """`CMD a b` as it is, `CMD-SHELL x` for a shell, None for `NONE`.

    Inside a container localhost is the container; here it would be everybody, so it becomes the host's address.
    """
    kind, *words = command
    if kind == "NONE":
        return None
    here = [_LOCALHOST.sub(host, word) for word in words]
    if kind == "CMD-SHELL":
        return " ".join(here)
    return here if kind == "CMD" else [_LOCALHOST.sub(host, word) for word in command]


class HealthCheck(threading.Thread):
    """Keeps `container.health_status` what the command says."""

    def __init__(
        self,
        container: Container,
        command: list[str] | str,
        settings: dict[str, t.Any],
        env: dict[str, str],
        cwd: Path,
        speedup: float,
    ) -> None:
        super().__init__(name=f"health-{container.name}", daemon=True)
        self._container = container
        self._command = command
        self._env = env
        self._cwd = cwd
        self._interval = float(settings.get("interval") or 30) / speedup
        self._timeout = float(settings.get("timeout") or 5)
        self._retries = int(settings.get("retries") or 3)
        self._start_period = float(settings.get("startPeriod") or 0)
        self._stopped = threading.Event()

    @classmethod
    def of(
        cls,
        definition: dict[str, t.Any],
        container: Container,
        env: dict[str, str],
        cwd: Path,
        command: list[str] | str | None,
        speedup: float,
    ) -> HealthCheck | None:
        """Of a command as it is executed here; None for no check."""
        if command is None:
            return None
        return cls(container, command, definition.get("healthCheck") or {}, env, cwd, speedup)

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        begun = time.monotonic()
        failures = 0
        while not self._stopped.wait(self._interval):
            healthy = run_check(self._command, self._env, self._cwd, self._timeout)
            if self._stopped.is_set():
                return
            if healthy:
                failures = 0
                self._container.health_status = "HEALTHY"
            elif time.monotonic() - begun > self._start_period or self._container.health_status == "HEALTHY":
                # Failures within the start period do not count, unless a check has succeeded before.
                failures += 1
                if failures >= self._retries:
                    self._container.health_status = "UNHEALTHY"
