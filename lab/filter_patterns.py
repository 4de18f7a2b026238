"""Filter patterns of CloudWatch Logs: which lines a subscription, a metric filter or a search lets through. Pure.

Terms, all of them, one of the optional ones, none of the excluded ones; and JSON selectors with comparisons, joined by
`&&` and `||`. Patterns for space-delimited lines, regular expressions and parentheses are not there.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import fnmatch
import json
import re
import typing as t
from dataclasses import dataclass

_TERM = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\w+))(?=\s|$)')
_COMPARISON = re.compile(
    r'\s*\$(?P<path>(?:\.[\w-]+|\[\d+\])+)\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?:"(?P<text>[^"]*)"|(?P<word>[\w.*+-]+))\s*\Z'
)
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")


class BadPattern(ValueError):
    """AWS refuses it, or the lab does not know it."""


@dataclass(frozen=True)
class Terms:
    required: tuple[str, ...]
    optional: tuple[str, ...]
    excluded: tuple[str, ...]

    def matches(self, line: str) -> bool:
        if any(term in line for term in self.excluded) or not all(term in line for term in self.required):
            return False
        return not self.optional or bool(self.required) or any(term in line for term in self.optional)


@dataclass(frozen=True)
class Comparison:
    path: tuple[str | int, ...]
    operator: str
    wanted: str
    quoted: bool

    def holds(self, document: t.Any) -> bool:
        value = document
        for step in self.path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return False
        number = _number(value)
        wanted = None if self.quoted else _number(self.wanted)
        if number is not None and wanted is not None:
            return {
                "=": number == wanted,
                "!=": number != wanted,
                "<": number < wanted,
                "<=": number <= wanted,
                ">": number > wanted,
                ">=": number >= wanted,
            }[self.operator]
        text = value if isinstance(value, str) else json.dumps(value)
        alike = fnmatch.fnmatchcase(text, self.wanted.replace("[", "[[]").replace("?", "[?]"))
        return {"=": alike, "!=": not alike}.get(self.operator, False)


@dataclass(frozen=True)
class Selector:
    """One of these, each of which is all of its comparisons."""

    either: tuple[tuple[Comparison, ...], ...]

    def matches(self, line: str) -> bool:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return any(all(each.holds(document) for each in group) for group in self.either)


def parse(pattern: str) -> Terms | Selector:
    text = pattern.strip()
    if text.startswith("{") and text.endswith("}"):
        groups = (tuple(_comparison(part) for part in either.split("&&")) for either in text[1:-1].split("||"))
        return Selector(tuple(groups))
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            raise BadPattern(f"Invalid character(s) in term {text[at:].strip()!r}")
        quoted = term["quoted"]
        found[term["sign"]].append(term["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = term.end()
    return Terms(tuple(found[""]), tuple(found["?"]), tuple(found["-"]))


def _comparison(text: str) -> Comparison:
    found = _COMPARISON.match(text)
    if found is None:
        raise BadPattern(f"Invalid JSON selector {text.strip()!r}")
    path = tuple(name or int(index) for name, index in _STEP.findall(found["path"]))
    quoted = found["text"] is not None
    return Comparison(path, found["operator"], found["text"] if quoted else found["word"], quoted)


def _number(value: t.Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
