"""JSON-patch of API Gateway resources: which paths an operation may touch, and how values are written.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html. Values are always strings on the wire.
"""

from __future__ import annotations

import typing as t

from lab.moto_gaps.apigateway_store import Document, bad_request

Convert = t.Callable[[str], t.Any]


def text(value: str) -> str:
    return value


def flag(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise bad_request(f"Invalid boolean value: {value}")
    return value.lower() == "true"


def whole(value: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f"Invalid integer value: {value}") from None


def number(value: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise bad_request(f"Invalid number value: {value}") from None


def segments(path: str) -> list[str]:
    """The parts of a patch path; `~1` stands for `/` and `~0` for `~` inside a part (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def refuse(operation: Document, allowed: t.Iterable[str]) -> Exception:
    """AWS's own words, two blanks included."""
    listed = ", ".join(sorted(allowed))
    return bad_request(
        f"Invalid patch path  '{operation.get('path')}' specified for op '{operation.get('op')}'. "
        f"Must be one of: [{listed}]"
    )


def value_of(operation: Document) -> str:
    if operation.get("value") is None:
        raise bad_request(f"Patch operation '{operation.get('op')}' on '{operation.get('path')}' needs a value")
    return t.cast(str, operation["value"])


def apply(target: Document, operations: list[Document], scalars: dict[str, Convert], maps: dict[str, Convert]) -> None:
    """Change top-level members: `scalars` by name, and entries of `maps` by name and key."""
    allowed = [f"/{name}" for name in scalars] + [f"/{name}/{{key}}" for name in maps]
    for operation in operations:
        parts = segments(operation.get("path") or "")
        verb = operation.get("op")
        if len(parts) == 1 and parts[0] in scalars and verb in {"add", "replace", "remove"}:
            _patch(target, parts[0], operation, scalars[parts[0]])
        elif len(parts) == 2 and parts[0] in maps and verb in {"add", "replace", "remove"}:
            _patch(target.setdefault(parts[0], {}), parts[1], operation, maps[parts[0]])
        else:
            raise refuse(operation, allowed)


def _patch(target: Document, name: str, operation: Document, convert: Convert) -> None:
    if operation["op"] == "remove":
        target.pop(name, None)
    else:
        target[name] = convert(value_of(operation))
