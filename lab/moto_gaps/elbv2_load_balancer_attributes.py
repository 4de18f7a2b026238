"""Attributes of network load balancers: moto takes any value, knows no default, and logs to buckets that are not there.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
"""

from __future__ import annotations

import re
import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards
from lab.moto_gaps.elbv2_load_balancers import find

_FLAG = re.compile("^(true|false)$")
_ADDRESSES = "secondary_ips.auto_assigned.per_subnet"
# key -> (default, what a value looks like)
_NETWORK: dict[str, tuple[str, re.Pattern[str]]] = {
    "access_logs.s3.enabled": ("false", _FLAG),
    "access_logs.s3.bucket": ("", re.compile(r"^[a-z0-9.-]{0,63}$")),
    "access_logs.s3.prefix": ("", re.compile(r"^[^/].*$|^$")),
    "deletion_protection.enabled": ("false", _FLAG),
    "dns_record.client_routing_policy": (
        "any_availability_zone",
        re.compile("^(availability_zone_affinity|partial_availability_zone_affinity|any_availability_zone)$"),
    ),
    "ipv6.deny_all_igw_traffic": ("false", _FLAG),
    "load_balancing.cross_zone.enabled": ("false", _FLAG),
    _ADDRESSES: ("0", re.compile("^[0-7]$")),
    "zonal_shift.config.enabled": ("false", _FLAG),
}


def apply() -> None:
    guards("elbv2", "ModifyLoadBalancerAttributes")(check)
    amends("elbv2", "DescribeLoadBalancerAttributes")(fill)


def check(call: Call, params: Params) -> None:
    balancer = find(backend("elbv2", call.region), params["LoadBalancerArn"])
    if balancer.type != "network":
        return
    changed = {one["Key"]: one.get("Value", "") for one in params["Attributes"]}
    for key, value in changed.items():
        if key not in _NETWORK:
            raise AwsError("InvalidConfigurationRequest", f"Load balancer attribute key '{key}' is not recognized")
        if not _NETWORK[key][1].match(value):
            raise AwsError("InvalidConfigurationRequest", f"Attribute '{key}' does not take the value '{value}'")
    current = {key: balancer.attrs.get(key, default) for key, (default, _) in _NETWORK.items()}
    if int(changed.get(_ADDRESSES, "7")) < int(current[_ADDRESSES]):
        raise AwsError("InvalidConfigurationRequest", "The number of secondary IP addresses cannot be decreased")
    _check_logs({**current, **changed})


def _check_logs(wanted: dict[str, t.Any]) -> None:
    if wanted["access_logs.s3.enabled"] != "true":
        return
    bucket = wanted["access_logs.s3.bucket"]
    if not bucket:
        raise AwsError("InvalidConfigurationRequest", "The bucket for access logs must be given")
    if bucket not in backend("s3", "aws").buckets:
        raise AwsError(
            "InvalidConfigurationRequest", f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
        )


def fill(call: Call, params: Params, output: Params) -> None:
    balancer = find(backend("elbv2", call.region), params["LoadBalancerArn"])
    if balancer.type == "network":
        given = {one["Key"]: one["Value"] for one in output["Attributes"]}
        known = {key: given.get(key, default) for key, (default, _) in _NETWORK.items()}
        output["Attributes"] = [{"Key": key, "Value": value} for key, value in known.items()]
