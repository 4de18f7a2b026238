"""What moto lacks or does differently from AWS, one gap a file.

Each module says in its docstring what is missing upstream and has an `apply()` that closes it.
"""

from __future__ import annotations

import importlib
import threading

# In the order they are applied.
GAPS: list[str] = []

_applied: set[str] = set()
_lock = threading.Lock()


def apply_all() -> None:
    """Close all gaps; once per process, however many labs it starts."""
    with _lock:
        for name in GAPS:
            if name not in _applied:
                importlib.import_module(f"lab.moto_gaps.{name}").apply()
                _applied.add(name)
