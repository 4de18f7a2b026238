"""The program that a host ends itself by, run as its timer runs it: metadata service, time and end are the test's."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from lab.compute import units

USER_DATA = Path(__file__).parents[2] / "golden/roles/llm_host/defaults/expected.sh"
# 2030-01-01T22:00:00Z
END = 1893535200
_COMMANDS = {
    "curl": 'cat "$PLACE/lease" 2>/dev/null || exit 22',
    "date": 'case "$1" in -d) exec {date} "$@";; esac; echo "$NOW"',
    "shutdown": 'echo "$NOW" >"$PLACE/over"',
}


class Host:
    def __init__(self, place: Path) -> None:
        self.place = place
        (timer,) = units.timers(USER_DATA.read_text())
        self.program = timer.program.replace("/run/", f"{place}/run/")
        for name, body in _COMMANDS.items():
            command = place / "bin" / name
            command.parent.mkdir(exist_ok=True)
            command.write_text("#!/bin/sh\n" + body.replace("{date}", shutil.which("date") or "date") + "\n")
            command.chmod(0o755)

    def says(self, lease: str | None) -> None:
        (self.place / "lease").unlink(missing_ok=True)
        if lease is not None:
            (self.place / "lease").write_text(lease)

    def ends_at(self, *moments: int) -> int | None:
        """Which of these moments it shuts down at."""
        for moment in moments:
            path = f"{self.place / 'bin'}:{os.environ['PATH']}"
            environment = {"PATH": path, "PLACE": str(self.place), "NOW": str(moment), "TZ": "UTC"}
            ended = subprocess.run(
                ["bash", "-s"], input=self.program, env=environment, capture_output=True, text=True, check=False
            )
            assert (ended.returncode, ended.stderr) == (0, "")
            if (self.place / "over").exists():
                return moment
        return None


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def minutes(first: int, last: int) -> t.Iterable[int]:
    return range(first, last, 60)


def test_a_lease_ends_four_minutes_after_it_is_over(host: Host) -> None:
    host.says("2030-01-01T22:00:00Z")
    assert host.ends_at(*minutes(END - 120, END + 600)) == END + 240


@pytest.mark.parametrize("silence", [None, "", "not a time"])
def test_the_lease_that_was_read_last_holds_however_long_nothing_is_said(host: Host, silence: str | None) -> None:
    host.says("2030-01-01T22:00:00Z")
    assert host.ends_at(END - 3600) is None
    host.says(silence)
    assert host.ends_at(*minutes(END - 3540, END + 600)) == END + 240


def test_a_lease_that_moved_counts_from_then_on(host: Host) -> None:
    host.says("2030-01-01T22:00:00Z")
    assert host.ends_at(END) is None
    host.says("2030-01-01T23:00:00Z")
    assert host.ends_at(*minutes(END + 60, END + 7200)) == END + 3600 + 240


def test_without_any_lease_a_host_has_ten_minutes(host: Host) -> None:
    assert host.ends_at(*minutes(END, END + 1200)) == END + 600


def test_a_lease_that_comes_late_is_one(host: Host) -> None:
    assert host.ends_at(*minutes(END - 3600, END - 3300)) is None
    host.says("2030-01-01T22:00:00Z")
    assert host.ends_at(*minutes(END - 3300, END - 2400)) is None
