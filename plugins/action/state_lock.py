# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import typing as t

from ansible_collections.central.llm.plugins.plugin_utils._warm import WarmActionModule


class ActionModule(WarmActionModule):
    services = ("dynamodb",)

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # A task runs in a fork of ansible-playbook; that one is what holds a lock from task to task.
        self._task.args.setdefault("process", os.getppid())
        return super().run(tmp, task_vars)
