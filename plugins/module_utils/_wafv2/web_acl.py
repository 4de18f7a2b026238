# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The rules of a web ACL as they are given and as AWS shows them, in one normal form. Pure."""

from __future__ import annotations

import base64
import binascii
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
# What is no text is written like this: Ansible takes and shows nothing else.
_BASE64 = "base64:"
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
        _check_searched(where, rule)
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


def _check_searched(where: str, node: t.Any) -> None:
    for key, value in (
        node.items() if isinstance(node, t.Mapping) else enumerate(node) if isinstance(node, list) else ()
    ):
        if key == _BINARY and isinstance(value, str):
            try:
                _bytes(value)
            except binascii.Error as error:
                raise InvalidInput(
                    f"{where}: {_BINARY} is {value!r}, and no Base64 after {_BASE64}: {error}."
                ) from error
        _check_searched(where, value)


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
        if isinstance(plain.get(_BINARY), str):
            plain[_BINARY] = _text(_bytes(plain[_BINARY]))
        overrides = plain.get("RuleActionOverrides")
        if isinstance(overrides, list):
            plain["RuleActionOverrides"] = sorted(overrides, key=lambda each: str(each.get("Name")))
        if "Limit" in plain and "AggregateKeyType" in plain:
            plain.setdefault("EvaluationWindowSec", 300)
        return plain
    if isinstance(node, list):
        return [_without_nothing(each) for each in node]
    return _text(node) if isinstance(node, bytes) else node


def as_sent(node: t.Any) -> t.Any:
    """Rules in their normal form as AWS takes them."""
    if isinstance(node, t.Mapping):
        return {
            key: _bytes(value) if key == _BINARY and isinstance(value, str) else as_sent(value)
            for key, value in node.items()
        }
    return [as_sent(each) for each in node] if isinstance(node, list) else node


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = _BASE64
    return f"{_BASE64}{base64.b64encode(value).decode()}" if text.startswith(_BASE64) else text


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.removeprefix(_BASE64), validate=True) if text.startswith(_BASE64) else text.encode()


__all__ = ("SETTINGS", "Rule", "as_sent", "check", "normal", "visibility")
