"""Whether a stage needs a deployment, and which old ones may go."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import deployments

NOW = f"sha256:{'0' * 64}"
OTHER = f"sha256:{'f' * 64}"


def deployment(number: int, description: str | None = deployments.label(NOW)) -> dict[str, t.Any]:
    created = datetime.datetime(2026, 1, number, tzinfo=datetime.UTC)
    return {"id": f"d{number}", "description": description, "createdDate": created}


def test_a_deployment_says_what_it_was_made_from() -> None:
    assert deployments.fingerprint_of(deployment(1)) == NOW
    assert deployments.reason_to_deploy(NOW, deployment(1)) == ""
    assert "has changed" in deployments.reason_to_deploy(OTHER, deployment(1))
    assert "no deployment" in deployments.reason_to_deploy(NOW, None)


@pytest.mark.parametrize("description", [None, "", "by hand", f"central.llm {NOW} (edited)", "central.llm sha256:00"])
def test_a_foreign_deployment_says_nothing(description: str | None) -> None:
    assert deployments.fingerprint_of(deployment(1, description)) is None
    assert "d1" in deployments.reason_to_deploy(NOW, deployment(1, description))


def test_only_our_unused_ones_are_pruned_the_oldest_first() -> None:
    there = [deployment(2), deployment(4), deployment(1), deployment(3), deployment(5, "by hand")]
    found = deployments.to_prune(there, used={"d4"}, keep=1)
    assert {one["id"] for one in found} == {"d1", "d2"}
    assert deployments.to_prune(there, used=set(), keep=None) == []
    assert deployments.to_prune(there, used=set(), keep=4) == []


def test_canaries_use_deployments_too() -> None:
    stages = [{"deploymentId": "d1"}, {"deploymentId": "d2", "canarySettings": {"deploymentId": "d3"}}, {}]
    assert deployments.used_by(stages) == {"d1", "d2", "d3"}
