from __future__ import annotations

import json
import typing as t

import pytest

NAME = "some-records"
BUCKET = f"arn:aws:s3:::{NAME}"


@pytest.fixture
def stream(run_module: t.Any) -> t.Any:
    return run_module("delivery_stream")


@pytest.fixture
def firehose(lab: t.Any) -> t.Any:
    return lab.client("firehose")


@pytest.fixture
def options(lab: t.Any) -> dict[str, t.Any]:
    """A stream whose role and bucket are there."""
    service = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = lab.client("iam").create_role(
        RoleName="delivers", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [service]})
    )["Role"]["Arn"]
    lab.client("s3").create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": lab.region})
    return {
        "name": NAME,
        "bucket_arn": BUCKET,
        "role_arn": role,
        "prefix": "records/day=!{timestamp:yyyy-MM-dd}/",
        "error_prefix": "errors/!{firehose:error-output-type}/",
        "buffer_seconds": 60,
        "compression": "GZIP",
        "unpack_logs": True,
        "encrypted": True,
        "tags": {"owner": "us"},
    }


def read_back(firehose: t.Any) -> dict[str, t.Any]:
    found = firehose.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]
    return {**found, **found["Destinations"][0]["ExtendedS3DestinationDescription"]}


def test_create_and_create_again(stream: t.Any, firehose: t.Any, options: dict[str, t.Any]) -> None:
    assert stream.predicted(**options).changed
    found = read_back(firehose)
    assert (found["DeliveryStreamStatus"], found["DeliveryStreamType"]) == ("ACTIVE", "DirectPut")
    assert found["DeliveryStreamEncryptionConfiguration"]["KeyType"] == "AWS_OWNED_CMK"
    assert [each["Type"] for each in found["ProcessingConfiguration"]["Processors"]] == [
        "Decompression",
        "AppendDelimiterToRecord",
    ]
    assert found["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 60}
    assert firehose.list_tags_for_delivery_stream(DeliveryStreamName=NAME)["Tags"] == [{"Key": "owner", "Value": "us"}]
    stream.settled(**options)
    stream.settled(name=NAME)


def test_check_mode_writes_nothing(stream: t.Any, firehose: t.Any, options: dict[str, t.Any]) -> None:
    assert stream.ok(check=True, **options).changed
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_one_option_changes_and_the_others_stay(stream: t.Any, firehose: t.Any, options: dict[str, t.Any]) -> None:
    stream.ok(**options)
    outcome = stream.predicted(name=NAME, buffer_mib=64)
    assert (outcome["diff"]["before"]["buffer_mib"], outcome["diff"]["after"]["buffer_mib"]) == (5, 64)
    found = read_back(firehose)
    assert found["BufferingHints"] == {"SizeInMBs": 64, "IntervalInSeconds": 60}
    assert (found["Prefix"], found["CompressionFormat"]) == (options["prefix"], "GZIP")
    assert stream.predicted(name=NAME, unpack_logs=False, encrypted=False, tags={"more": "1"}).changed
    found = stream.settled(name=NAME)["delivery_stream"]
    assert (found["unpack_logs"], found["encrypted"], found["tags"]) == (False, False, {"owner": "us", "more": "1"})
    assert stream.predicted(name=NAME, encrypted=True, tags={"more": "1"}, purge_tags=True).changed
    assert stream.settled(name=NAME, encrypted=True)["delivery_stream"]["tags"] == {"more": "1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "a b"}, "name"),
        ({"buffer_mib": 129}, "1 to 128"),
        ({"buffer_seconds": 901}, "0 to 900"),
        ({"error_prefix": None}, "error_prefix: must be given"),
        ({"error_prefix": "errors/"}, "!{firehose:error-output-type}"),
        ({"role_arn": None}, "role_arn must be given"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    stream: t.Any, firehose: t.Any, options: dict[str, t.Any], changes: dict[str, t.Any], said: str
) -> None:
    given = {key: value for key, value in {**options, **changes}.items() if value is not None}
    for check in (True, False):
        assert said in stream.refused(check=check, **given)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_a_role_that_is_not_known_yet_is_waited_for(
    stream: t.Any, options: dict[str, t.Any], faults: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.central.llm.plugins.module_utils import _patience

    monkeypatch.setattr(_patience, "_DELAY", 0.01)
    words = "Firehose is unable to assume role arn:aws:iam::1:role/x. Please check the role provided."
    faults.add("firehose", "CreateDeliveryStream", "InvalidArgumentException", message=words, status=400, times=3)
    assert stream.ok(**options).changed
    assert faults.calls().count("CreateDeliveryStream") == 4
    other = {**options, "name": "other", "role_arn": "arn:aws:iam::123456789012:role/nobody", "wait": False}
    assert "unable to assume role" in stream.refused(**other)


def test_a_denial_names_the_action_and_throttling_is_ridden_out(
    stream: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    faults.add("firehose", "CreateDeliveryStream", "AccessDeniedException")
    assert "firehose:CreateDeliveryStream" in stream.refused(**options)
    faults.add("firehose", "CreateDeliveryStream", "ThrottlingException", times=2)
    assert stream.ok(**options).changed


def test_delete_and_delete_again_and_never_somebody_elses(
    stream: t.Any, firehose: t.Any, options: dict[str, t.Any]
) -> None:
    stream.ok(**options)
    stream.settled(name=NAME, state="absent", tags={"owner": "them"})
    assert stream.predicted(name=NAME, state="absent", tags={"owner": "us"}).changed
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []
    stream.settled(name=NAME, state="absent")
