# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A role as it is, and as it shall be."""

from __future__ import annotations

import functools
import json
import re
import typing as t

from .._at_once import at_once
from .._aws import InvalidInput
from .._compare import given
from . import api
from .documents import Document, parse, problem, same, size

Resource = dict[str, t.Any]

# What a new role gets where nothing is asked for.
UNSET: Resource = {
    "description": "",
    "max_session_duration": 3600,
    "permissions_boundary": "",
    "managed_policies": [],
    "inline_policies": {},
}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: all inline policies of a role together.
INLINE_LIMIT = 10240
_NAME = re.compile(r"^[\w+=,.@-]{1,64}$", re.ASCII)
_POLICY_NAME = re.compile(r"^[\w+=,.@-]{1,128}$", re.ASCII)


def describe(client: t.Any, name: str) -> Resource | None:
    role = api.find_role(client, name)
    if role is None:
        return None
    managed, inline = at_once(
        lambda: api.attached_policies(client, name), lambda: sorted(api.inline_policy_names(client, name))
    )
    documents = at_once(*[functools.partial(api.inline_policy, client, name, policy) for policy in inline])
    return {
        "arn": role["Arn"],
        "name": role["RoleName"],
        "path": role["Path"],
        "description": role.get("Description", ""),
        "max_session_duration": role.get("MaxSessionDuration", UNSET["max_session_duration"]),
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "assume_role_policy_document": parse(role["AssumeRolePolicyDocument"]),
        "managed_policies": managed,
        "inline_policies": dict(zip(inline, documents, strict=True)),
        "tags": api.tag_dict(role.get("Tags")),
    }


def validate(options: t.Mapping[str, t.Any]) -> None:
    if not _NAME.match(options["name"]):
        raise InvalidInput(
            f"{json.dumps(options['name'])} is no name of a role: 1 to 64 letters, digits and any of _ + = , . @ -"
        )
    trust = options["assume_role_policy_document"]
    if trust is not None and (wrong := problem(trust)):
        raise InvalidInput(f"assume_role_policy_document of {options['name']} is no trust policy: {wrong}.")
    for name, document in (options["inline_policies"] or {}).items():
        if not _POLICY_NAME.match(name):
            raise InvalidInput(f"{json.dumps(name)} in inline_policies is no name of a policy.")
        if document and (wrong := problem(document)):
            raise InvalidInput(f"The inline policy {name} of {options['name']} is no policy document: {wrong}.")


def desired(options: t.Mapping[str, t.Any], before: Resource | None) -> Resource:
    """The managed part of the role as it shall be; documents that mean the same count as unchanged."""
    current = before or {**UNSET, "assume_role_policy_document": None}
    wanted = given({key: options[key] for key in ("description", "max_session_duration", "permissions_boundary")})
    trust = options["assume_role_policy_document"]
    if trust is not None:
        there = current["assume_role_policy_document"]
        wanted["assume_role_policy_document"] = there if same(trust, there) else trust
    if options["managed_policies"] is not None:
        kept = [] if options["purge_managed_policies"] else current["managed_policies"]
        wanted["managed_policies"] = sorted({*kept, *options["managed_policies"]})
    if options["inline_policies"] is not None:
        wanted["inline_policies"] = inline_policies(
            current["inline_policies"], options["inline_policies"], purge=options["purge_inline_policies"]
        )
        total = sum(size(document) for document in wanted["inline_policies"].values())
        if total > INLINE_LIMIT:
            raise InvalidInput(
                f"The inline policies of {options['name']} would be {total} characters long; IAM takes {INLINE_LIMIT} "
                "together. Make a managed policy of one."
            )
    return wanted


def inline_policies(
    current: dict[str, Document], asked: dict[str, Document | None], *, purge: bool
) -> dict[str, Document]:
    """What stays, what is asked for, and without those whose document is empty."""
    after = {} if purge else dict(current)
    for name, document in asked.items():
        if not document:
            after.pop(name, None)
        else:
            there = current.get(name)
            after[name] = there if there and same(there, document) else document
    return dict(sorted(after.items()))
