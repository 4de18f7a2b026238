"""Container processes: started under a supervisor, stopped as Docker stops them, swept after a crash of the lab."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from lab.compute import supervisor

log = logging.getLogger("lab.compute")

_SUPERVISOR = Path(supervisor.__file__)


class CannotStart(Exception):
    """The command could not be executed."""


class ContainerProcess:
    """A running container. Its output is a pipe that the log driver reads."""

    def __init__(self, record: Path, argv: list[str], env: dict[str, str], cwd: Path) -> None:
        record.parent.mkdir(parents=True, exist_ok=True)
        self.record = record
        # -I -S: neither the developer's Python settings nor site-packages matter to the supervisor.
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), str(record), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        assert self._supervisor.stdout is not None
        self.output: t.IO[bytes] = self._supervisor.stdout
        self.pid = self._wait_for_start()

    def _wait_for_start(self) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.record.exists():
                written = json.loads(self.record.read_text())
                if "error" in written:
                    self.wait(5)
                    self.forget()
                    raise CannotStart(str(written["error"]))
                return int(written["process"]["pid"])
            if self._supervisor.poll() is not None and not self.record.exists():
                raise CannotStart(f"the process's supervisor ended with status {self._supervisor.returncode}")
            time.sleep(0.005)
        self._supervisor.kill()
        raise CannotStart("the process's supervisor did not answer")

    def wait(self, timeout: float) -> int | None:
        """The exit code, or None while it runs."""
        try:
            return self._supervisor.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """`docker stop` signals the container's first process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL for the whole group; the supervisor then ends what had left it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def forget(self) -> None:
        self.record.unlink(missing_ok=True)
        if self._supervisor.stdin:
            with contextlib.suppress(OSError):
                self._supervisor.stdin.close()


def run_check(argv: list[str] | str, env: dict[str, str], cwd: Path, timeout: float) -> bool:
    """Run a container health check; healthy means exit status 0 in time. The group is gone afterwards."""
    try:
        check = subprocess.Popen(
            argv,
            shell=isinstance(argv, str),
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return check.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(check.pid, signal.SIGKILL)
        check.wait()


def sweep(folder: Path) -> int:
    """End the processes that a lab which crashed left behind; how many there were."""
    found = 0
    for record in sorted(folder.glob("*.json")):
        try:
            written = json.loads(record.read_text())
        except (OSError, ValueError):
            written = {}
        for role in ("process", "supervisor"):
            what = written.get(role) or {}
            # The start time proves that the number has not been given to somebody else meanwhile.
            if what.get("started") and supervisor.start_time(what["pid"]) == what["started"]:
                found += 1
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(what["pid"], signal.SIGKILL)
                log.warning("ended process %s, left behind by an earlier lab", what["pid"])
        record.unlink(missing_ok=True)
    return found
