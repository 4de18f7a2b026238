# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The rules of a web ACL as they are given and as AWS shows them, in one normal form. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput

Rule = dict[str, t.Any]

# A change replaces all of these, so that what is not managed is sent again as it is.
# https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateWebACL.html
SETTINGS = (
    *("DefaultAction", "Description", "Rules", "VisibilityConfig", "DataProtectionConfig", "CustomResponseBodies"),
    *("CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig", "OnSourceDDoSProtectionConfig"),
)
# https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
RATE_LIMITS = (10, 2_000_000_000)
RATE_WINDOWS = (60, 120, 300, 600)
# The one member of a rule that AWS takes and shows as bytes.
# https://docs.aws.amazon.com/waf/latest/APIReference/API_ByteMatchStatement.html
_BINARY = "SearchString"
_GROUPS = frozenset({"ManagedRuleGroupStatement", "RuleGroupReferenceStatement"})


def visibility(name: str, *, sampled: bool) -> dict[str, t.Any]:
    return {"SampledRequestsEnabled": sampled, "CloudWatchMetricsEnabled": True, "MetricName": name}


def check(rules: t.Sequence[Rule]) -> None:
    """What AWS would refuse, before anything is touched."""
    for number, rule in enumerate(rules):
        where = f"rules[{number}]"
        for key, kind in (("Name", str), ("Priority", int), ("Statement", dict)):
            if not isinstance(rule.get(key), kind):
                raise InvalidInput(f"{where}: {key} is missing, or no {kind.__name__}.")
        if len(rule["Statement"]) != 1:
            raise InvalidInput(f"{where}: Statement holds {len(rule['Statement'])} statements, and has to hold one.")
        [(kind_of_statement, said)] = rule["Statement"].items()
        wanted, other = ("OverrideAction", "Action") if kind_of_statement in _GROUPS else ("Action", "OverrideAction")
        if wanted not in rule or other in rule:
            raise InvalidInput(f"{where}: a rule with a {kind_of_statement} has {wanted}, and no {other}.")
        if kind_of_statement == "RateBasedStatement":
            _check_rate(where, said)
    for key in ("Name", "Priority"):
        values = [rule[key] for rule in rules]
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise InvalidInput(f"rules: {key} {', '.join(twice)} is there more than once.")


def _check_rate(where: str, said: t.Mapping[str, t.Any]) -> None:
    least, most = RATE_LIMITS
    limit = said.get("Limit")
    if not isinstance(limit, int) or not least <= limit <= most:
        raise InvalidInput(f"{where}: Limit is {limit!r}, and has to be {least} to {most} requests.")
    if said.get("EvaluationWindowSec", RATE_WINDOWS[-2]) not in RATE_WINDOWS:
        raise InvalidInput(f"{where}: EvaluationWindowSec has to be one of {', '.join(map(str, RATE_WINDOWS))}.")


def normal(rules: t.Sequence[Rule], *, sampled: bool) -> list[Rule]:
    """In the order in which they are asked, defaults written out, and lists whose order means nothing sorted."""
    found = []
    for rule in sorted(rules, key=lambda each: int(each["Priority"])):
        filled = _without_nothing({"VisibilityConfig": visibility(rule["Name"], sampled=sampled), **rule})
        found.append(filled)
    return found


def _without_nothing(node: t.Any) -> t.Any:
    """An empty mapping stands for something here: an action such as Block is one."""
    if isinstance(node, t.Mapping):
        plain = {key: _without_nothing(value) for key, value in node.items() if value is not None}
        overrides = plain.get("RuleActionOverrides")
        if isinstance(overrides, list):
            plain["RuleActionOverrides"] = sorted(overrides, key=lambda each: str(each.get("Name")))
        if "Limit" in plain and "AggregateKeyType" in plain:
            plain.setdefault("EvaluationWindowSec", 300)
        return plain
    if isinstance(node, list):
        return [_without_nothing(each) for each in node]
    # What is no text keeps its bytes: `as_sent` makes the same of it again.
    return node.decode("utf-8", "surrogateescape") if isinstance(node, bytes) else node


def as_sent(node: t.Any) -> t.Any:
    """Rules in their normal form as AWS takes them."""
    if isinstance(node, t.Mapping):
        return {
            key: value.encode("utf-8", "surrogateescape")
            if key == _BINARY and isinstance(value, str)
            else as_sent(value)
            for key, value in node.items()
        }
    return [as_sent(each) for each in node] if isinstance(node, list) else node


__all__ = ("SETTINGS", "Rule", "as_sent", "check", "normal", "visibility")
