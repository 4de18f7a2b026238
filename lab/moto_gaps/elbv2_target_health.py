"""Targets and their health: moto calls every registered target healthy; here the balancer says what it found.

Also: a target is its id and its port, and one that is taken out drains for a while.
"""

from __future__ import annotations

import threading
import typing as t

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, replaces
from lab.moto_gaps.elbv2_target_groups import deregistration_delay, find

Target = tuple[str, int]
Health = tuple[str, str, str]

_lock = threading.RLock()
# target group ARN -> target -> is it draining
_registered: dict[str, dict[Target, bool]] = {}
_reported: dict[str, dict[Target, Health]] = {}

_INITIAL: Health = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_NOT_IN_USE: Health = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
_STOPPED: Health = ("unused", "Target.InvalidState", "Target is in the stopped state")
_NOT_REGISTERED: Health = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
_DRAINING: Health = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


@current.on_reset
def clear() -> None:
    with _lock:
        _registered.clear()
        _reported.clear()


def apply() -> None:
    replaces("elbv2", "RegisterTargets")(register)
    replaces("elbv2", "DeregisterTargets")(deregister)
    replaces("elbv2", "DescribeTargetHealth")(describe)


def report(target_group_arn: str, states: dict[Target, Health]) -> None:
    """What the balancer found: `{(target id, port): (state, reason, description)}`, both words empty when healthy."""
    with _lock:
        changed = _reported.get(target_group_arn) != states
        _reported[target_group_arn] = dict(states)
    ctx = current.context()
    if changed and ctx is not None:
        ctx.generations.bump("elbv2")


def _target(group: t.Any, wanted: Params) -> Target:
    return wanted["Id"], int(wanted.get("Port") or group.port)


def register(call: Call, params: Params) -> Params:
    group = find(backend("elbv2", call.region), params["TargetGroupArn"])
    targets = [_target(group, wanted) for wanted in params["Targets"]]
    if group.target_type == "instance":
        for target_id, _port in targets:
            _check_instance(call.region, group, target_id)
    with _lock:
        known = _registered.setdefault(group.arn, {})
        for target in targets:
            if known.get(target) is not False:
                # Whatever was found out about an earlier registration is no longer true.
                _reported.get(group.arn, {}).pop(target, None)
            known[target] = False
    return {}


def _check_instance(region: str, group: t.Any, instance_id: str) -> None:
    instance = backend("ec2", region).get_instance_by_id(instance_id)
    if instance is None or instance.state in {"terminated", "shutting-down"}:
        raise AwsError("InvalidTarget", f"The following targets are not valid instances: '{instance_id}'")
    if instance.state != "running":
        raise AwsError("InvalidTarget", f"The following targets are not in a running state and cannot be registered: '{instance_id}'")  # fmt: skip  # noqa: E501
    if instance.vpc_id != group.vpc_id:
        raise AwsError("InvalidTarget", f"The following targets are not in the target group VPC '{group.vpc_id}': '{instance_id}'")  # fmt: skip  # noqa: E501


def deregister(call: Call, params: Params) -> Params:
    """Without a port, all of a target's registrations go."""
    group = find(backend("elbv2", call.region), params["TargetGroupArn"])
    with _lock:
        known = _registered.setdefault(group.arn, {})
        leaving = []
        for wanted in params["Targets"]:
            matching = [
                target for target in known if target[0] == wanted["Id"] and wanted.get("Port") in {None, target[1]}
            ]
            if not matching:
                raise AwsError("InvalidTarget", f"The following targets are not registered: '{wanted['Id']}'")
            leaving += matching
        for target in leaving:
            known[target] = True
    # Connections end within the delay; like everything asynchronous it is no longer than the lab's settling time.
    seconds = min(float(deregistration_delay(group)), current.settle_seconds())
    current.later("elbv2", lambda: _gone(group.arn, leaving), seconds)
    return {}


def _gone(arn: str, leaving: list[Target]) -> None:
    with _lock:
        known = _registered.get(arn, {})
        for target in leaving:
            # Registered again meanwhile?
            if known.get(target):
                del known[target]


def describe(call: Call, params: Params) -> Params:
    elb = backend("elbv2", call.region)
    group = find(elb, params["TargetGroupArn"])
    with _lock:
        _forget_terminated(call.region, group)
        known = dict(_registered.get(group.arn, {}))
    asked = [_target(group, wanted) for wanted in params.get("Targets") or []] or list(known)
    return {
        "TargetHealthDescriptions": [
            _described(group, target, _health(call.region, group, target, known)) for target in asked
        ]
    }


def _forget_terminated(region: str, group: t.Any) -> None:
    """A terminated instance leaves its target groups by itself."""
    if group.target_type != "instance":
        return
    ec2 = backend("ec2", region)
    for target in list(_registered.get(group.arn, {})):
        instance = ec2.get_instance_by_id(target[0])
        if instance is None or instance.state == "terminated":
            del _registered[group.arn][target]


def _health(region: str, group: t.Any, target: Target, known: dict[Target, bool]) -> Health:
    if target not in known:
        return _NOT_REGISTERED
    if known[target]:
        return _DRAINING
    if not group.load_balancer_arns:
        return _NOT_IN_USE
    if group.target_type == "instance":
        instance = backend("ec2", region).get_instance_by_id(target[0])
        if instance is not None and instance.state in {"stopped", "stopping"}:
            return _STOPPED
    with _lock:
        return _reported.get(group.arn, {}).get(target, _INITIAL)


def _described(group: t.Any, target: Target, health: Health) -> Params:
    state, reason, words = health
    shown: Params = {"State": state}
    if reason:
        shown["Reason"] = reason
    if words:
        shown["Description"] = words
    check_port = group.health_check_port
    return {
        "Target": {"Id": target[0], "Port": target[1]},
        "HealthCheckPort": str(target[1] if check_port in {None, "traffic-port"} else check_port),
        "TargetHealth": shown,
    }
