"""Target groups of network load balancers: moto has an application balancer's attributes and defaults for them."""

from __future__ import annotations

import re
import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, replaces

_NAME = re.compile(r"^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$")
_NETWORK = {"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"}
_FLAG = re.compile(r"^(true|false)$")
# key -> (default, what a value looks like); https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_TCP: dict[str, tuple[str, re.Pattern[str]]] = {
    "deregistration_delay.timeout_seconds": (
        "300",
        re.compile(r"^([0-9]|[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)$"),
    ),
    "deregistration_delay.connection_termination.enabled": ("false", _FLAG),
    "preserve_client_ip.enabled": ("true", _FLAG),
    "proxy_protocol_v2.enabled": ("false", _FLAG),
    "stickiness.enabled": ("false", _FLAG),
    "stickiness.type": ("source_ip", re.compile("^source_ip$")),
    "load_balancing.cross_zone.enabled": (
        "use_load_balancer_configuration",
        re.compile("^(true|false|use_load_balancer_configuration)$"),
    ),
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1", re.compile(r"^(off|\d+)$")),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ("off", re.compile(r"^(off|\d{1,3})$")),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ("1", re.compile(r"^\d+$")),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": (
        "off",
        re.compile(r"^(off|\d{1,3})$"),
    ),
    "target_health_state.unhealthy.connection_termination.enabled": ("true", _FLAG),
    "target_health_state.unhealthy.draining_interval_seconds": ("0", re.compile(r"^\d{1,6}$")),
}
_SETTINGS = (
    "Protocol", "Port", "VpcId", "TargetType", "ProtocolVersion", "IpAddressType", "HealthCheckProtocol",
    "HealthCheckPort", "HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount", "UnhealthyThresholdCount", "Matcher", "HealthCheckEnabled",
)  # fmt: skip


def apply() -> None:
    replaces("elbv2", "CreateTargetGroup")(create)
    replaces("elbv2", "DescribeTargetGroupAttributes")(describe_attributes)
    replaces("elbv2", "ModifyTargetGroupAttributes")(modify_attributes)


def find(elb: t.Any, arn: str) -> t.Any:
    if arn not in elb.target_groups:
        raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return elb.target_groups[arn]


def create(call: Call, params: Params) -> Params | None:
    from lab.control.operations import forward

    if not _NAME.match(params["Name"]):
        raise AwsError("ValidationError", f"Target group name '{params['Name']}' is not valid")
    _check_health(params)
    elb = backend("elbv2", call.region)
    settings = {name: params.get(name) for name in _SETTINGS}
    same = next((group for group in elb.target_groups.values() if group.name == params["Name"]), None)
    if same is not None:
        if getattr(same, "lab_settings", None) != settings:
            raise AwsError(
                "DuplicateTargetGroupName",
                f"A target group with the same name '{params['Name']}' exists, but with different settings",
            )
        return forward(call, "DescribeTargetGroups", {"TargetGroupArns": [same.arn]})
    if params.get("Protocol") in _NETWORK:
        # A network balancer's checks: 10 s for TCP, 6 s for HTTP unless asked otherwise.
        checks_http = params.get("HealthCheckProtocol") in {"HTTP", "HTTPS"}
        defaults: Params = {"HealthCheckTimeoutSeconds": 6 if checks_http else 10, "HealthCheckProtocol": "TCP"}
        if checks_http:
            defaults.update(HealthCheckPath="/", Matcher={"HttpCode": "200-399"})
        params = {**defaults, **params}
    output = forward(call, "CreateTargetGroup", params)
    elb.target_groups[output["TargetGroups"][0]["TargetGroupArn"]].lab_settings = settings
    return output


def _check_health(params: Params) -> None:
    protocol = params.get("HealthCheckProtocol")
    if params.get("Protocol") in _NETWORK:
        if protocol not in {None, "TCP", "HTTP", "HTTPS"}:
            raise AwsError(
                "ValidationError", f"Health check protocol '{protocol}' is not supported with TCP target groups"
            )
        if protocol in {None, "TCP"} and (params.get("HealthCheckPath") or params.get("Matcher")):
            raise AwsError(
                "InvalidConfigurationRequest", "Health check paths and matchers are for HTTP and HTTPS checks"
            )
    interval, timeout = params.get("HealthCheckIntervalSeconds"), params.get("HealthCheckTimeoutSeconds")
    if interval and timeout and timeout > interval:
        raise AwsError("ValidationError", "Health check timeout must not be longer than the interval")


def _attributes_of(group: t.Any) -> dict[str, str]:
    defaults = {key: default for key, (default, _) in _TCP.items()}
    if group.target_type == "ip" and group.protocol in {"TCP", "TLS"}:
        defaults["preserve_client_ip.enabled"] = "false"
    return {**defaults, **getattr(group, "lab_attributes", {})}


def _shown(group: t.Any) -> Params:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in _attributes_of(group).items()]}


def describe_attributes(call: Call, params: Params) -> Params | None:
    group = find(backend("elbv2", call.region), params["TargetGroupArn"])
    return _shown(group) if group.protocol in _NETWORK else None


def modify_attributes(call: Call, params: Params) -> Params | None:
    group = find(backend("elbv2", call.region), params["TargetGroupArn"])
    if group.protocol not in _NETWORK:
        return None
    changed = {one["Key"]: one["Value"] for one in params["Attributes"]}
    for key, value in changed.items():
        if key not in _TCP:
            raise AwsError("InvalidConfigurationRequest", f"Target group attribute key '{key}' is not recognized")
        if not _TCP[key][1].match(value):
            raise AwsError("ValidationError", f"Target group attribute '{key}' does not take the value '{value}'")
    group.lab_attributes = {**getattr(group, "lab_attributes", {}), **changed}
    return _shown(group)


def deregistration_delay(group: t.Any) -> int:
    return int(_attributes_of(group)["deregistration_delay.timeout_seconds"])
