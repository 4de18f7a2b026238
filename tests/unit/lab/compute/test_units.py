from __future__ import annotations

from pathlib import Path

import pytest

from lab.compute import units

GOLDEN = Path(__file__).parents[3] / "golden/roles/llm_host/defaults/expected.sh"


def test_the_hosts_own_user_data_has_one_timer() -> None:
    (timer,) = units.timers(GOLDEN.read_text())
    assert (timer.name, timer.seconds) == ("central-llm-lease", 60.0)
    assert timer.program.startswith("#!/usr/bin/env bash\n") and timer.program.endswith("fi\n")


@pytest.mark.parametrize("gone", ["systemctl enable", "ExecStart", "OnCalendar", "cat >/usr/local/sbin"])
def test_what_would_not_run_on_a_host_does_not_run_here(gone: str) -> None:
    script = "\n".join(line for line in GOLDEN.read_text().splitlines() if gone not in line)
    assert units.timers(script) == []
