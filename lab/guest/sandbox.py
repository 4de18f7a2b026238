"""Runs a script as root of a guest: its root is the guest's disk, and what it starts ends with it.

The namespaces of the kernel keep it there: it has this machine's programs to read, no network but its own loopback, no
other processes, and nothing to write to but the disk. Of what a guest has that this machine has not, `programs/` holds
stand-ins.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from lab.engine import environment

ROOT = Path(__file__).resolve().parents[2]
# What is the guest's own; all else of its root is read only.
FOLDERS = ("etc", "home", "opt", "root", "tmp", "usr/local", "var")
_KILLED = 124
_SETUP = """set -e
root=$1 disk=$2 privileged=$3
shift 3
mount -t tmpfs none "$root"
mkdir -p "$root/usr" "$root/proc" "$root/dev" "$root/sys" "$root/run"
mount --bind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr" || [ "$privileged" = no ]
for name in bin lib lib32 lib64 libx32 sbin; do
  if [ -L "/$name" ]; then ln -s "usr/$name" "$root/$name"
  elif [ -d "/$name" ]; then
    mkdir "$root/$name"
    mount --bind "/$name" "$root/$name"
    mount -o remount,bind,ro "$root/$name" || [ "$privileged" = no ]
  fi
done
for name in FOLDERS; do
  mkdir -p "$root/$name"
  mount --bind "$disk/$name" "$root/$name"
done
if [ -d /etc/alternatives ]; then
  mkdir -p "$root/etc/alternatives"
  mount --bind /etc/alternatives "$root/etc/alternatives"
  mount -o remount,bind,ro "$root/etc/alternatives" || [ "$privileged" = no ]
fi
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  mount -o remount,bind,ro "$root$1" || [ "$privileged" = no ]
  shift
done
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/run"
ip link set lo up
cp "$disk/command" "$root/run/command"
chmod 0700 "$root/run/command"
exec chroot "$root" "$@"
""".replace("FOLDERS", " ".join(FOLDERS))


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


def run(disk: Path, script: str, seconds: float) -> Outcome:
    """Run it to its end; what it left running ends as well."""
    root = disk.parent / f"{disk.name}.root"
    root.mkdir(exist_ok=True)
    (disk / "command").write_text(script, encoding="utf-8")
    # As the agent does it: what says no interpreter is for the shell.
    shell = ["/run/command"] if script.startswith("#!") else ["/bin/sh", "/run/command"]
    privileged = "yes" if os.geteuid() == 0 else "no"
    process = subprocess.Popen(
        [*_unshare(), "sh", "-c", _SETUP, "sh", str(root), str(disk), privileged, *map(str, places()), "--", *shell],
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
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        return Outcome(_KILLED, output, errors, timed_out=True)
    return Outcome(process.returncode, output, errors)


def places() -> list[Path]:
    """What the stand-ins need of this machine, and find where it is: Python, the lab, the engine."""
    wanted = [Path(sys.base_prefix), Path(sys.prefix), ROOT, environment.cache_root()]
    known = [place for place in wanted if place.is_dir() and not place.is_relative_to("/usr")]
    return [place for place in known if not any(place != each and place.is_relative_to(each) for each in known)]


__all__ = ("FOLDERS", "Outcome", "impossible", "run")
