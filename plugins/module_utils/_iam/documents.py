# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""IAM policy documents: whether two mean the same, and whether IAM takes one. Pure."""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import unquote

from .._aws import InvalidInput

Document = dict[str, t.Any]

_ACCOUNT = re.compile(r"^(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?$")
_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def parse(document: t.Any) -> Document:
    """A document as IAM gives it: some answers carry it as quoted JSON, others parsed."""
    return json.loads(unquote(document)) if isinstance(document, str) else document


def canonical(document: t.Mapping[str, t.Any]) -> Document:
    """The one form of all documents that mean the same: IAM minds no order, and a list of one is its item."""
    statements = [_statement(statement) for statement in as_list(document.get("Statement"))]
    rest = {key: value for key, value in document.items() if key not in {"Statement", "Version"}}
    # Without a version IAM reads the language of 2008, which knows no policy variables.
    return {
        "Version": str(document.get("Version", "2008-10-17")),
        "Statement": sorted(statements, key=lambda statement: json.dumps(statement, sort_keys=True)),
        **rest,
    }


def same(first: t.Mapping[str, t.Any] | None, second: t.Mapping[str, t.Any] | None) -> bool:
    if not first or not second:
        return not first and not second
    return canonical(first) == canonical(second)


def size(document: t.Mapping[str, t.Any]) -> int:
    """The characters that count against IAM's limits: white space between them does not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
    """
    return len(re.sub(r"\s", "", compact(document)))


def compact(document: t.Mapping[str, t.Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def read(text: str) -> Document:
    """The document of an option `policy`, or what is wrong with it, before anything is touched."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"policy is no JSON: {error}") from error
    wrong = problem(document)
    if wrong:
        raise InvalidInput(f"policy: {wrong}.")
    return document


def problem(document: t.Any) -> str:
    """What makes this no policy document, in words; empty where nothing does."""
    if not isinstance(document, dict):
        return "it is no dictionary"
    statements = as_list(document.get("Statement"))
    if not statements:
        return "it has no Statement"
    for number, statement in enumerate(statements, 1):
        if not isinstance(statement, dict):
            return f"statement {number} is no dictionary"
        if statement.get("Effect") not in {"Allow", "Deny"}:
            return f"statement {number} has an Effect that is neither Allow nor Deny"
        if not statement.get("Action") and not statement.get("NotAction"):
            return f"statement {number} names no Action"
    return ""


def _statement(statement: t.Mapping[str, t.Any]) -> Document:
    return {key: _element(key, value) for key, value in statement.items() if value not in (None, "")}


def _element(key: str, value: t.Any) -> t.Any:
    if key in _LISTS:
        # Actions are compared without regard to case.
        return sorted({str(item).lower() if key.endswith("Action") else str(item) for item in as_list(value)})
    if key in {"Principal", "NotPrincipal"}:
        kinds = value if isinstance(value, dict) else {"AWS": value}
        return {kind: sorted({_principal(item) for item in as_list(names)}) for kind, names in kinds.items()}
    if key == "Condition":
        return {
            operator: {name.lower(): sorted({_text(item) for item in as_list(wanted)}) for name, wanted in keys.items()}
            for operator, keys in value.items()
        }
    return value


def _principal(name: t.Any) -> str:
    # An account is stored as the ARN of its root.
    found = _ACCOUNT.match(str(name))
    return found[1] if found else str(name)


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ("Document", "as_list", "canonical", "compact", "parse", "problem", "same", "size")
