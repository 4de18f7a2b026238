"""Which image counts as made, and what a teardown leaves; a whole bake is played in tests/e2e/test_bake.py."""

from __future__ import annotations

import typing as t

import pytest

from lab.control.operations import backend
from tests.integration.modules.lab_host import make_host

ACCOUNT = {"llm_account_id": "123456789012"}
VARIABLES: dict[str, t.Any] = {
    **ACCOUNT,
    "llm_ami_engine": {"image": f"quay.io/engine@sha256:{'0' * 64}", "gpus": 1},
    "llm_ami_base_image_id": "ami-0123456789abcdef0",
    # What the plan says is what is read back.
    "llm_ami_out": "{{ llm_ami_plan }}",
}

OURS = {"central-llm:stack": "central-llm"}


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


def tagged(kind: str, tags: dict[str, str]) -> list[dict[str, t.Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


@pytest.mark.parametrize(
    ("setting", "origin"), [("cleared", "a volume"), ("changed", "a baked image"), ("kept", "a volume")]
)
def test_the_snapshot_for_rebuilding_outlives_its_setting(role: t.Any, lab: t.Any, setting: str, origin: str) -> None:
    ec2 = lab.client("ec2")
    host = make_host(lab)
    baked = ec2.create_image(
        InstanceId=host,
        Name="central-llm-ami-0123456789ab",
        TagSpecifications=tagged("image", {**OURS, "central-llm:content": "0123456789ab"}) + tagged("snapshot", OURS),
    )["ImageId"]
    (image,) = ec2.describe_images(ImageIds=[baked])["Images"]
    of_baked = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (reservation,) = ec2.describe_instances(InstanceIds=[host])["Reservations"]
    volume = reservation["Instances"][0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    kept = of_baked if origin == "a baked image" else ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    # As a bake registers it.
    ec2.register_image(
        Name=f"central-llm-ami-base-{kept}",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": kept}}],
        TagSpecifications=tagged("image", OURS),
    )
    source = {"cleared": "", "kept": kept, "changed": "snap-0123456789abcdef0"}[setting]
    foretold = role("llm_ami").ok("absent", check=True, **ACCOUNT, llm_ami_source_snapshot=source)
    run = role("llm_ami").ok("absent", **ACCOUNT, llm_ami_source_snapshot=source)
    assert run.changed == foretold.changed == 1
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    left = {each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert kept in left and (of_baked == kept or of_baked not in left)
