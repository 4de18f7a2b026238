from __future__ import annotations

import threading
import typing as t

import pytest

from lab.control.operations import backend
from tests.integration.modules.lab_host import make_host

NAME = "central-llm-ami-0123456789ab"
TAGS = {"central-llm:stack": "central-llm", "owner": "us"}


@pytest.fixture
def image(run_module: t.Any) -> t.Any:
    return run_module("ec2_image")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def read_back(ec2: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    found = ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [name]}])["Images"]
    assert len(found) <= 1
    return next(iter(found), None)


def tags_of(resource: dict[str, t.Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def snapshots(ec2: t.Any) -> list[dict[str, t.Any]]:
    return list(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"])


def test_an_image_is_made_from_a_host_once(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    options = {"name": NAME, "instance_id": make_host(lab), "description": "a host", "tags": TAGS}
    made = image.predicted(**options)
    found = read_back(ec2)
    assert made.changed and found and found["ImageId"] == made["image"]["id"] and found["State"] == "available"
    assert found["Description"] == "a host" and tags_of(found) == TAGS
    (snapshot,) = [each for each in snapshots(ec2) if tags_of(each)]
    assert tags_of(snapshot) == TAGS and made["image"]["snapshot_ids"] == [snapshot["SnapshotId"]]
    image.settled(**options)
    # Whatever it would be made from now, it is there.
    image.settled(**{**options, "instance_id": "i-0123456789abcdef0"})
    image.settled(name=NAME)


def test_check_mode_makes_nothing(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    options = {"name": NAME, "instance_id": make_host(lab), "tags": TAGS}
    assert image.ok(check=True, **options).changed and read_back(ec2) is None
    assert image.ok(check=True, **{**options, "instance_id": ""}).changed
    image.ok(**options)
    assert image.ok(check=True, name=NAME, state="absent").changed and read_back(ec2)


def test_one_tag_changes_and_nothing_else(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    image.ok(name=NAME, instance_id=make_host(lab), tags=TAGS)
    changed = image.predicted(name=NAME, tags={"owner": "them"})
    assert changed["diff"]["before"]["tags"] == TAGS
    assert tags_of(read_back(ec2) or {}) == {**TAGS, "owner": "them"}
    image.predicted(name=NAME, tags={"owner": "them"}, purge_tags=True)
    assert tags_of(read_back(ec2) or {}) == {"owner": "them"}
    # The snapshots keep what they were made with.
    assert any(tags_of(each) == TAGS for each in snapshots(ec2))


def test_an_image_is_registered_from_a_snapshot(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    image.ok(name="source", instance_id=make_host(lab))
    kept = image.ok(name="source")["image"]["snapshot_ids"][0]
    options = {"name": NAME, "snapshot_id": kept, "boot_mode": "uefi-preferred", "tags": TAGS}
    made = image.predicted(**options)
    found = read_back(ec2)
    assert made.changed and found and found["RootDeviceName"] == "/dev/xvda"
    assert found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == kept and tags_of(found) == TAGS
    image.settled(**options)
    # What is to be kept outlives all of its images.
    assert image.predicted(name=NAME, state="absent", keep_snapshots=[kept]).changed
    assert image.predicted(name="source", state="absent", keep_snapshots=[kept]).changed
    assert kept in [each["SnapshotId"] for each in snapshots(ec2)]


def test_an_image_goes_with_its_snapshots(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    made = image.ok(name=NAME, instance_id=make_host(lab), tags=TAGS)
    assert image.predicted(name=NAME, state="absent").changed
    assert read_back(ec2) is None
    assert made["image"]["snapshot_ids"][0] not in [each["SnapshotId"] for each in snapshots(ec2)]
    image.settled(name=NAME, state="absent")


def test_what_aws_still_makes_is_waited_for_and_what_failed_is_removed(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    made = image.ok(name=NAME, instance_id=make_host(lab))["image"]
    kept = backend("ec2", lab.region).amis[made["id"]]
    kept.state = "pending"
    threading.Timer(0.2, setattr, (kept, "state", "available")).start()
    outcome = image.ok(name=NAME)
    assert not outcome.changed and outcome["image"]["state"] == "available"
    kept.state = "failed"
    assert f"The image {made['id']} of the name {NAME} is failed." in image.refused(name=NAME)
    assert image.predicted(name=NAME, state="absent").changed and read_back(ec2) is None


def test_somebody_elses_image_is_left_alone(image: t.Any, ec2: t.Any, lab: t.Any) -> None:
    image.ok(name=NAME, instance_id=make_host(lab), tags={"owner": "them"})
    outcome = image.ok(name=NAME, state="absent", tags=TAGS)
    assert not outcome.changed and "somebody else" in outcome["warnings"][0] and read_back(ec2)


def test_snapshots_that_could_not_be_deleted_are_said(
    image: t.Any, lab: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.moto_gaps import ec2_own_images

    image.ok(name=NAME, instance_id=make_host(lab))
    monkeypatch.setattr(ec2_own_images, "code_of", lambda used: "missing-permissions")
    assert "ec2:DeleteSnapshot" in image.refused(name=NAME, state="absent")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "no"}, "name: 'no' is not"),
        ({"name": "a*b"}, "name: 'a*b' is not"),
        ({"description": "x" * 256, "instance_id": "i-1"}, "description: longer"),
        ({}, "neither instance_id nor snapshot_id"),
        ({"instance_id": "i-0123456789abcdef0"}, "there is no instance"),
        ({"instance_id": ""}, "instance_id: empty"),
        ({"snapshot_id": "snap-0123456789abcdef0"}, "there is no snapshot"),
        ({"instance_id": "i-1", "snapshot_id": "snap-1"}, "mutually exclusive"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(
    image: t.Any, ec2: t.Any, faults: t.Any, options: dict[str, t.Any], said: str
) -> None:
    assert said in image.refused(**{"name": NAME, **options})
    assert not {"CreateImage", "RegisterImage"} & set(faults.calls())


def test_denials_name_the_action(image: t.Any, lab: t.Any, faults: t.Any) -> None:
    host = make_host(lab)
    faults.add("ec2", "CreateImage", "UnauthorizedOperation", status=403)
    assert "ec2:CreateImage" in image.refused(name=NAME, instance_id=host)
    faults.add("ec2", "DescribeImages", "UnauthorizedOperation", status=403)
    assert "ec2:DescribeImages" in image.refused(name=NAME, instance_id=host)
    snapshot = image.ok(name=NAME, instance_id=host)["image"]["snapshot_ids"][0]
    faults.add("ec2", "RegisterImage", "UnauthorizedOperation", status=403)
    assert "ec2:RegisterImage" in image.refused(name="other", snapshot_id=snapshot)
    faults.add("ec2", "DeregisterImage", "UnauthorizedOperation", status=403)
    assert "ec2:DeregisterImage" in image.refused(name=NAME, state="absent")


def test_throttling_is_ridden_out(image: t.Any, ec2: t.Any, lab: t.Any, faults: t.Any) -> None:
    host = make_host(lab)
    for operation in ("DescribeImages", "CreateImage"):
        faults.add("ec2", operation, "RequestLimitExceeded", status=503, times=2)
    assert image.ok(name=NAME, instance_id=host).changed and read_back(ec2)


def test_an_answer_that_is_lost_makes_no_second_image(image: t.Any, ec2: t.Any, lab: t.Any, faults: t.Any) -> None:
    """The name is taken by then: AWS refuses the repetition, and the image is there."""
    host = make_host(lab)
    faults.lose("ec2", "CreateImage")
    image.ok(name=NAME, instance_id=host)
    assert read_back(ec2)
    image.settled(name=NAME)
