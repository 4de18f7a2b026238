"""A thread that overrides one of Thread's private methods is called at moments that nobody expects."""

from __future__ import annotations

import threading

import pytest

from lab.compute.awslogs import OutputPump
from lab.compute.health import HealthCheck
from lab.compute.runner import TaskRunner


@pytest.mark.parametrize("kind", [OutputPump, HealthCheck, TaskRunner])
def test_only_run_is_overridden(kind: type[threading.Thread]) -> None:
    own = {name for name in vars(kind) if not name.startswith("__")}
    assert own & set(dir(threading.Thread)) == {"run"}
