# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Lines of a log as they may be shown: short, and without what looks like a secret. Pure."""

from __future__ import annotations

import re
import typing as t

HIDDEN = "********"
_MOST = 500
# A name that says that a secret follows, in 'name=value', 'name: value' or JSON; and values that say so themselves.
_NAMED = re.compile(
    r"""(?P<name>[\w-]*(?:api[_-]?key|secret|token|passw(?:or)?d|credentials?|authorization)"""
    r"""(?:key|id|value|[_-][\w-]*)?["']?\s*[:=]\s*)"""
    r"""(?:"[^"]*"|'[^']*'|(?:(?:Bearer|Basic)\s+)?[^\s,;}\])&]+)""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_KNOWN = re.compile(
    r"\b(?:hf_\w{16,}|sk-[\w-]{16,}|gh[opsu]_\w{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
)
_USER_INFO = re.compile(r"(?P<name>\w+://)[^/\s:@]+:[^/\s@]+@")
# A count of tokens is what an engine's log is about.
_HARMLESS = re.compile(r"\d+(?:\.\d+)?%?|None|null|true|false", re.IGNORECASE)


def shown(line: str) -> str:
    """The line without control characters, which could rewrite the screen, and without secrets."""
    line = "".join(sign if sign.isprintable() else " " for sign in line).rstrip()
    line = _NAMED.sub(_hide, line)
    line = _BEARER.sub(rf"\g<name>{HIDDEN}", line)
    line = _USER_INFO.sub(rf"\g<name>{HIDDEN}@", line)
    line = _KNOWN.sub(HIDDEN, line)
    return line if len(line) <= _MOST else f"{line[:_MOST]}…"


def _hide(found: re.Match[str]) -> str:
    value = found[0][len(found["name"]) :]
    return found[0] if _HARMLESS.fullmatch(value) else f"{found['name']}{HIDDEN}"


def newest_stream(streams: t.Iterable[t.Mapping[str, t.Any]], prefix: str) -> str | None:
    ours = [stream for stream in streams if stream["logStreamName"].startswith(prefix)]
    newest = max(ours, key=lambda stream: stream.get("lastEventTimestamp", 0), default=None)
    return newest["logStreamName"] if newest else None


__all__ = ("HIDDEN", "newest_stream", "shown")
