# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Streams of CloudWatch Logs, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

_MISSING = ("ResourceNotFoundException",)


@aws_call("list the streams of the log group {name}", missing=_MISSING, default=[])
def list_newest_streams(client: t.Any, name: str) -> list[dict[str, t.Any]]:
    """The fifty that were written to last; AWS takes no prefix with this order."""
    return client.describe_log_streams(logGroupName=name, orderBy="LastEventTime", descending=True)["logStreams"]


@aws_call("read the log stream {stream} of {name}", missing=_MISSING, default=[])
def last_events(client: t.Any, name: str, stream: str, limit: int) -> list[dict[str, t.Any]]:
    return client.get_log_events(logGroupName=name, logStreamName=stream, limit=limit, startFromHead=False)["events"]
