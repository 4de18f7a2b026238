from __future__ import annotations

import typing as t
from pathlib import Path
from types import SimpleNamespace

from lab.compute import guests, units


def test_what_a_guest_keeps_in_run_is_its_own(tmp_path: Path) -> None:
    timer = units.Timer("x", 60.0, "mkdir -p /run/x\necho $LAB_HOST >>/run/x/seen\ntest -d /usr/share || exit 1\n")
    plane: t.Any = SimpleNamespace(_home=tmp_path, _metadata=SimpleNamespace(port=1))
    for host in ("i-1", "i-2", "i-1"):
        guests.Guests._run(plane, host, timer, 0.0)
    assert (tmp_path / "i-1/run/x/seen").read_text() == "i-1\ni-1\n"
    assert (tmp_path / "i-2/run/x/seen").read_text() == "i-2\n"
