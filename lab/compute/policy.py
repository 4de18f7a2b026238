"""May a role do something? A small evaluation of IAM policy documents: explicit deny, then allow, else no.

It knows actions, resources with wildcards, and the string, ARN, IP address, Bool and Null conditions with their Not and
IfExists forms. A condition it does not know makes an Allow not count and a Deny count, so that it errs on the side of
AWS's default, which is to refuse.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
import typing as t

Document = dict[str, t.Any]
Context = dict[str, str]
# Whether an operator wants one of its values to match or none to.
_COMPARISONS = {
    "StringEquals": True,
    "StringEqualsIgnoreCase": True,
    "StringLike": True,
    "StringNotEquals": False,
    "StringNotEqualsIgnoreCase": False,
    "StringNotLike": False,
    "ArnEquals": True,
    "ArnLike": True,
    "ArnNotEquals": False,
    "ArnNotLike": False,
    "Bool": True,
    "IpAddress": True,
    "NotIpAddress": False,
}


def as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def allows(documents: t.Iterable[Document], action: str, resource: str, context: Context | None = None) -> bool:
    return decide(documents, action, resource, context) == "allowed"


def decide(documents: t.Iterable[Document], action: str, resource: str, context: Context | None = None) -> str:
    """`allowed`, `explicitDeny` or `implicitDeny`, in the words of the policy simulator."""
    known = {key.lower(): value for key, value in (context or {}).items()}
    statements = [s for document in documents for s in as_list(document.get("Statement"))]
    effects = {s.get("Effect") for s in statements if _applies(s, action, resource, known)}
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def may_allow(documents: t.Iterable[Document], action: str, resource: str = "") -> bool:
    """Whether there are circumstances in which the action is allowed, on this resource or, without one, on any."""
    named = [s for document in documents for s in as_list(document.get("Statement")) if _names(s, action)]
    denied = any(s.get("Effect") == "Deny" and not s.get("Condition") and _on(s, resource or "*") for s in named)
    return not denied and any(s.get("Effect") == "Allow" and (not resource or _on(s, resource)) for s in named)


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


def _within(block: str, address: str) -> bool:
    network, known = ipaddress.ip_network(block, strict=False), ipaddress.ip_address(address)
    return network.version == known.version and known in network


def _names(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(_matches(p, action) for p in as_list(statement["NotAction"]))
    return any(_matches(p, action) for p in as_list(statement.get("Action")))


def _on(statement: Document, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_matches(p, resource) for p in as_list(statement["NotResource"]))
    return any(_matches(p, resource) for p in as_list(statement.get("Resource")))


def _applies(statement: Document, action: str, resource: str, context: Context) -> bool:
    if not _on(statement, resource) or not _names(statement, action):
        return False
    unknown = statement.get("Effect") == "Deny"
    return all(
        _holds(operator, key.lower(), as_list(patterns), context, unknown)
        for operator, wanted in (statement.get("Condition") or {}).items()
        for key, patterns in wanted.items()
    )


def _holds(operator: str, key: str, patterns: list[t.Any], context: Context, unknown: bool) -> bool:
    """Whether one condition holds; `unknown` is the answer where the operator is none of those above."""
    if operator == "Null":
        return any((str(pattern).lower() == "true") == (key not in context) for pattern in patterns)
    name = operator.removesuffix("IfExists")
    if name not in _COMPARISONS:
        return unknown
    if key not in context:
        # A negated comparison holds for what is not there.
        return name != operator or not _COMPARISONS[name]
    matches = _within if name.endswith("IpAddress") else _matches
    matched = any(matches(str(pattern), context[key]) for pattern in patterns)
    return matched == _COMPARISONS[name]


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
