"""May a role do something? A small evaluation of IAM policy documents: explicit deny, then allow, else no.

It knows actions, resources with wildcards, and the string and ARN conditions; a condition it does not know makes an
Allow not count, so that it errs on the side of AWS's default, which is to refuse.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import functools
import json
import re
import typing as t

Document = dict[str, t.Any]
_COMPARISONS = {"StringEquals", "StringLike", "ArnEquals", "ArnLike"}


def as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def allows(documents: t.Iterable[Document], action: str, resource: str, context: dict[str, str] | None = None) -> bool:
    statements = [s for document in documents for s in as_list(document.get("Statement"))]
    applying = [s for s in statements if _applies(s, action, resource, context or {})]
    return bool(applying) and all(s.get("Effect") == "Allow" for s in applying)


def trusts(document: Document, service: str) -> bool:
    """Does a role's trust policy let this AWS service assume it?"""
    for statement in as_list(document.get("Statement")):
        principal = statement.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and service in services:
            return any(_matches(pattern, "sts:AssumeRole") for pattern in as_list(statement.get("Action")))
    return False


@functools.lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    return re.compile("".join(parts) + r"\Z", re.IGNORECASE | re.DOTALL)


def _matches(pattern: str, value: str) -> bool:
    return _pattern(pattern).match(value) is not None


def _applies(statement: Document, action: str, resource: str, context: dict[str, str]) -> bool:
    if "NotAction" in statement:
        action_fits = not any(_matches(p, action) for p in as_list(statement["NotAction"]))
    else:
        action_fits = any(_matches(p, action) for p in as_list(statement.get("Action")))
    if "NotResource" in statement:
        resource_fits = not any(_matches(p, resource) for p in as_list(statement["NotResource"]))
    else:
        resource_fits = any(_matches(p, resource) for p in as_list(statement.get("Resource")))
    return action_fits and resource_fits and _conditions_hold(statement.get("Condition") or {}, context)


def _conditions_hold(conditions: dict[str, dict[str, t.Any]], context: dict[str, str]) -> bool:
    for operator, wanted in conditions.items():
        if operator not in _COMPARISONS:
            return False
        for key, patterns in wanted.items():
            value = context.get(key.lower())
            if value is None or not any(_matches(str(p), value) for p in as_list(patterns)):
                return False
    return True


def documents_of_role(iam: t.Any, role_name: str) -> list[Document]:
    """All policy documents of a role, inline and attached."""
    documents = []
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role_name):
        for name in page["PolicyNames"]:
            documents.append(iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"])
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            documents.append(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
    return [json.loads(d) if isinstance(d, str) else d for d in documents]
