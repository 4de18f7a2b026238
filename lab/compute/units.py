"""The systemd timers that a user data script installs: what they run, and how often.

A script writes files as here-documents and enables timers; that is read here, not guessed at: a timer that is not
enabled, or whose service has no program, does nothing.
"""

from __future__ import annotations

import re
import typing as t

_FILE = re.compile(r"^cat >\s*(?P<path>/\S+)\s+<<\s*'(?P<mark>\w+)'\s*$")
_ENABLE = re.compile(r"^systemctl enable (?:--now )?(?P<timer>[\w@.-]+)\.timer\b")
# https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html
_CALENDARS = {"minutely": 60.0, "hourly": 3600.0}


class Timer(t.NamedTuple):
    name: str
    seconds: float
    program: str


def timers(script: str) -> list[Timer]:
    files = written(script)
    found = []
    for line in script.splitlines():
        enabled = _ENABLE.match(line.strip())
        if not enabled:
            continue
        name = enabled["timer"]
        timer = _settings(files.get(f"/etc/systemd/system/{name}.timer", ""))
        service = _settings(files.get(f"/etc/systemd/system/{name}.service", ""))
        program = files.get(service.get("ExecStart", ""))
        seconds = _CALENDARS.get(timer.get("OnCalendar", ""))
        if program and seconds:
            found.append(Timer(name, seconds, program))
    return found


def written(script: str) -> dict[str, str]:
    """The files that a script writes whole."""
    files = {}
    lines = iter(script.splitlines())
    for line in lines:
        start = _FILE.match(line)
        if start:
            body = []
            for inner in lines:
                if inner == start["mark"]:
                    break
                body.append(inner)
            files[start["path"]] = "\n".join(body) + "\n"
    return files


def _settings(unit: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _equals, value in pairs}
