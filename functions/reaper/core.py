"""Which hosts end, and why. Pure: what is there and what time it is come in, what is to be done goes out."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEASE_TAG = "central-llm:lease-until"
ENDED = ("shutting-down", "terminated")
_UTC = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")


@dataclass(frozen=True)
class Limits:
    """How much later than the lease's end a host goes here, after its drain and the schedules had their turn."""

    after_lease: timedelta = timedelta(minutes=2)
    # Tags arrive with the launch; this is for a clock that is behind, and for what EC2 shows late.
    without_lease: timedelta = timedelta(minutes=2)
    # A lease that ends later than this from now is none that anybody may have.
    longest: timedelta = timedelta(hours=169)


@dataclass(frozen=True)
class Host:
    id: str
    state: str
    launched_at: datetime
    lease: str | None
    # Its Name tag.
    name: str = ""


@dataclass(frozen=True)
class Verdict:
    host: Host
    ends: bool
    why: str


def lease_end(text: str | None) -> datetime | None:
    """The moment that a lease's tag names; None for one that cannot be read."""
    if text is None or not _UTC.match(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def judge(host: Host, now: datetime, limits: Limits) -> Verdict:
    if host.state in ENDED:
        return Verdict(host, False, f"is {host.state} already")
    end = lease_end(host.lease)
    if end is not None and end - now <= limits.longest:
        if now >= end + limits.after_lease:
            return Verdict(host, True, f"its lease ended at {host.lease}")
        return Verdict(host, False, f"its lease ends at {host.lease}")
    what = "it has no lease" if host.lease is None else f"its lease {host.lease!r} is none"
    if now - host.launched_at >= limits.without_lease:
        return Verdict(host, True, f"{what}, and was launched at {host.launched_at:%Y-%m-%dT%H:%M:%SZ}")
    return Verdict(host, False, f"{what} yet")


def judge_all(hosts: t.Iterable[Host], now: datetime, limits: Limits) -> list[Verdict]:
    return [judge(host, now, limits) for host in hosts]


def nobody_stays(verdicts: t.Iterable[Verdict], name: str) -> bool:
    """Whether no host of this name is left, which are those that a task could run on."""
    ours = (verdict for verdict in verdicts if verdict.host.name == name)
    return all(verdict.ends or verdict.host.state in ENDED for verdict in ours)
