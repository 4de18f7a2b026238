"""`python -m lab`: start, stop and look at the lab of this checkout (or of LAB_HOME)."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from lab.server import Home, serve

_READY_SECONDS = 60.0
_STOP_SECONDS = 40.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("start", "start the lab in the background, unless it runs"),
        ("stop", "stop it and everything it started"),
        ("status", "say whether it runs, and where"),
        ("env", "print shell exports that point AWS clients at it"),
        ("logs", "print what it logged"),
        ("serve", "run it in the foreground"),
    ):
        commands.add_parser(name, help=what)
    command = parser.parse_args(arguments).command
    return _COMMANDS[command](Home.from_environment())


def start(home: Home) -> int:
    if home.is_running():
        state = _wait_until_ready(home, None)
        if state is None:
            return _fail(f"a lab holds {home.path} but does not become ready, see {home.log_file}")
        print(f"lab: already running (pid {state['pid']})")
        _print_parts(state)
        return 0
    home.path.mkdir(parents=True, exist_ok=True)
    print(f"lab: starting in {home.path}")
    # A session of its own: it lives on when the terminal or the Ansible run that started it ends.
    with home.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).resolve().parent.parent,
            env={**os.environ, "LAB_HOME": str(home.path)},
        )
    state = _wait_until_ready(home, process)
    if state is None:
        if process.poll() is None:
            process.terminate()
        return _fail(f"the lab did not become ready; the end of {home.log_file}:\n{_tail(home, 15)}")
    _print_parts(state)
    return 0


def _wait_until_ready(home: Home, process: subprocess.Popen[bytes] | None) -> dict[str, t.Any] | None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        state = home.state()
        if state is not None:
            return state
        # Exit status 3: another one was faster, and is about to be ready.
        if process is not None and process.poll() not in {None, 3}:
            return None
        time.sleep(0.05)
    return None


def _print_parts(state: dict[str, t.Any]) -> None:
    print(f"control: {state['endpoint_url']}")
    if state.get("edge_url"):
        print(f"edge:    {state['edge_url']}")


def stop(home: Home) -> int:
    state = _wait_until_ready(home, None) if home.is_running() else None
    if state is None:
        if home.is_running():
            return _fail(f"a lab holds {home.path} but did not say which process it is, see {home.log_file}")
        print("lab: not running")
        return 0
    print(f"lab: stopping (pid {state['pid']})")
    os.kill(state["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while home.is_running():
        if time.monotonic() > deadline:
            return _fail(f"the lab (pid {state['pid']}) did not stop within {_STOP_SECONDS:.0f} s, see {home.log_file}")
        time.sleep(0.05)
    print("lab: stopped")
    return 0


def status(home: Home) -> int:
    state = home.state()
    if state is None:
        print("lab: starting" if home.is_running() else "lab: not running")
        return 3
    print(f"lab: running (pid {state['pid']}) in {state['home']}")
    _print_parts(state)
    return 0


def env(home: Home) -> int:
    from lab.exports import lines

    state = home.state()
    if state is None:
        return _fail("the lab does not run: start it with `make up` or `python -m lab start`")
    print("\n".join(lines(state)))
    return 0


def logs(home: Home) -> int:
    print(_tail(home, 1000))
    return 0


def _tail(home: Home, count: int) -> str:
    try:
        return "\n".join(home.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log yet)"


def _fail(message: str) -> int:
    print(f"lab: {message}", file=sys.stderr)
    return 1


_COMMANDS: dict[str, t.Callable[[Home], int]] = {
    "start": start,
    "stop": stop,
    "status": status,
    "env": env,
    "logs": logs,
    "serve": serve,
}
