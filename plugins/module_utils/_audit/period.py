# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A period of the audit: from a moment on, until another one, in UTC. Pure."""

from __future__ import annotations

import datetime
import typing as t

from .._aws import InvalidInput

_LONGEST = datetime.timedelta(days=400)


class Period(t.NamedTuple):
    begin: datetime.datetime
    end: datetime.datetime

    def days(self) -> list[str]:
        """Each day that has a part in it."""
        last = self.end - datetime.timedelta(microseconds=1)
        count = (last.date() - self.begin.date()).days + 1
        return [(self.begin.date() + datetime.timedelta(days=number)).isoformat() for number in range(count)]

    def months(self) -> list[str]:
        return list(dict.fromkeys(day[:7] for day in self.days()))

    def holds(self, moment: str) -> bool:
        """Whether a time as the audit writes it lies in the period."""
        return stamp(self.begin) <= moment < stamp(self.end)

    @property
    def milliseconds(self) -> tuple[int, int]:
        return int(self.begin.timestamp() * 1000), int(self.end.timestamp() * 1000)


def stamp(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def read(begin: str, end: str) -> Period:
    period = Period(_moment("from", begin), _moment("to", end))
    if period.begin >= period.end:
        raise InvalidInput(f"from: {begin} does not lie before {end}.")
    if period.end - period.begin > _LONGEST:
        raise InvalidInput(f"from, to: {begin} to {end} is longer than {_LONGEST.days} days.")
    return period


def _moment(option: str, text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise InvalidInput(
            f"{option}: {text!r} is no date or time such as 2026-11-25 or 2026-11-25T12:00:00Z."
        ) from None
    return found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found.astimezone(datetime.UTC)


__all__ = ("Period", "read", "stamp")
