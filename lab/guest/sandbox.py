"""Runs a script as root of a guest: its root is the guest's disk, and what it starts ends with it.

The namespaces of the kernel keep it there: it has this machine's programs to read, no network but its own loopback, no
other processes, and nothing to write to but the disk. What it reads of this machine is mounted read only, or it does
not start. Of what a guest has that this machine has not, `programs/` holds stand-ins.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import typing as t
from pathlib import Path

from lab.engine import environment

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY, PACKAGES = "/lab/repository", "/lab/packages"
# Python itself, without the environment that the lab runs in: a guest finds it where it is.
PYTHON = str(Path(sys.executable).resolve())
# What is the guest's own; all else of its root is read only.
FOLDERS = ("etc", "home", "opt", "root", "tmp", "usr/local", "var")
_KILLED = 124
_SETUP = """set -e
root=$1 disk=$2
shift 2
readable() {
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
}
mount -t tmpfs none "$root"
for name in dev proc run sys usr; do mkdir "$root/$name"; done
readable /usr /usr
for name in bin lib lib32 lib64 libx32 sbin; do
  if [ -L "/$name" ]; then ln -s "usr/$name" "$root/$name"
  elif [ -d "/$name" ]; then readable "/$name" "/$name"
  fi
done
for name in FOLDERS; do
  mkdir -p "$root/$name"
  mount --bind "$disk/$name" "$root/$name"
done
[ ! -d /etc/alternatives ] || readable /etc/alternatives /etc/alternatives
while [ "$1" != -- ]; do
  readable "$1" "$2"
  shift 2
done
shift
mount -t proc proc "$root/proc"
mount -t tmpfs none "$root/dev"
for name in full null random tty urandom zero; do
  : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
mount -t tmpfs none "$root/run"
ip link set lo up
cp "$disk/command" "$root/run/command"
chmod 0700 "$root/run/command"
exec chroot "$root" "$@"
""".replace("FOLDERS", " ".join(FOLDERS))


Started = t.Callable[["subprocess.Popen[str]"], None]


class Outcome(t.NamedTuple):
    code: int
    output: str
    errors: str
    timed_out: bool = False


def impossible() -> str:
    """Why this machine cannot run guests; empty where it can."""
    missing = [name for name in ("unshare", "mount", "chroot", "ip") if shutil.which(name) is None]
    if missing:
        return f"there is no {', '.join(missing)} here"
    asked = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    return asked.stderr.strip() if asked.returncode else ""


def _unshare() -> list[str]:
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    return command if os.geteuid() == 0 else [*command, "--user", "--map-root-user"]


def run(disk: Path, script: str, seconds: float, started: Started | None = None) -> Outcome:
    """Run it to its end; what it left running ends as well. `started` is told of what may have to be ended earlier."""
    root = disk.parent / f"{disk.name}.root"
    root.mkdir(exist_ok=True)
    (disk / "command").write_text(script, encoding="utf-8")
    readable = [word for source, target in places().items() for word in (str(source), target)]
    # As the agent does it: what says no interpreter is for the shell.
    shell = ["/run/command"] if script.startswith("#!") else ["/bin/sh", "/run/command"]
    process = subprocess.Popen(
        [*_unshare(), "sh", "-c", _SETUP, "sh", str(root), str(disk), *readable, "--", *shell],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    if started is not None:
        started(process)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        end(process)
        output, errors = process.communicate()
        return Outcome(_KILLED, output, errors, timed_out=True)
    return Outcome(process.returncode, output, errors)


def end(process: subprocess.Popen[str]) -> None:
    """At once, with all that it started."""
    # Whoever waits for it may have had its end already.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def places() -> dict[Path, str]:
    """What the stand-ins need of this machine, by where a guest finds it.

    None of it is below a folder that a script may empty: what is read only cannot be removed, but the attempt fails.
    """
    found = {ROOT: REPOSITORY, Path(sysconfig.get_paths()["purelib"]): PACKAGES}
    for place in (Path(sys.base_prefix), environment.cache_root()):
        if place.is_dir() and not any(place.is_relative_to(folder) for folder in ("/usr", "/tmp", "/var/tmp")):
            found[place] = str(place)
    return found


def as_seen_inside(text: str) -> str:
    """What an image's manifest was filled in with, as the guest finds it."""
    return PYTHON if text == sys.executable else text.replace(str(ROOT), REPOSITORY)


__all__ = ("FOLDERS", "PACKAGES", "PYTHON", "Outcome", "Started", "as_seen_inside", "end", "impossible", "run")
