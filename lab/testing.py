"""For tests: a control plane in this process, on a free port."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import requests

from lab.context import LabContext

_planes: dict[str, t.Any] = {}


def start_control(settle_seconds: float = 0.05, home: Path | None = None) -> LabContext:
    """Start the control plane alone; `stop_control` ends it. One at a time: moto's state belongs to the process."""
    from lab.control.app import ControlPlane

    where = home or Path(tempfile.mkdtemp(prefix="central-llm-lab-"))
    ctx = LabContext(home=where, settle_seconds=settle_seconds)
    plane = ControlPlane(ctx)
    plane.start()
    plane.app.reset()
    _planes[ctx.endpoint_url] = (plane, home is None)
    return ctx


def stop_control(ctx: LabContext) -> None:
    plane, ours = _planes.pop(ctx.endpoint_url)
    plane.stop()
    ctx.addresses.close()
    if ours:
        import shutil

        shutil.rmtree(ctx.home, ignore_errors=True)


def reset(ctx: LabContext) -> None:
    """Empty all state of a running lab."""
    requests.post(f"{ctx.endpoint_url}/_lab/reset", timeout=30).raise_for_status()
