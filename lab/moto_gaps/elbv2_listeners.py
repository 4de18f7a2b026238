"""Listeners: moto takes two on one port, any target group, any attribute, and forgets to let groups go."""

from __future__ import annotations

import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards, replaces
from lab.moto_gaps.elbv2_load_balancers import find

_NETWORK_PROTOCOLS = {"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"}
_APPLICATION_PROTOCOLS = {"HTTP", "HTTPS"}
# listener protocol -> protocols of the target groups that it can forward to
_COMPATIBLE = {"TCP": {"TCP", "TCP_UDP"}, "TLS": {"TCP", "TLS"}, "UDP": {"UDP", "TCP_UDP"}, "TCP_UDP": {"TCP_UDP"}}
_IDLE = "tcp.idle_timeout.seconds"


def apply() -> None:
    guards("elbv2", "CreateListener")(check_new)
    guards("elbv2", "ModifyListener")(check_changed)
    amends("elbv2", "DeleteListener", "ModifyListener", "CreateListener")(keep_groups_true)
    amends("elbv2", "CreateListener", "DescribeListeners", "ModifyListener")(hide_policies)
    replaces("elbv2", "DescribeListenerAttributes")(describe_attributes)
    replaces("elbv2", "ModifyListenerAttributes")(modify_attributes)


def _groups_of(params: Params) -> list[str]:
    arns = []
    for action in params.get("DefaultActions") or []:
        arns += [action["TargetGroupArn"]] if action.get("TargetGroupArn") else []
        arns += [one["TargetGroupArn"] for one in (action.get("ForwardConfig") or {}).get("TargetGroups") or []]
    return list(dict.fromkeys(arns))


def check_new(call: Call, params: Params) -> None:
    elb = backend("elbv2", call.region)
    balancer = find(elb, params["LoadBalancerArn"])
    protocol, port = params.get("Protocol"), params.get("Port")
    allowed = _NETWORK_PROTOCOLS if balancer.type == "network" else _APPLICATION_PROTOCOLS
    if balancer.type != "gateway" and (protocol not in allowed or port is None):
        raise AwsError("ValidationError", f"A listener of this load balancer needs a port and one of {sorted(allowed)}")
    if any(int(listener.port) == port for listener in balancer.listeners.values()):
        raise AwsError(
            "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        )
    _check_groups(elb, balancer, protocol or "", params)


def check_changed(call: Call, params: Params) -> None:
    elb = backend("elbv2", call.region)
    balancer, listener = find_listener(elb, params["ListenerArn"])
    taken = {int(other.port) for other in balancer.listeners.values() if other.arn != listener.arn}
    if params.get("Port") in taken:
        raise AwsError(
            "DuplicateListener", f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        )
    _check_groups(elb, balancer, params.get("Protocol") or listener.protocol, params)


def _check_groups(elb: t.Any, balancer: t.Any, protocol: str, params: Params) -> None:
    for arn in _groups_of(params):
        group = elb.target_groups.get(arn)
        if group is None:
            raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
        if protocol in _COMPATIBLE and group.protocol not in _COMPATIBLE[protocol]:
            raise AwsError(
                "InvalidConfigurationRequest",
                f"Listener protocol '{protocol}' is not supported with a target group of protocol '{group.protocol}'",
            )
        if group.vpc_id != balancer.vpc_id:
            raise AwsError(
                "InvalidConfigurationRequest", f"The target group '{arn}' is in another VPC than the load balancer"
            )
        others = [known for known in group.load_balancer_arns if known != balancer.arn and known in elb.load_balancers]
        if others:
            raise AwsError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )


def find_listener(elb: t.Any, arn: str) -> tuple[t.Any, t.Any]:
    for balancer in elb.load_balancers.values():
        if arn in balancer.listeners:
            return balancer, balancer.listeners[arn]
    raise AwsError("ListenerNotFound", f"One or more listeners not found: {arn}")


def keep_groups_true(call: Call, params: Params, output: Params) -> None:
    """A target group names the balancers whose listeners forward to it, each once."""
    elb = backend("elbv2", call.region)
    for group in elb.target_groups.values():
        group.load_balancer_arns = [
            balancer.arn for balancer in elb.load_balancers.values() if group.arn in groups_behind(balancer)
        ]


def hide_policies(call: Call, params: Params, output: Params) -> None:
    """Only encrypted listeners have a security policy."""
    for listener in output.get("Listeners") or []:
        if listener.get("Protocol") not in {"HTTPS", "TLS", "QUIC", "TCP_QUIC"}:
            listener.pop("SslPolicy", None)
            listener.pop("AlpnPolicy", None)


def groups_behind(balancer: t.Any) -> set[str]:
    arns = set()
    for listener in balancer.listeners.values():
        actions = [action.data for action in listener.default_actions]
        actions += [action.data for rule in listener.rules.values() for action in getattr(rule, "actions", [])]
        arns.update(_groups_of({"DefaultActions": actions}))
    return arns


def _attributes_of(listener: t.Any) -> dict[str, str]:
    defaults = {_IDLE: "350"} if listener.protocol in {"TCP", "TCP_UDP"} else {}
    kept = getattr(listener, "lab_attributes", {})
    return {**defaults, **kept}


def _shown(listener: t.Any) -> Params:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in sorted(_attributes_of(listener).items())]}


def describe_attributes(call: Call, params: Params) -> Params | None:
    balancer, listener = find_listener(backend("elbv2", call.region), params["ListenerArn"])
    return _shown(listener) if balancer.type == "network" else None


def modify_attributes(call: Call, params: Params) -> Params | None:
    balancer, listener = find_listener(backend("elbv2", call.region), params["ListenerArn"])
    if balancer.type != "network":
        return None
    known = _attributes_of(listener)
    changed = {one["Key"]: one["Value"] for one in params["Attributes"]}
    for key, value in changed.items():
        if key not in known:
            raise AwsError(
                "InvalidConfigurationRequest", f"Listener attribute key '{key}' is not recognized for this listener"
            )
        if key == _IDLE and not (value.isdigit() and 60 <= int(value) <= 6000):
            raise AwsError("ValidationError", f"'{_IDLE}' must be between 60 and 6000")
    listener.lab_attributes = {**getattr(listener, "lab_attributes", {}), **changed}
    return _shown(listener)
