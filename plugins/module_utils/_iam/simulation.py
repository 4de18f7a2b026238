# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What a principal may not do, according to IAM's policy simulator."""

from __future__ import annotations

import functools
import re
import typing as t

from .._at_once import at_once
from .._aws import DENIED_CODES, AwsCallError, error_code
from . import api

Check = t.Mapping[str, t.Any]

# AWS names no limit of actions for a call; this keeps an answer within one page.
_ACTIONS_A_CALL = 50
_ASSUMED_ROLE = re.compile(r"^arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<name>[^/]+)/")
_SIMULATED = re.compile(r"^arn:[\w-]+:iam::\d{12}:(user|role|group)/")


class CannotSimulate(Exception):
    """The simulator has no answer for this principal; the message says why."""


def principal_of(caller_arn: str, find_role: t.Callable[[str], t.Mapping[str, t.Any] | None]) -> str:
    """The user or role whose policies the caller has.

    The ARN of a role's session lacks the role's path, which only the role itself tells.
    """
    session = _ASSUMED_ROLE.match(caller_arn)
    if session:
        try:
            role = find_role(session["name"])
        except AwsCallError:
            role = None
        return role["Arn"] if role else f"arn:{session['partition']}:iam::{session['account']}:role/{session['name']}"
    if _SIMULATED.match(caller_arn):
        return caller_arn
    kind = "the root user" if caller_arn.endswith(":root") else "no user or role"
    raise CannotSimulate(f"{caller_arn} is {kind}, whose permissions IAM cannot simulate")


def missing(client: t.Any, principal: str, checks: t.Iterable[Check]) -> list[dict[str, str]]:
    """The actions that are allowed on none of the resources that they were asked for."""
    answered = at_once(*(functools.partial(_results, client, principal, check) for check in checks))
    return [result for results in answered for result in results if result["decision"] != "allowed"]


def _results(client: t.Any, principal: str, check: Check) -> list[dict[str, str]]:
    answers: dict[str, list[dict[str, t.Any]]] = {}
    for actions in _batches(check["actions"]):
        for answer in _simulated(client, principal, actions, check):
            answers.setdefault(answer["EvalActionName"], []).append(answer)
    return [_judged(action, check["resources"][0], answers.get(action, [])) for action in check["actions"]]


def _judged(action: str, resource: str, answers: list[dict[str, t.Any]]) -> dict[str, str]:
    """What the simulator says of an action on several resources: one where it is allowed is enough."""
    allowed = any(answer["EvalDecision"] == "allowed" for answer in answers)
    denied = [answer for answer in answers if answer["EvalDecision"] == "explicitDeny"]
    worst = next(iter(denied or answers), {})
    return {
        "action": action,
        "resource": resource,
        "decision": "allowed" if allowed else worst.get("EvalDecision", "implicitDeny"),
        "reason": "" if allowed else _reason(worst),
    }


def _simulated(client: t.Any, principal: str, actions: list[str], check: Check) -> list[dict[str, t.Any]]:
    request: dict[str, t.Any] = {"PolicySourceArn": principal, "ActionNames": actions}
    if list(check["resources"]) != ["*"]:
        request["ResourceArns"] = list(check["resources"])
    if check.get("context"):
        request["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [str(value)], "ContextKeyType": "string"}
            for key, value in check["context"].items()
        ]
    try:
        return api.simulate(client, request=request)
    except AwsCallError as error:
        code = error_code(error)
        if code == "InvalidInput" and len(actions) > 1:
            # The simulator takes no actions together that need different information; one at a time it takes them.
            return [answer for action in actions for answer in _simulated(client, principal, [action], check)]
        if code in DENIED_CODES:
            raise CannotSimulate("the caller may not simulate: it lacks iam:SimulatePrincipalPolicy") from error
        if code == "NoSuchEntity":
            raise CannotSimulate(f"IAM finds no {principal}") from error
        raise


def _batches(actions: t.Sequence[str]) -> t.Iterator[list[str]]:
    for start in range(0, len(actions), _ACTIONS_A_CALL):
        yield list(actions[start : start + _ACTIONS_A_CALL])


def _reason(answer: t.Mapping[str, t.Any]) -> str:
    if answer.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        return "a service control policy of the organisation does not allow it"
    if answer.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary") is False:
        return "the permissions boundary does not allow it"
    return "a policy denies it" if answer.get("EvalDecision") == "explicitDeny" else "no policy allows it"


__all__ = ("CannotSimulate", "missing", "principal_of")
