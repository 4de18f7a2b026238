"""Shared by the lab's tests: one control plane for the session, emptied before each test that asks for it."""

from __future__ import annotations

import typing as t

import pytest

from lab.context import LabContext
from lab.testing import reset, start_control, stop_control


@pytest.fixture(scope="session")
def control() -> t.Iterator[LabContext]:
    """A running control plane."""
    ctx = start_control()
    yield ctx
    stop_control(ctx)


@pytest.fixture
def lab(control: LabContext) -> LabContext:
    """The control plane with nothing in it."""
    reset(control)
    return control
