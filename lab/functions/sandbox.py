"""One execution environment: a process with the function's code, environment and credentials, used again while warm."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
import zipfile
from dataclasses import dataclass
from pathlib import Path

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# Of the lab's own environment, what a process needs to start at all.
_KEPT = ("PATH", "LANG")


@dataclass(frozen=True)
class Outcome:
    payload: str
    # The kind of error: Unhandled, or nothing.
    error: str
    lines: list[str]
    seconds: float


class Sandbox:
    def __init__(self, home: Path, code: bytes, handler: str, environment: dict[str, str]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="function-", dir=home))
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(self._folder)
        self.uses = 0
        reader, writer = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_BOOTSTRAP), handler, str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writer],
            cwd=self._folder,
            start_new_session=True,
            env={**{name: os.environ[name] for name in _KEPT if name in os.environ}, **environment},
        )
        os.close(writer)
        self._channel = reader
        self._rest = b""

    def run(self, payload: str, request_id: str, arn: str, seconds: float, now: float) -> Outcome:
        """One event; after an outcome with an error that ended the process, `alive` is false."""
        self.uses += 1
        started = time.monotonic()
        lines: list[str] = []

        def ended(kind: str, message: str) -> Outcome:
            self.close()
            text = json.dumps({"errorType": kind, "errorMessage": message})
            return Outcome(text, "Unhandled", lines, time.monotonic() - started)

        event = {"payload": payload, "request_id": request_id, "arn": arn, "seconds": seconds, "now": now}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(event).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return ended("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited")
        while True:
            message = self._message(started + seconds)
            if message is None:
                when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
                lines.append(f"{when}.000Z {request_id} Task timed out after {seconds:.2f} seconds")
                return ended(
                    "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
                )
            if not message:
                status = self._process.wait(timeout=5)
                reason = f"exit status {status}" if status >= 0 else f"signal {-status}"
                return ended("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {reason}")
            if "log" in message:
                lines.append(message["log"])
            elif "error" in message:
                error = message["error"]
                lines.append(
                    "\n".join([f"[ERROR] {error['errorType']}: {error['errorMessage']}", *error["stackTrace"]])
                )
                return Outcome(json.dumps(error), "Unhandled", lines, time.monotonic() - started)
            else:
                return Outcome(message["result"], "", lines, time.monotonic() - started)

    def _message(self, deadline: float) -> dict[str, t.Any] | None:
        """The next message; None when time is up, an empty one when the process is gone."""
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._channel], [], [], left)[0]:
                return None
            chunk = os.read(self._channel, 65536)
            if not chunk:
                return {}
            self._rest += chunk
        line, _newline, self._rest = self._rest.partition(b"\n")
        return t.cast("dict[str, t.Any]", json.loads(line))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            os.close(self._channel)
            self._process.wait(timeout=5)
            shutil.rmtree(self._folder, ignore_errors=True)
