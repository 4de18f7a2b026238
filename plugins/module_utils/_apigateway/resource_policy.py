# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Resource policies of REST APIs: how AWS writes one, and whether two mean the same. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html
"""

from __future__ import annotations

import json
import re
import typing as t

from .._iam import documents

Document = dict[str, t.Any]

# What stands before stage, verb and path: given short, AWS stores it as the ARN of the API.
_RESOURCE = re.compile(r"^(?:execute-api:/|arn:[\w-]+:execute-api:[^:]*:[^:]*:[^/]+/)")


def parse(stored: str | None) -> Document:
    """The document, empty for none. AWS's answers carry it as JSON whose quotes are escaped once more."""
    if not stored:
        return {}
    text = json.loads(f'"{stored}"') if '\\"' in stored else stored
    return t.cast(Document, json.loads(text))


def same(first: Document, second: Document) -> bool:
    return documents.same(_short(first), _short(second))


def _short(document: Document) -> Document:
    """With resources as they are in every API."""
    if not document:
        return {}
    statements = [
        {
            key: [_RESOURCE.sub("execute-api:/", str(each)) for each in documents.as_list(value)]
            if key in ("Resource", "NotResource")
            else value
            for key, value in statement.items()
        }
        for statement in documents.as_list(document.get("Statement"))
    ]
    return {**document, "Statement": statements}


__all__ = ("parse", "same")
