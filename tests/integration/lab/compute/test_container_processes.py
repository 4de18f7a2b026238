"""No process outlives the lab: not its end, not its crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from lab.compute import processes, supervisor

ENVIRONMENT = {"PATH": os.environ["PATH"]}
STARTER = """
import sys, time
from pathlib import Path
from lab.compute.processes import ContainerProcess
process = ContainerProcess(Path(sys.argv[1]), ["sh", "-c", "setsid sleep 600 & exec sleep 600"], {"PATH": sys.argv[2]},
                           Path("/"))
print(process.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in {"Z", "X"}:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def crashing_lab(tmp_path: Path) -> t.Iterator[tuple[subprocess.Popen[str], int, Path]]:
    record = tmp_path / "processes" / "task-app.json"
    lab = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(record), os.environ["PATH"]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[4],
    )
    assert lab.stdout is not None
    yield lab, int(lab.stdout.readline()), record
    lab.kill()
    lab.wait()
    lab.stdout.close()


def test_processes_end_with_a_lab_that_is_killed(crashing_lab: t.Any) -> None:
    lab, pid, record = crashing_lab
    supervising = json.loads(record.read_text())["supervisor"]["pid"]

    def below() -> list[int]:
        return supervisor.descendants(supervising)

    deadline = time.monotonic() + 30
    while len(below()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    everybody = [pid, supervising, *below()]
    lab.kill()
    assert all(gone(each) for each in everybody)


def test_a_process_dies_with_its_supervisor(crashing_lab: t.Any) -> None:
    _lab, pid, record = crashing_lab
    os.kill(json.loads(record.read_text())["supervisor"]["pid"], signal.SIGKILL)
    assert gone(pid)


def test_the_next_start_sweeps_what_is_left(tmp_path: Path) -> None:
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    reused = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        started = supervisor.start_time(left.pid)
        (tmp_path / "a.json").write_text(json.dumps({"process": {"pid": left.pid, "started": started}}))
        # The number is taken, but by another process than the one recorded.
        (tmp_path / "b.json").write_text(json.dumps({"process": {"pid": reused.pid, "started": 1}}))
        (tmp_path / "c.json").write_text("{")
        assert processes.sweep(tmp_path) == 1
        assert gone(left.pid)
        assert reused.poll() is None
        assert list(tmp_path.iterdir()) == []
    finally:
        left.kill()
        left.wait()
        reused.kill()
        reused.wait()


def test_a_missing_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(processes.CannotStart, match=r"no-such-command.*No such file"):
        processes.ContainerProcess(tmp_path / "r.json", ["/no-such-command"], ENVIRONMENT, tmp_path)


def test_exit_codes_are_a_containers(tmp_path: Path) -> None:
    def code(script: str) -> int | None:
        process = processes.ContainerProcess(tmp_path / "r.json", ["sh", "-c", script], ENVIRONMENT, tmp_path)
        ended = process.wait(60)
        process.output.close()
        process.forget()
        return ended

    assert code("exit 3") == 3
    assert code("kill -TERM $$") == 143


def test_a_check_that_hangs_fails_and_is_gone(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; sleep 600"
    assert processes.run_check(script, ENVIRONMENT, tmp_path, 1.0) is False
    assert gone(int((tmp_path / "pid").read_text()))
    assert processes.run_check(["true"], ENVIRONMENT, tmp_path, 30) is True
    assert processes.run_check(["/no-such-command"], ENVIRONMENT, tmp_path, 30) is False
