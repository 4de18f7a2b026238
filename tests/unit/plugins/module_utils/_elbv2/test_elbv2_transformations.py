from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._elbv2 import transformations


def forward(*arns: str) -> dict[str, t.Any]:
    groups = [{"TargetGroupArn": arn, "Weight": 1} for arn in arns]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


@pytest.mark.parametrize(
    ("actions", "arn"),
    [
        ([{"Type": "forward", "TargetGroupArn": "a"}], "a"),
        ([{**forward("a"), "TargetGroupArn": "a"}], "a"),
        ([forward("a")], "a"),
        ([forward("a", "b")], ""),
        ([{"Type": "redirect"}], ""),
        ([], ""),
    ],
)
def test_forwarded_to(actions: list[dict[str, t.Any]], arn: str) -> None:
    assert transformations.forwarded_to(actions) == arn


@pytest.mark.parametrize(
    ("target_type", "attributes"),
    [
        ("instance", {"preserve_client_ip": False, "deregistration_delay_seconds": 0}),
        ("instance", {"cross_zone": "disabled"}),
        ("ip", {"cross_zone": "use_load_balancer_configuration"}),
        ("ip", {"connection_termination": True, "unhealthy_connection_termination": False}),
    ],
)
def test_attributes_are_read_as_they_were_written(target_type: str, attributes: dict[str, t.Any]) -> None:
    table = transformations.target_group_attribute_table(target_type)
    written = transformations.write_attributes(table, attributes)
    assert all(isinstance(value, str) for value in written.values())
    defaults = transformations.read_attributes(table, {})
    assert transformations.read_attributes(table, written) == {**defaults, **attributes}


@pytest.mark.parametrize(
    ("groups", "field", "enforced"),
    [([], None, None), (["sg-1"], None, True), (["sg-1"], "on", True), (["sg-1"], "off", False), (None, "off", None)],
)
def test_enforcement_needs_groups(groups: list[str] | None, field: str | None, enforced: bool | None) -> None:
    found: dict[str, t.Any] = {
        "LoadBalancerArn": "arn",
        "LoadBalancerName": "nlb",
        "Scheme": "internal",
        "SecurityGroups": groups,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": field,
    }
    assert transformations.load_balancer(found, {}, {})["enforce_privatelink_rules"] is enforced
