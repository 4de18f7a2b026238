# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Calls that do not depend on each other's answers, side by side: each takes a way to AWS and back."""

from __future__ import annotations

import concurrent.futures
import typing as t

# As many connections as a client keeps; more would each be opened, used once and closed.
# https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html (max_pool_connections)
AT_ONCE = 10


def at_once(*calls: t.Callable[[], t.Any]) -> list[t.Any]:
    """The answers in the order of the calls. Where several fail, the first of them is raised."""
    if len(calls) < 2:
        return [call() for call in calls]
    # Clients may be used by several threads.
    # https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    with concurrent.futures.ThreadPoolExecutor(min(len(calls), AT_ONCE)) as pool:
        return [answer.result() for answer in [pool.submit(call) for call in calls]]


__all__ = ("at_once",)
