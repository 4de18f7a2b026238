"""Runs one container's process and outlives nobody: the counterpart of a container runtime's shim.

    python supervisor.py RECORD COMMAND [ARG...]

It starts the command in a session of its own, writes both pids to RECORD, and waits. When the command ends, whatever it
left running ends too, as processes do with their container. When the lab dies (the end of this process's standard
input), the command is stopped. Only the standard library is used, so that it starts in some milliseconds.

Exit status: the command's own, or 128 + signal, as a container's; 125 when the command could not be started, with the
reason in RECORD.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CANNOT_START = 125
# What a command that did not react to SIGTERM gets after the lab has died.
ORPHAN_GRACE_SECONDS = 5.0


def prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def start_time(pid: int) -> int | None:
    """A pid's start in clock ticks since boot: tells a process from a later one with the same number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command in parentheses may hold blanks; the start time is field 22 of the whole line.
    return int(stat.rpartition(")")[2].split()[19])


def descendants(pid: int) -> list[int]:
    """The pids below `pid`: orphans too, because a subreaper adopts them."""
    found: list[int] = []
    try:
        children = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


def kill_rest() -> None:
    for _attempt in range(50):
        rest = descendants(os.getpid())
        if not rest:
            return
        for pid in rest:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
        reap()


def reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def write_record(path: Path, **what: object) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(what))
    partial.replace(path)


def start(argv: list[str]) -> int:
    """Fork and exec; raises OSError when the command cannot be executed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execvp(argv[0], argv)
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        os._exit(CANNOT_START)
    os.close(writer)
    failed = os.read(reader, 16)
    os.close(reader)
    if failed:
        os.waitpid(pid, 0)
        number = int(failed)
        raise OSError(number, os.strerror(number), argv[0])
    return pid


def supervise(pid: int) -> int:
    """Wait for the command, or for the lab's end; the raw wait status."""
    wakeup_reader, wakeup_writer = os.pipe()
    os.set_blocking(wakeup_writer, False)
    signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # SIGTERM is for the command; the supervisor itself ends with it.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
    deadline: float | None = None
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if deadline is not None and time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
        watched = [wakeup_reader] if deadline is not None else [wakeup_reader, 0]
        ready, _, _ = select.select(watched, [], [], 0.2 if deadline is not None else None)
        if wakeup_reader in ready:
            os.read(wakeup_reader, 512)
        if 0 in ready and not os.read(0, 512):
            deadline = time.monotonic() + ORPHAN_GRACE_SECONDS
            os.killpg(pid, signal.SIGTERM)


def main(record: Path, argv: list[str]) -> int:
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        pid = start(argv)
    except OSError as error:
        write_record(record, error=f"exec: {argv[0]!r}: {error.strerror}")
        return CANNOT_START
    write_record(
        record,
        supervisor={"pid": os.getpid(), "started": start_time(os.getpid())},
        process={"pid": pid, "started": start_time(pid)},
    )
    status = supervise(pid)
    kill_rest()
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
