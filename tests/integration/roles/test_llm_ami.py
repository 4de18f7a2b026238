"""Which image counts as made; a whole bake is played in tests/e2e/test_bake.py."""

from __future__ import annotations

import typing as t

from lab.control.operations import backend

VARIABLES: dict[str, t.Any] = {
    "llm_account_id": "123456789012",
    "llm_ami_engine": {"image": f"quay.io/engine@sha256:{'0' * 64}", "gpus": 1},
    "llm_ami_base_image_id": "ami-0123456789abcdef0",
    # What the plan says is what is read back.
    "llm_ami_out": "{{ llm_ami_plan }}",
}


def test_an_image_that_failed_is_made_once_more(role: t.Callable[[str], t.Any], lab: t.Any) -> None:
    lab.client("ecs").create_cluster(clusterName="central-llm-service-cluster")
    ami = role("llm_ami")
    plan = ami.ok("plan", **VARIABLES).out
    assert not plan["baked"]
    tags = [{"Key": "central-llm:stack", "Value": "central-llm"}]
    made = lab.client("ec2").register_image(
        Name=plan["name"],
        RootDeviceName="/dev/xvda",
        TagSpecifications=[{"ResourceType": "image", "Tags": tags}],
    )
    image = backend("ec2", lab.region).amis[made["ImageId"]]
    for state, baked in (("pending", True), ("failed", False)):
        image.state = state
        run = ami.ok("plan", **VARIABLES)
        assert run.out["baked"] is baked, state
        assert f"This bake starts {'one host' if baked else 'two hosts'}" in run.output
