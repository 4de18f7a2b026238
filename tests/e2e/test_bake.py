"""The host image: baked, proven and promoted, or nothing of it; and never a host that is left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import boto3
import pytest

from tests.sweep.leases import LEASE_TAG

from .conftest import ROOT
from .playing import Run, a_lab, forget_calls, play, writes
from .test_session import ask_lab, hosts, told

TEMPLATE = "central-llm-launch-template"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(home: Path) -> t.Iterator[dict[str, str]]:
    with a_lab(home) as environment:
        yield environment


def bake(lab: dict[str, str], **variables: t.Any) -> Run:
    return play(lab, "bake", "-e", json.dumps({"llm_ami_online_timeout": 60, "llm_ami_load_timeout": 60, **variables}))


def images() -> dict[str, dict[str, str]]:
    """The stack's own, with their tags."""
    found = boto3.client("ec2").describe_images(Owners=["self"])["Images"]
    return {image["ImageId"]: {tag["Key"]: tag["Value"] for tag in image.get("Tags", [])} for image in found}


def promoted() -> str:
    """What hosts are started from."""
    ec2 = boto3.client("ec2")
    found = ec2.describe_launch_template_versions(LaunchTemplateName=TEMPLATE, Versions=["$Default"])
    return str(found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"])


def left() -> list[str]:
    """What a bake starts and ends again."""
    templates = boto3.client("ec2").describe_launch_templates()["LaunchTemplates"]
    schedules = boto3.client("scheduler").list_schedules()["Schedules"]
    members = boto3.client("ecs").list_container_instances(cluster="central-llm-service-cluster")
    return [
        *hosts(),
        *(each["LaunchTemplateName"] for each in templates if each["LaunchTemplateName"] != TEMPLATE),
        *(each["Name"] for each in schedules),
        *members["containerInstanceArns"],
    ]


def disk_of(home: Path, image_id: str) -> Path:
    image = boto3.client("ec2").describe_images(ImageIds=[image_id])["Images"][0]
    return home / "disks" / str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def test_what_cannot_be_proven_is_not_begun(lab: dict[str, str]) -> None:
    forget_calls(lab)
    assert "run up once before" in told(bake(lab))
    pinned = told(bake(lab, llm_service_image="lab/stub:1"))
    assert "name it by its digest" in pinned and "Nothing was touched" in pinned
    named = told(bake(lab, llm_host_image_id="ami-0123456789abcdef0"))
    assert "The next up would return to it" in named
    assert writes(lab) == []


class Refusal(t.NamedTuple):
    """A call that is refused once, after so many that are not; and what there is of the image by then."""

    service: str
    operation: str
    skip: int
    made: bool
    validated: bool


# Each is one step further than the one before, so that a bake that goes on from there meets the next.
EVERY = [
    Refusal("ec2", "CreateFleet", 0, made=False, validated=False),
    Refusal("ssm", "SendCommand", 1, made=False, validated=False),
    Refusal("ec2", "CreateImage", 0, made=False, validated=False),
    Refusal("ec2", "CreateFleet", 1, made=True, validated=False),
    Refusal("ssm", "SendCommand", 0, made=True, validated=False),
    Refusal("ec2", "CreateTags", 0, made=True, validated=False),
    Refusal("ec2", "CreateLaunchTemplateVersion", 0, made=True, validated=True),
]
REFUSALS = EVERY if os.environ.get("BAKE_REFUSALS") == "every" else [EVERY[6]]


def test_a_bake_that_fails_leaves_no_host_and_promotes_nothing(lab: dict[str, str]) -> None:
    """Refused one step further each time; then it goes on to its end."""
    up = play(lab, "up")
    assert up.status == 0, up.output
    during = told(bake(lab))
    assert "A session runs there" in during and "Nothing was touched" in during
    down = play(lab, "down")
    assert down.status == 0, down.output
    before = promoted()
    ask_lab(lab, "faults", service="pricing", operation="GetProducts", code="AccessDeniedException", status=400)
    unknown = told(bake(lab, llm_ami_max_usd=20))
    assert "lacks the IAM action pricing:GetProducts" in unknown and "Nothing was started" in unknown
    dear = told(bake(lab, llm_ami_max_usd=1))
    assert "The bake would cost up to 17." in dear and "Nothing was started" in dear
    for each in REFUSALS:
        fault = {"service": each.service, "operation": each.operation, "skip": each.skip}
        ask_lab(lab, "faults", **fault, code="UnauthorizedOperation", status=403)
        run = bake(lab)
        assert run.status != 0, run.output
        assert left() == [] and promoted() == before, run.output
        said = told(run)
        assert f"{each.service}:{each.operation}" in said and "no host was left running" in said
        assert len(images()) == each.made
        assert ["central-llm:validated" in tags for tags in images().values()] == [each.validated] * each.made
        if each == EVERY[6]:
            # Taken, and asked for again before the image is made, proven and promoted.
            assert run.output.count("TASK [central.llm.llm_state : Keep others from changing") == 4
    run = bake(lab, llm_ami_max_usd=20)
    assert run.status == 0 and left() == [] and list(images()) == [promoted()], run.output
    again = bake(lab)
    assert again.status == 0 and again.changed == 0 and "USD at most" not in told(again), again.output


def test_the_image_has_the_engine_and_nothing_of_the_host_that_made_it(lab: dict[str, str], home: Path) -> None:
    disk = disk_of(home, promoted())
    manifest = json.loads((disk / "etc/central-llm/manifest.json").read_text())
    tags = images()[promoted()]
    assert manifest["content"] == tags["central-llm:content"] and manifest["driver"].startswith("580.")
    (engine,) = json.loads((disk / "var/lib/docker/images.json").read_text())
    assert (
        manifest["engine"] == f"{engine['repository']}@{engine['digest']}"
        and tags["central-llm:engine"] == engine["digest"]
    )
    assert (disk / "etc/ecs/ecs.config").read_text() == ""
    assert (disk / "etc/machine-id").read_text() == ""
    emptied = [
        "etc/ssh",
        "root/.ssh",
        "home/ec2-user/.ssh",
        "var/lib/ecs/data",
        "var/log/ecs",
        "var/log/amazon/ssm",
        "tmp",
    ]
    assert [str(path) for folder in emptied for path in (disk / folder).iterdir()] == []
    assert list(disk.glob("**/*central-llm-lease*")) == [] and not (disk / "var/lib/cloud/data").exists()
    assert not re.search(
        r"i-[0-9a-f]{17}", "".join(path.read_text() for path in disk.glob("var/log/**/*") if path.is_file())
    )


def test_the_next_session_starts_from_it(lab: dict[str, str]) -> None:
    up = play(lab, "up")
    assert up.status == 0, up.output
    (host,) = hosts()
    found = boto3.client("ec2").describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0]
    assert found["ImageId"] == promoted()
    down = play(lab, "down")
    assert down.status == 0, down.output


