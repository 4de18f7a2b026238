# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.central.llm.plugins.plugin_utils._warm import WarmActionModule


class ActionModule(WarmActionModule):
    services = ("cloudwatch", "iam", "resourcegroupstaggingapi", "scheduler")
