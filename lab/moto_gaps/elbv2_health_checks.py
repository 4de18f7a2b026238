"""Health checks that change: moto forgets the matcher of a network balancer's target group, and keeps path and matcher
when a check by HTTP becomes one by TCP.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.operations import Params, amends, backend

_APPLICATION = {"HTTP", "HTTPS"}


def apply() -> None:
    amends("elbv2", "ModifyTargetGroup")(modify)


def modify(call: Call, params: Params, output: Params) -> None:
    group = backend("elbv2", call.region).target_groups[params["TargetGroupArn"]]
    if group.protocol in _APPLICATION:
        return
    shown = output["TargetGroups"][0]
    if group.health_check_protocol in _APPLICATION:
        group.matcher = params.get("Matcher") or group.matcher or {"HttpCode": "200-399"}
        group.health_check_path = group.health_check_path or "/"
        shown.update(Matcher=group.matcher, HealthCheckPath=group.health_check_path)
    else:
        group.matcher, group.health_check_path = {}, None
        shown.pop("Matcher", None)
        shown.pop("HealthCheckPath", None)
