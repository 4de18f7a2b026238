"""The web ACL in front of a stage, which comes before everything else that is asked of a request.

IP sets and rates by address are checked. AWS's own rule groups are not to be had here, and what a request says is not
looked at: rules with either let everything through.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
"""

from __future__ import annotations

import ipaddress
import logging
import time
import typing as t
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from lab.edge.errors import GatewayError
from lab.edge.variables import Variables

LOG = logging.getLogger(__name__)

SERVICE = "wafv2"
_UNCHECKED = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement", "ByteMatchStatement")
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True)
class WebAcl:
    arn: str
    blocks_by_default: bool
    rules: tuple[Mapping[str, t.Any], ...]
    sets: Mapping[str, Networks]
    """By the IP set's ARN."""


def load(client: t.Any, region: str, api_id: str, stage: str) -> WebAcl | None:
    """The web ACL of a stage. Blocks on the control plane."""
    resource = f"arn:aws:apigateway:{region}::/restapis/{api_id}/stages/{stage}"
    try:
        found = client.get_web_acl_for_resource(ResourceArn=resource).get("WebACL")
    except ClientError as error:
        if error.response["Error"]["Code"] == "WAFNonexistentItemException":
            return None
        raise
    if not found:
        return None
    rules = tuple(sorted(found.get("Rules") or (), key=lambda rule: int(rule["Priority"])))
    sets = {}
    for arn in {arn for rule in rules for arn in _set_arns(rule["Statement"])}:
        *_rest, name, identifier = arn.split("/")
        addresses = client.get_ip_set(Name=name, Scope="REGIONAL", Id=identifier)["IPSet"]["Addresses"]
        sets[arn] = tuple(ipaddress.ip_network(each) for each in addresses)
    for rule in rules:
        if not _is_checked(rule["Statement"]):
            LOG.warning("web ACL %s: what the rule %s asks is not checked here", found["Name"], rule["Name"])
    return WebAcl(found["ARN"], "Block" in found["DefaultAction"], rules, sets)


def _inner(said: Mapping[str, t.Any]) -> list[Mapping[str, t.Any]]:
    return said.get("Statements") or ([said["Statement"]] if "Statement" in said else [])


def _set_arns(statement: Mapping[str, t.Any]) -> set[str]:
    [(kind, said)] = statement.items()
    if kind == "IPSetReferenceStatement":
        return {said["ARN"]}
    return set().union(*map(_set_arns, _inner(said)))


def _is_checked(statement: Mapping[str, t.Any]) -> bool:
    [(kind, said)] = statement.items()
    return kind not in _UNCHECKED and all(map(_is_checked, _inner(said)))


@dataclass
class Firewall:
    """Remembers how often an address came, rule by rule."""

    now: Callable[[], float] = time.monotonic
    _came: dict[tuple[str, str, str], deque[float]] = field(default_factory=dict)

    def require_let_in(self, acl: WebAcl | None, source_ip: str, variables: Variables) -> None:
        if acl is None:
            return
        variables.update({"webaclArn": acl.arn, "waf.status": "200", "wafResponseCode": "WAF_ALLOW"})
        if self._blocks(source_ip, acl):
            variables["wafResponseCode"] = "WAF_BLOCK"
            raise GatewayError("WAF_FILTERED")

    def _blocks(self, address: str, acl: WebAcl) -> bool:
        """The first rule with an action that ends the evaluation decides, else the default."""
        for rule in acl.rules:
            action = rule.get("Action") or {}
            if self._matches(address, acl, rule) and not action.keys().isdisjoint({"Allow", "Block"}):
                return "Block" in action
        return acl.blocks_by_default

    def _matches(self, address: str, acl: WebAcl, rule: Mapping[str, t.Any]) -> bool:
        statement = rule["Statement"]
        if "RateBasedStatement" in statement:
            rate = statement["RateBasedStatement"]
            came = self._came.setdefault((acl.arn, rule["Name"], address), deque())
            now = self.now()
            came.append(now)
            while came[0] <= now - rate.get("EvaluationWindowSec", 300):
                came.popleft()
            return len(came) > rate["Limit"]
        if not _is_checked(statement):
            return False
        return _holds(ipaddress.ip_address(address), acl.sets, statement)


def _holds(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, sets: Mapping[str, Networks], statement: Mapping[str, t.Any]
) -> bool:
    [(kind, said)] = statement.items()
    if kind == "IPSetReferenceStatement":
        return any(address in network for network in sets[said["ARN"]])
    if kind == "NotStatement":
        return not _holds(address, sets, said["Statement"])
    each = (_holds(address, sets, inner) for inner in said["Statements"])
    return all(each) if kind == "AndStatement" else any(each)
