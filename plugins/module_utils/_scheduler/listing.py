# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""EventBridge Scheduler: what is scheduled.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call


@aws_call("list the schedules whose names begin with {prefix}")
def list_schedules(client: t.Any, prefix: str) -> list[dict[str, t.Any]]:
    """Those of all groups."""
    pages = client.get_paginator("list_schedules").paginate(NamePrefix=prefix)
    return [schedule for page in pages for schedule in page["Schedules"]]
