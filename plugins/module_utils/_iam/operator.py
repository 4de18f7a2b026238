# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The policies of an operator: from the actions of a playbook and the scopes in which they are allowed. Pure.

A scope says where some actions are allowed: their resources and, optionally, under which condition. An action that has
several scopes is allowed in each of them. One of API Gateway, `apigateway:PATCH /restapis/*`, has its resource in it.
"""

from __future__ import annotations

import fnmatch
import typing as t

from .actions import with_implied
from .documents import Document, size

Scope = t.Mapping[str, t.Any]

# Not counting white space; AWS raises no one's.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
MANAGED_POLICY_LIMIT = 6144


class NoScope(ValueError):
    """Actions that no scope names."""


def statements(actions: t.Iterable[str], scopes: t.Iterable[Scope], gateway: str) -> list[Document]:
    """What allows these actions and all that they imply; `gateway` is how the ARNs of API Gateway begin."""
    wanted = with_implied(actions)
    found: list[Document] = []
    placed: set[str] = set()
    for scope in scopes:
        here = sorted(wanted & set(scope["actions"]))
        # A scope without resources is one that this stack has nothing in.
        if not here or not scope.get("resources", True):
            continue
        placed |= set(here)
        paths = [action for action in here if " " in action]
        plain = [action for action in here if " " not in action]
        if plain:
            found.append(_statement(plain, list(scope["resources"]), scope))
        for verb, resources in sorted(by_verb(paths).items()):
            found.append(_statement([verb], [gateway + path for path in resources], scope))
    lost = sorted(wanted - placed)
    if lost:
        raise NoScope(f"no scope says where these actions are allowed: {', '.join(lost)}")
    return found


def by_verb(actions: t.Iterable[str]) -> dict[str, list[str]]:
    """The paths of each verb of API Gateway, without those that a wider one covers: `*` matches slashes too."""
    paths: dict[str, list[str]] = {}
    for action in actions:
        verb, _space, path = action.partition(" ")
        paths.setdefault(verb, []).append(path)
    return {
        verb: sorted(path for path in found if not any(_covers(other, path) for other in found if other != path))
        for verb, found in paths.items()
    }


def documents(found: t.Iterable[Document], limit: int = MANAGED_POLICY_LIMIT) -> list[Document]:
    """As few policies as hold these statements in their order, each within the limit."""
    made: list[list[Document]] = []
    for statement in found:
        for part in _within(statement, limit):
            if made and size(_document([*made[-1], part])) <= limit:
                made[-1].append(part)
            else:
                made.append([part])
    return [_document(part) for part in made]


def checks(found: t.Iterable[Document]) -> list[dict[str, t.Any]]:
    """What to ask the policy simulator: each statement's actions, on examples of its resources, in its condition.

    The simulator takes a resource as it stands, so that a wildcard would have to be covered by the very same one.
    """
    return [
        {
            "actions": statement["Action"],
            "resources": [resource if resource == "*" else example(resource) for resource in statement["Resource"]],
            "context": {
                key: wanted[0] if isinstance(wanted, list) else wanted
                for keys in statement.get("Condition", {}).values()
                for key, wanted in keys.items()
            },
        }
        for statement in found
    ]


def example(resource: str) -> str:
    """A resource that this pattern matches."""
    return resource.replace("*", "example")


def _covers(wide: str, narrow: str) -> bool:
    return fnmatch.fnmatchcase(narrow, wide)


def _statement(actions: list[str], resources: list[str], scope: Scope) -> Document:
    condition = {"Condition": scope["condition"]} if scope.get("condition") else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **condition}


def _within(statement: Document, limit: int) -> list[Document]:
    """The statement, its actions divided where it alone is too long."""
    if size(_document([statement])) <= limit or len(statement["Action"]) == 1:
        return [statement]
    half = len(statement["Action"]) // 2
    first, second = statement["Action"][:half], statement["Action"][half:]
    return [*_within({**statement, "Action": first}, limit), *_within({**statement, "Action": second}, limit)]


def _document(parts: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": parts}


__all__ = ("MANAGED_POLICY_LIMIT", "NoScope", "by_verb", "checks", "documents", "example", "statements")