def test_another_engine_is_another_image_and_the_one_before_stays(lab: dict[str, str]) -> None:
    first = promoted()
    # One that was baked long ago and that nobody starts from any more, and one that is no bake's.
    tags = [{"Key": "central-llm:stack", "Value": "central-llm"}]
    kinds = {
        "old": [*tags, {"Key": "central-llm:content", "Value": "0"}],
        "somebodys": [{"Key": "owner", "Value": "us"}],
    }
    old, somebodys = (
        boto3.client("ec2").register_image(
            Name=name, RootDeviceName="/dev/xvda", TagSpecifications=[{"ResourceType": "image", "Tags": kinds[name]}]
        )["ImageId"]
        for name in ("old", "somebodys")
    )
    foretold = play(lab, "bake", "--check", "-e", '{"llm_ami_keep": 0, "llm_service_arguments": ["--enforce-eager"]}')
    assert foretold.status == 0 and foretold.changed > 0 and promoted() == first and left() == [], foretold.output
    other = bake(lab, llm_ami_keep=0, llm_service_arguments=["--enforce-eager"])
    assert other.status == 0 and promoted() != first, other.output
    assert set(images()) == {first, promoted(), somebodys} and old not in images()
    boto3.client("ec2").deregister_image(ImageId=somebodys)


def test_rolling_back_is_one_command(lab: dict[str, str]) -> None:
    left_behind = promoted()
    (former,) = set(images()) - {left_behind}
    # A bake has made it, and its proof is yet to come.
    ec2 = boto3.client("ec2")
    unproven = ec2.copy_image(SourceImageId=former, SourceRegion="eu-central-1", Name="unproven")["ImageId"]
    ec2.create_tags(Resources=[unproven], Tags=[{"Key": "central-llm:content", "Value": "0"}])
    refused = told(play(lab, "rollback", "-e", f"llm_ami_rollback_to={unproven}"))
    assert f"nor {unproven}, which was never proven" in refused and promoted() == left_behind
    ec2.deregister_image(ImageId=unproven)
    foretold = play(lab, "rollback", "--check")
    assert foretold.status == 0 and promoted() == left_behind
    run = play(lab, "rollback")
    assert run.status == 0 and run.changed == foretold.changed, run.output
    assert promoted() == former and "central-llm:rolled-back" in images()[left_behind]
    # It would be made again just as it was.
    refused = told(bake(lab, llm_service_arguments=["--enforce-eager"]))
    assert "was rolled back from at" in refused and promoted() == former
    # Further back is only AWS's own image.
    assert play(lab, "rollback").status == 0
    assert boto3.client("ec2").describe_images(ImageIds=[promoted()])["Images"][0]["OwnerId"] != "123456789012"
    nowhere = told(play(lab, "rollback"))
    assert "There is no image to return to" in nowhere


def test_a_build_host_does_not_outlive_its_lease(lab: dict[str, str]) -> None:
    """Whoever bakes has gone; the reaper, the schedule and the host's own timer have not."""
    crash = {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/sweep/callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "crash",
        "SWEEP_CRASH_AT": "central.llm.llm_ami : Bake, step by step#1",
    }
    killed = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "inventories/local",
            "playbooks/bake.yml",
            "-e",
            '{"llm_ami_again": true, "llm_ami_hours": 0.2}',
        ],
        env={**lab, **crash},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        start_new_session=True,
        check=False,
    )
    assert killed.returncode < 0, killed.stdout
    (host,) = hosts()
    found = boto3.client("ec2").describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0]
    assert LEASE_TAG in {tag["Key"] for tag in found["Tags"]}
    ask_lab(lab, "clock", advance_seconds=18 * 60)
    assert hosts() == []


def test_teardown_takes_the_images_along(lab: dict[str, str]) -> None:
    ec2 = boto3.client("ec2")
    run = play(lab, "teardown", "-e", "llm_teardown=central-llm", "-e", "llm_state_lock_force=true")
    assert run.status == 0, run.output
    assert images() == {}
    ours = [{"Name": "tag-key", "Values": ["central-llm:stack"]}]
    assert ec2.describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"] == []
