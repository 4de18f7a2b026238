"""A resource that merely has the name is not removed: with tags given, only what carries them is."""

from __future__ import annotations

import typing as t

import pytest

OURS = {"central-llm:stack": "central-llm"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CASES: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "api_gateway_api_key": ({"name": "x"}, {}),
    "api_gateway_usage_plan": ({"name": "x"}, {}),
    "dynamodb_table": ({"name": "xxx"}, {"partition_key": {"name": "pk", "type": "S"}}),
    "ecs_cluster": ({"name": "x"}, {}),
    "ecs_task_definition": ({"family": "x"}, {"containers": [{"name": "a", "image": "b", "memory": 128}]}),
    "iam_instance_profile": ({"name": "x"}, {}),
    "iam_role": ({"name": "x"}, {"assume_role_policy_document": TRUST}),
    "launch_template": ({"name": "xxx"}, {"instance_type": "g6e.2xlarge"}),
    "log_group": ({"name": "x"}, {}),
    "secret": ({"name": "x"}, {"value": {"a": "b"}}),
}


@pytest.mark.parametrize("module", CASES)
def test_only_what_carries_the_tags_is_removed(run_module: t.Any, module: str) -> None:
    run = run_module(module)
    name, rest = CASES[module]
    run.ok(**name, **rest)
    spared = run.settled(**name, tags=OURS, state="absent")
    assert "central-llm:stack=central-llm" in spared["warnings"][0]
    assert not run.ok(**name, **rest, check=True).changed, "it is still there"

    run.ok(**name, **rest, tags=OURS)
    assert run.predicted(**name, tags=OURS, state="absent").changed
    assert run.ok(**name, **rest, check=True).changed, "it is gone"
