"""Kills the playbook before its n-th task, as an empty battery does; or writes down what tasks there are.

SWEEP_CRASH_AT is the task's name, with `#2` behind it for the second of that name; SWEEP_TASKS is the names' file.
"""

from __future__ import annotations

import collections
import os
import signal
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: crash
type: aggregate
short_description: Kill the playbook before its n-th task
description:
  - For the tests of what a crash leaves behind.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "crash"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._at = os.environ.get("SWEEP_CRASH_AT", "")
        self._names = os.environ.get("SWEEP_TASKS")
        self._counts: collections.Counter[str] = collections.Counter()

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        name = task.get_name()
        self._counts[name] += 1
        numbered = f"{name}#{self._counts[name]}"
        if self._names:
            with Path(self._names).open("a", encoding="utf-8") as names:
                names.write(f"{numbered}\n")
        if self._at == numbered:
            # With its workers, and without a chance to clean up.
            os.killpg(0, signal.SIGKILL)

    v2_playbook_on_handler_task_start = v2_playbook_on_task_start
