"""`python -m lab.engine check|install|status|path`: the real vLLM that the lab serves with."""

from __future__ import annotations

import argparse
import os
import sys
import time

from lab.engine import environment
from lab.engine.interpreter import EngineUnavailable


def say(line: str) -> None:
    print(f"engine: {line}", flush=True)


def check() -> int:
    """Can the engine be had here? Starts and writes nothing."""
    chosen = environment.preflight()
    say(f"can be built with Python {chosen[1]} ({chosen[0]})" if chosen else "the environment is installed")
    return 0


def install() -> int:
    started = time.monotonic()
    engine = environment.install(say)
    say(f"ready in {engine.home} ({time.monotonic() - started:.0f} s)")
    return 0


def status() -> int:
    engine = environment.installed()
    say(f"installed: {engine.home}" if engine else "not installed: run `python -m lab.engine install`")
    return 0 if engine else 1


def path() -> int:
    engine = environment.installed()
    if engine is None:
        print("the engine is not installed: run `python -m lab.engine install`", file=sys.stderr)
        return 1
    print(engine.home)
    return 0


COMMANDS = {"check": check, "install": install, "status": status, "path": path}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.engine", description=__doc__)
    parser.add_argument("command", choices=sorted(COMMANDS))
    command = parser.parse_args(arguments).command
    if os.environ.get("LAB_ENGINE") == "stub" and command in ("check", "install"):
        say("LAB_ENGINE=stub: the stand-in needs no environment of its own")
        return 0
    try:
        return COMMANDS[command]()
    except EngineUnavailable as reason:
        print(f"engine: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
