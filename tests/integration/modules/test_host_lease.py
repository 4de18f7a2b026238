from __future__ import annotations

import typing as t

import pytest

TAG = "central-llm:lease-until"
STACK = {"central-llm:stack": "central-llm"}
WHICH: dict[str, t.Any] = {"name": "central-llm-ec2", "tags": STACK}
LATER, LATEST = "2037-01-01T22:00:00Z", "2037-01-02T22:00:00Z"


@pytest.fixture
def lease(run_module: t.Any) -> t.Any:
    return run_module("host_lease")


def launch(lab: t.Any, stack: str = "central-llm", **tags: str) -> str:
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    given = {"central-llm:stack": stack, "Name": "central-llm-ec2", **tags}
    answer = ec2.run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"InstanceMetadataTags": "enabled"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in given.items()]}
        ],
    )
    return str(answer["Instances"][0]["InstanceId"])


def tag_of(lab: t.Any, instance_id: str) -> str | None:
    filters = [{"Name": "resource-id", "Values": [instance_id]}, {"Name": "key", "Values": [TAG]}]
    found = lab.client("ec2").describe_tags(Filters=filters)["Tags"]
    return found[0]["Value"] if found else None


def test_a_lease_is_written_and_written_once(lease: t.Any, lab: t.Any) -> None:
    host, other = launch(lab), launch(lab, stack="another")
    outcome = lease.predicted(**WHICH, until=LATER)
    assert outcome.changed and outcome["lease"]["until"] == LATER
    assert (tag_of(lab, host), tag_of(lab, other)) == (LATER, None)
    lease.settled(**WHICH, until=LATER)


def test_check_mode_writes_nothing(lease: t.Any, lab: t.Any) -> None:
    host = launch(lab)
    assert lease.ok(check=True, **WHICH, until=LATER).changed
    assert tag_of(lab, host) is None


def test_a_lease_moves_both_ways(lease: t.Any, lab: t.Any) -> None:
    host = launch(lab, **{TAG: LATER})
    assert lease.predicted(**WHICH, until=LATEST).changed
    assert tag_of(lab, host) == LATEST
    assert lease.predicted(**WHICH, until=LATER).changed
    assert tag_of(lab, host) == LATER


def test_a_running_lease_is_kept_and_holds_for_all(lease: t.Any, lab: t.Any) -> None:
    first, second = launch(lab, **{TAG: LATER}), launch(lab)
    outcome = lease.predicted(**WHICH, until=LATEST, keep=True)
    assert outcome["lease"]["until"] == LATER
    assert (tag_of(lab, first), tag_of(lab, second)) == (LATER, LATER)


def test_one_that_is_over_or_unreadable_is_not_kept(lease: t.Any, lab: t.Any) -> None:
    hosts = [launch(lab, **{TAG: "2020-01-01T00:00:00Z"}), launch(lab, **{TAG: "never"})]
    assert lease.predicted(**WHICH, until=LATER, keep=True)["lease"]["until"] == LATER
    assert [tag_of(lab, host) for host in hosts] == [LATER, LATER]


def test_without_a_moment_it_only_reads(lease: t.Any, lab: t.Any, faults: t.Any) -> None:
    host = launch(lab, **{TAG: LATER})
    found = lease.settled(**WHICH)["lease"]
    assert found["hosts"] == {host: LATER} and found["seconds_left"] > 0
    assert "CreateTags" not in faults.calls()


def test_bad_input_stops_before_any_call(lease: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "no moment in UTC" in lease.refused(**WHICH, until="tonight")
    assert "stack must be among them" in lease.refused(name="x", tags={"owner": "us"})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(lease: t.Any, lab: t.Any, faults: t.Any) -> None:
    launch(lab)
    faults.add("ec2", "CreateTags", "UnauthorizedOperation", status=403, message="not today")
    assert "ec2:CreateTags" in lease.refused(**WHICH, until=LATER)


def test_throttling_is_ridden_out(lease: t.Any, lab: t.Any, faults: t.Any) -> None:
    launch(lab)
    faults.add("ec2", "CreateTags", "RequestLimitExceeded", status=503, times=2)
    assert lease.ok(**WHICH, until=LATER).changed
