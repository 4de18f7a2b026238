# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Between AWS's answers and what the modules return. Pure."""

from __future__ import annotations

import typing as t

Resource = dict[str, t.Any]

# Option -> attribute, and what AWS assumes where an attribute was never set.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
LOAD_BALANCER_ATTRIBUTES = {
    "cross_zone": ("load_balancing.cross_zone.enabled", False),
    "deletion_protection": ("deletion_protection.enabled", False),
    "client_routing_policy": ("dns_record.client_routing_policy", "any_availability_zone"),
    "zonal_shift": ("zonal_shift.config.enabled", False),
    "secondary_ips_per_subnet": ("secondary_ips.auto_assigned.per_subnet", 0),
}
ACCESS_LOGS = {
    "enabled": ("access_logs.s3.enabled", False),
    "bucket": ("access_logs.s3.bucket", ""),
    "prefix": ("access_logs.s3.prefix", ""),
}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
LISTENER_ATTRIBUTES = {"idle_timeout_seconds": ("tcp.idle_timeout.seconds", 350)}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay_seconds": ("deregistration_delay.timeout_seconds", 300),
    "connection_termination": ("deregistration_delay.connection_termination.enabled", False),
    "cross_zone": ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    "unhealthy_connection_termination": ("target_health_state.unhealthy.connection_termination.enabled", True),
}

# Attributes that are on or off, but not only that.
_WORDS = {"true": "enabled", "false": "disabled"}
_WRITTEN = {word: value for value, word in _WORDS.items()}

AttributeTable = t.Mapping[str, tuple[str, t.Any]]


def target_group_attribute_table(target_type: str) -> dict[str, tuple[str, t.Any]]:
    """Targets by instance id see the client's address unless told otherwise; targets by IP do not."""
    return {**_TARGET_GROUP_ATTRIBUTES, "preserve_client_ip": ("preserve_client_ip.enabled", target_type == "instance")}


def read_attributes(table: AttributeTable, found: t.Mapping[str, str]) -> Resource:
    """Attributes as options: AWS writes all of them as strings."""
    return {option: _typed(found.get(key), default) for option, (key, default) in table.items()}


def write_attributes(table: AttributeTable, options: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Those of the options that are attributes, as AWS wants them."""
    return {key: _text(options[option]) for option, (key, _default) in table.items() if option in options}


def _typed(text: str | None, default: t.Any) -> t.Any:
    if text is None:
        return default
    if isinstance(default, str):
        return _WORDS.get(text, text)
    return text == "true" if isinstance(default, bool) else int(text)


def _text(value: t.Any) -> str:
    return _WRITTEN.get(value, value) if isinstance(value, str) else str(value).lower()


def load_balancer(found: Resource, attributes: t.Mapping[str, str], tags: dict[str, str]) -> Resource:
    groups = sorted(found.get("SecurityGroups") or [])
    # Without groups there is nothing to enforce, and AWS leaves the field out; with groups the default is on.
    enforce = found.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") or "on"
    return {
        "arn": found["LoadBalancerArn"],
        "name": found["LoadBalancerName"],
        "dns_name": found.get("DNSName", ""),
        "canonical_hosted_zone_id": found.get("CanonicalHostedZoneId", ""),
        "vpc_id": found.get("VpcId", ""),
        "scheme": found["Scheme"],
        "state": found.get("State", {}).get("Code", ""),
        "subnet_ids": sorted(zone["SubnetId"] for zone in found.get("AvailabilityZones", [])),
        "security_group_ids": groups,
        "enforce_privatelink_rules": enforce == "on" if groups else None,
        "access_logs": read_attributes(ACCESS_LOGS, attributes),
        **read_attributes(LOAD_BALANCER_ATTRIBUTES, attributes),
        "tags": tags,
    }


def target_group(found: Resource, attributes: t.Mapping[str, str], tags: dict[str, str]) -> Resource:
    return {
        "arn": found["TargetGroupArn"],
        "name": found["TargetGroupName"],
        "vpc_id": found.get("VpcId", ""),
        "protocol": found.get("Protocol", ""),
        "port": found.get("Port"),
        "target_type": found["TargetType"],
        "health_check": {
            "protocol": found["HealthCheckProtocol"],
            "port": found["HealthCheckPort"],
            "path": found.get("HealthCheckPath") or None,
            "interval": found["HealthCheckIntervalSeconds"],
            "timeout": found["HealthCheckTimeoutSeconds"],
            "healthy_threshold": found["HealthyThresholdCount"],
            "unhealthy_threshold": found["UnhealthyThresholdCount"],
            "matcher": found.get("Matcher", {}).get("HttpCode") or None,
        },
        **read_attributes(target_group_attribute_table(found["TargetType"]), attributes),
        "load_balancer_arns": sorted(found.get("LoadBalancerArns", [])),
        "tags": tags,
    }


def listener(found: Resource, attributes: t.Mapping[str, str], tags: dict[str, str]) -> Resource:
    return {
        "arn": found["ListenerArn"],
        "load_balancer_arn": found["LoadBalancerArn"],
        "port": found["Port"],
        "protocol": found["Protocol"],
        "target_group_arn": forwarded_to(found.get("DefaultActions", [])),
        **read_attributes(LISTENER_ATTRIBUTES, attributes),
        "tags": tags,
    }


def forwarded_to(actions: t.Sequence[Resource]) -> str:
    """The one target group that the default action forwards to; empty where it is not that simple."""
    if len(actions) != 1 or actions[0].get("Type") != "forward":
        return ""
    # AWS answers with both spellings, and with the long one alone where there are several groups.
    weighted = actions[0].get("ForwardConfig", {}).get("TargetGroups", [])
    arns = {group["TargetGroupArn"] for group in weighted} or {actions[0].get("TargetGroupArn", "")}
    return arns.pop() if len(arns) == 1 else ""


def target_state(found: Resource) -> Resource:
    health = found.get("TargetHealth", {})
    return {
        "id": found["Target"]["Id"],
        "port": found["Target"].get("Port"),
        "state": health.get("State", ""),
        "reason": health.get("Reason"),
        "description": health.get("Description"),
    }


__all__ = (
    "ACCESS_LOGS",
    "LISTENER_ATTRIBUTES",
    "LOAD_BALANCER_ATTRIBUTES",
    "forwarded_to",
    "listener",
    "load_balancer",
    "read_attributes",
    "target_group",
    "target_group_attribute_table",
    "target_state",
    "write_attributes",
)
