"""Docker Engine: used where it answers, installed from Debian and started where it does not, asking first.

In a container or on a bare machine nothing starts services, so that it is started here; where systemd runs, it does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import typing as t
from pathlib import Path

Say = t.Callable[[str], None]

PACKAGES = ("docker.io", "iptables")
_PID_FILE = Path("/run/docker.pid")
_LOG = Path("/var/log/dockerd.log")
_START_SECONDS = 60


class NoEngine(Exception):
    """There is no engine and none can be had; the message says why and what to do."""


class Machine(t.NamedTuple):
    answers: bool
    installed: bool
    debian: bool
    root: bool
    may_install: bool
    systemd: bool


def plan(machine: Machine) -> list[str]:
    """The steps to an engine that answers: of `install` and `start`. Pure."""
    if machine.answers:
        return []
    if machine.installed and machine.root:
        return ["start"]
    if machine.installed:
        raise NoEngine("Docker Engine is installed and does not answer: start it, or join the group that may use it.")
    if not (machine.debian and machine.root):
        raise NoEngine("There is no Docker Engine, and only root on Debian can be given one here: install it yourself.")
    if not machine.may_install:
        raise NoEngine("There is no Docker Engine. Say yes where you are asked, or set CI=true, to have it installed.")
    return ["install", "start"]


def ask(question: str) -> bool:
    """Whether whoever sits there says yes; in CI, where nobody does, it was said by starting it."""
    if os.environ.get("CI"):
        return True
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def look() -> Machine:
    answers, installed = _answers(), shutil.which("dockerd") is not None
    debian, root = shutil.which("apt-get") is not None, os.geteuid() == 0
    wanted = not answers and not installed and debian and root
    packages = ", ".join(PACKAGES)
    may = wanted and ask(f"Docker Engine is not here. Install it from Debian ({packages})?")
    return Machine(answers, installed, debian, root, may, Path("/run/systemd/system").is_dir())


def ensure(say: Say) -> None:
    machine = look()
    for step in plan(machine):
        if step == "install":
            install(say)
        else:
            start(say, systemd=machine.systemd)


def install(say: Say) -> None:
    say(f"installing {' and '.join(PACKAGES)} from Debian")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    for arguments in (["update"], ["install", "--no-install-recommends", *PACKAGES]):
        _run(["apt-get", *options, *arguments], env=environment)


def start(say: Say, *, systemd: bool) -> None:
    say("starting Docker Engine")
    if systemd:
        _run(["systemctl", "start", "docker"])
    else:
        if _PID_FILE.exists() and not _is_dockerd(_PID_FILE.read_text()):
            # One that died without cleaning up keeps the next from starting.
            _PID_FILE.unlink()
        with _LOG.open("ab") as log:
            subprocess.Popen(
                ["dockerd", "--mtu", str(_mtu())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    until = time.monotonic() + _START_SECONDS
    while not _answers():
        if time.monotonic() > until:
            end = "\n".join(_LOG.read_text(errors="replace").splitlines()[-15:]) if _LOG.exists() else ""
            raise NoEngine(f"Docker Engine does not answer after {_START_SECONDS} s. {end}")
        time.sleep(0.2)


def _is_dockerd(pid: str) -> bool:
    try:
        return Path(f"/proc/{int(pid)}/exe").resolve().name == "dockerd"
    except (OSError, ValueError):
        return False


def _mtu() -> int:
    """That of the way out: larger packets would be lost on it."""
    route = subprocess.run(["ip", "-o", "route", "show", "default"], stdout=subprocess.PIPE, text=True, check=False)
    words = route.stdout.split()
    device = words[words.index("dev") + 1] if "dev" in words else "eth0"
    path = Path(f"/sys/class/net/{device}/mtu")
    return int(path.read_text()) if path.exists() else 1500


def _answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _run(command: list[str], **options: t.Any) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-15:])
        raise NoEngine(f"{' '.join(command[:2])} ended with {done.returncode}:\n{end}")


__all__ = ("Machine", "NoEngine", "ask", "ensure", "plan")
