"""SimulatePrincipalPolicy: moto has none. The policies of a user (with its groups) or role are evaluated for real.

Inline and attached policies and the permissions boundary count. Not here: service control policies, which the lab has
none of, and resource-based policies; policy variables are not substituted.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import unquote

from lab.compute import policy
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import backend, replaces

_ENTITY = re.compile(r"^arn:aws[\w-]*:iam::\d{12}:(?P<kind>user|role|group)/(?:.*/)?(?P<name>[\w+=,.@-]+)$")
_ACTION = re.compile(r"^(\*|[\w-]+:[\w*?]+)$")


def apply() -> None:
    replaces("iam", "SimulatePrincipalPolicy")(simulate)


def simulate(call: Call, params: dict[str, t.Any]) -> dict[str, t.Any]:
    found = _ENTITY.match(params["PolicySourceArn"])
    if found is None:
        raise AwsError(
            "InvalidInput", f"Invalid Entity Arn: {params['PolicySourceArn']} does not clearly define entity"
        )
    documents, boundary = policies_of(found["kind"], found["name"])
    documents += [parsed(text) for text in params.get("PolicyInputList") or []]
    context = {
        entry["ContextKeyName"]: entry["ContextKeyValues"][0]
        for entry in params.get("ContextEntries") or []
        if entry.get("ContextKeyName") and entry.get("ContextKeyValues")
    }
    results = []
    for action in params["ActionNames"]:
        if not _ACTION.match(action):
            raise AwsError("InvalidInput", f"Invalid Action: {action}")
        for resource in params.get("ResourceArns") or ["*"]:
            results.append(_result(documents, boundary, action, resource, context))
    # Pages are cut by position, as the marker says.
    start, size = int(params.get("Marker") or 0), int(params.get("MaxItems") or 100)
    answer: dict[str, t.Any] = {"EvaluationResults": results[start : start + size]}
    answer["IsTruncated"] = start + size < len(results)
    if answer["IsTruncated"]:
        answer["Marker"] = str(start + size)
    return answer


def _result(
    documents: list[policy.Document],
    boundary: list[policy.Document] | None,
    action: str,
    resource: str,
    context: dict[str, str],
) -> dict[str, t.Any]:
    decision = policy.decide(documents, action, resource, context)
    result: dict[str, t.Any] = {"EvalActionName": action, "EvalResourceName": resource, "MatchedStatements": []}
    if boundary is not None:
        within = policy.decide(boundary, action, resource, context)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within == "allowed"}
        if within != "allowed" and decision == "allowed":
            decision = within
    return {**result, "EvalDecision": decision}


def policies_of(kind: str, name: str) -> tuple[list[policy.Document], list[policy.Document] | None]:
    """What an entity's policies say, and its permissions boundary."""
    iam = backend("iam", "aws")
    entities = {"user": iam.users, "role": iam.roles, "group": iam.groups}[kind].values()
    entity = next((each for each in entities if each.name == name), None)
    if entity is None:
        raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
    holders = [entity]
    if kind == "user":
        holders += [group for group in iam.groups.values() if entity in group.users]
    documents = [parsed(text) for holder in holders for text in _texts(holder)]
    # moto keeps no boundary of a user.
    arn = getattr(entity, "permissions_boundary_arn", None)
    boundary = [parsed(_default_version(iam.managed_policies[arn]))] if arn in iam.managed_policies else None
    return documents, boundary


def _texts(holder: t.Any) -> t.Iterator[t.Any]:
    yield from holder.policies.values()
    yield from (_default_version(managed) for managed in holder.managed_policies.values())


def _default_version(managed: t.Any) -> t.Any:
    return next(version.document for version in managed.versions if version.version_id == managed.default_version_id)


def parsed(document: t.Any) -> policy.Document:
    return json.loads(unquote(document)) if isinstance(document, str) else document
