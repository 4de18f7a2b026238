# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The shape of the parts of an OpenAPI document that this collection reads: what must be a mapping, a list, a text.

A shape is data: a dictionary of shapes by key ("*" for all other keys; a key without a shape may be anything),
a list with the shape of its members, or one of TEXT, SCALAR and ANYTHING. Pure.
"""

from __future__ import annotations

import json
import re
import typing as t

from .openapi import ANY_METHOD, EXTENSION, HTTP_METHODS, INTEGRATION

TEXT = "a text"
SCALAR = "a text or a number"
ANYTHING = "anything"

Shape = t.Any

_REFERENCE: Shape = {"$ref": TEXT}
_CONTENT: Shape = {"*": {"schema": _REFERENCE}}
_PARAMETER: Shape = {**_REFERENCE, "name": TEXT, "in": TEXT}
_RESPONSE: Shape = {**_REFERENCE, "headers": {"*": ANYTHING}, "content": _CONTENT}
_BODY: Shape = {**_REFERENCE, "content": _CONTENT}
_TEXTS: Shape = {"*": TEXT}
_INTEGRATION: Shape = {
    **dict.fromkeys(("type", "httpMethod", "uri", "credentials", "cacheNamespace"), TEXT),
    **dict.fromkeys(("connectionType", "connectionId", "integrationTarget", "responseTransferMode"), TEXT),
    **dict.fromkeys(("passthroughBehavior", "contentHandling"), TEXT),
    "timeoutInMillis": SCALAR,
    "cacheKeyParameters": [TEXT],
    "requestParameters": _TEXTS,
    "requestTemplates": _TEXTS,
    "tlsConfig": {},
    "responses": {
        "*": {
            "statusCode": SCALAR,
            "contentHandling": TEXT,
            "responseParameters": _TEXTS,
            "responseTemplates": _TEXTS,
        }
    },
}
_OPERATION: Shape = {
    "operationId": TEXT,
    "parameters": [_PARAMETER],
    "requestBody": _BODY,
    "responses": {"*": _RESPONSE},
    "security": [{"*": [TEXT]}],
    f"{EXTENSION}auth": {"type": TEXT},
    f"{EXTENSION}request-validator": TEXT,
    INTEGRATION: _INTEGRATION,
}
_SCHEME: Shape = {
    **_REFERENCE,
    "type": TEXT,
    "name": TEXT,
    "in": TEXT,
    f"{EXTENSION}authtype": TEXT,
    f"{EXTENSION}authorizer": {"type": TEXT},
}
DOCUMENT: Shape = {
    "openapi": TEXT,
    "info": {"title": TEXT, "description": TEXT, "version": SCALAR},
    "paths": {"*": {"parameters": [_PARAMETER], **dict.fromkeys((*HTTP_METHODS, ANY_METHOD), _OPERATION)}},
    "components": {
        "schemas": {"*": {}},
        "securitySchemes": {"*": _SCHEME},
        "parameters": {"*": _PARAMETER},
        "responses": {"*": _RESPONSE},
        "requestBodies": {"*": _BODY},
    },
    f"{EXTENSION}api-key-source": TEXT,
    f"{EXTENSION}binary-media-types": [TEXT],
    f"{EXTENSION}minimum-compression-size": SCALAR,
    f"{EXTENSION}request-validator": TEXT,
    f"{EXTENSION}request-validators": {"*": {}},
    f"{EXTENSION}gateway-responses": {
        "*": {"statusCode": SCALAR, "responseParameters": _TEXTS, "responseTemplates": _TEXTS}
    },
}


def misshapen(node: t.Any, shape: Shape, where: str = "$") -> t.Iterator[tuple[str, str]]:
    """Where the document has another shape, and what should be there."""
    if isinstance(shape, dict):
        if not isinstance(node, t.Mapping):
            yield where, f"must be a mapping, is {_name(node)}"
            return
        for key, value in node.items():
            if not isinstance(key, str):
                yield where, f"the key {key!r} must be a text"
            else:
                yield from misshapen(value, shape.get(key, shape.get("*", ANYTHING)), at(where, key))
    elif isinstance(shape, list):
        if not isinstance(node, list):
            yield where, f"must be a list, is {_name(node)}"
            return
        for number, one in enumerate(node):
            yield from misshapen(one, shape[0], f"{where}[{number}]")
    elif shape is not ANYTHING:
        allowed = (str,) if shape is TEXT else (str, int, float)
        if not isinstance(node, allowed):
            yield where, f"must be {shape}, is {_name(node)}"


def _name(node: t.Any) -> str:
    return "empty" if node is None else type(node).__name__


def at(where: str, key: str) -> str:
    """The JSONPath (RFC 9535) of a member."""
    return f"{where}.{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f"{where}[{json.dumps(key)}]"


__all__ = ("ANYTHING", "DOCUMENT", "SCALAR", "TEXT", "Shape", "at", "misshapen")
