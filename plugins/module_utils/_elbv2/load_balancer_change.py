# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What a load balancer cannot be, or cannot become once it exists; said before anything is written. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from .._compare import given
from .validation import validate_load_balancer_name, validate_range, validate_unique

Resource = dict[str, t.Any]


def validate(options: Resource, before: Resource | None) -> None:
    validate_unique("subnet_ids", options["subnet_ids"])
    validate_unique("security_group_ids", options["security_group_ids"])
    if options["subnet_ids"] == [] or (before is None and options["subnet_ids"] is None):
        raise InvalidInput("subnet_ids: a load balancer needs at least one subnet.")
    if before is None:
        validate_load_balancer_name(options["name"])
    validate_range("secondary_ips_per_subnet", options["secondary_ips_per_subnet"], 0, 7)
    logs = {**(before or {}).get("access_logs", {}), **given(options["access_logs"] or {})}
    if logs.get("enabled") and not logs.get("bucket"):
        raise InvalidInput("access_logs: enabled needs the name of a bucket.")
    groups = options["security_group_ids"]
    current = before["security_group_ids"] if before else []
    if options["enforce_privatelink_rules"] is not None and not (current if groups is None else groups):
        raise InvalidInput(
            "enforce_privatelink_rules: without security groups there are no rules; give security_group_ids."
        )
    if before is not None:
        _validate_change(options, before)


def _validate_change(options: Resource, before: Resource) -> None:
    """What AWS can never change about a load balancer that exists."""
    name, groups, current = before["name"], options["security_group_ids"], before["security_group_ids"]
    if options["scheme"] not in (None, before["scheme"]):
        raise InvalidInput(
            f"scheme: the load balancer {name} is {before['scheme']}, and AWS cannot change that. "
            "Leave scheme out, or create another load balancer under another name."
        )
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
    if groups and not current:
        raise InvalidInput(
            f"security_group_ids: the load balancer {name} was created without security groups, and AWS attaches the "
            "first one only at creation. Two ways out. Keep it: leave security_group_ids and enforce_privatelink_rules "
            "out; it then takes connections from wherever the network lets them come, through a VPC link of version 1 "
            "above all, and the groups of the targets must admit its addresses. Or replace it: create another load "
            "balancer under another name with security_group_ids, move the listeners and whatever points at it (a VPC "
            "link, for one), then delete this one."
        )
    if groups == [] and current:
        raise InvalidInput(
            f"security_group_ids: the load balancer {name} has security groups, and AWS never takes the last one away. "
            "Give at least one, or create a replacement under another name without."
        )
    addresses = before["secondary_ips_per_subnet"]
    if options["secondary_ips_per_subnet"] is not None and options["secondary_ips_per_subnet"] < addresses:
        raise InvalidInput(
            f"secondary_ips_per_subnet: the load balancer {name} has {addresses}, and AWS takes none back. "
            "Leave the option out, or create another load balancer under another name."
        )


__all__ = ("validate",)
