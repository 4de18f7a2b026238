from __future__ import annotations

import json
import typing as t

import pytest

NAME = "some-records"
RULE = {
    "id": "cold",
    "transition_days": 90,
    "transition_class": "GLACIER_IR",
    "expire_days": 401,
    "noncurrent_expire_days": 1,
    "abort_upload_days": 7,
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
WHOLE = {
    "name": NAME,
    "versioning": True,
    "kms_key_arn": KEY,
    "block_public_access": True,
    "policy": POLICY,
    "object_lock": {"mode": "GOVERNANCE", "days": 400},
    "lifecycle_rules": [RULE],
    "tags": {"owner": "us"},
}


@pytest.fixture
def bucket(run_module: t.Any) -> t.Any:
    return run_module("s3_bucket")


@pytest.fixture
def s3(lab: t.Any) -> t.Any:
    return lab.client("s3")


def names(s3: t.Any) -> list[str]:
    return [each["Name"] for each in s3.list_buckets()["Buckets"]]


def test_create_and_create_again(bucket: t.Any, s3: t.Any, lab: t.Any) -> None:
    assert bucket.predicted(**WHOLE).changed
    assert s3.get_bucket_location(Bucket=NAME)["LocationConstraint"] == lab.region
    lock = s3.get_object_lock_configuration(Bucket=NAME)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 400}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    assert rules[0]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER_IR"}]
    assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    (encryption,) = s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == KEY
    assert all(s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"].values())
    assert json.loads(s3.get_bucket_policy(Bucket=NAME)["Policy"]) == POLICY
    assert s3.get_bucket_tagging(Bucket=NAME)["TagSet"] == [{"Key": "owner", "Value": "us"}]
    bucket.settled(**WHOLE)
    bucket.settled(name=NAME)


def test_check_mode_writes_nothing(bucket: t.Any, s3: t.Any) -> None:
    assert bucket.ok(check=True, **WHOLE).changed
    assert names(s3) == []


def test_nothing_given_is_what_s3_gives(bucket: t.Any, s3: t.Any) -> None:
    outcome = bucket.predicted(name=NAME)["bucket"]
    assert (outcome["versioning"], outcome["object_lock"], outcome["block_public_access"]) == (False, {}, True)
    bucket.settled(name=NAME, versioning=False, kms_key_arn="", block_public_access=True)


def test_one_option_changes_and_the_others_stay(bucket: t.Any, s3: t.Any) -> None:
    bucket.ok(**WHOLE)
    longer = {"mode": "GOVERNANCE", "days": 800}
    outcome = bucket.predicted(name=NAME, object_lock=longer)
    assert outcome["diff"]["before"]["object_lock"]["days"] == 400
    assert bucket.ok(name=NAME)["bucket"] == {**bucket.ok(**WHOLE | {"object_lock": longer})["bucket"]}
    assert bucket.predicted(name=NAME, kms_key_arn="").changed
    (encryption,) = s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_bucket_that_was_there_is_adopted(bucket: t.Any, s3: t.Any, lab: t.Any) -> None:
    s3.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": lab.region})
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=NAME, LifecycleConfiguration={"Rules": [{**theirs, "Expiration": {"Days": 3}}]}
    )
    s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "theirs", "Value": "1"}]})
    s3.put_object(Bucket=NAME, Key="a", Body=b"x")
    found = bucket.ok(name=NAME)["bucket"]
    assert found["lifecycle_rules"][0]["foreign"]
    assert bucket.predicted(name=NAME, versioning=True, object_lock=WHOLE["object_lock"], tags={"owner": "us"}).changed
    found = bucket.settled(name=NAME, tags={"owner": "us"})["bucket"]
    assert found["tags"] == {"theirs": "1", "owner": "us"}
    assert found["lifecycle_rules"][0]["id"] == "theirs"
    assert bucket.predicted(name=NAME, lifecycle_rules=[RULE]).changed
    assert [each["ID"] for each in s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]] == ["cold"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Some_Records"}, "no name of a bucket"),
        ({"name": "192.168.1.1"}, "no name of a bucket"),
        ({"object_lock": {"mode": "GOVERNANCE", "days": 0}}, "1 to 36500"),
        ({"versioning": False}, "locks nothing"),
        ({"lifecycle_rules": []}, "empty list"),
        ({"lifecycle_rules": [{"id": "x"}]}, "does nothing"),
        ({"lifecycle_rules": [{"id": "x", "transition_days": 1}]}, "or neither"),
        ({"policy": {"Statement": [{"Effect": "Maybe"}]}}, "policy"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    bucket: t.Any, s3: t.Any, changes: dict[str, t.Any], said: str
) -> None:
    for check in (True, False):
        assert said in bucket.refused(check=check, **{**WHOLE, **changes})
    assert names(s3) == []


def test_a_denial_names_the_action_and_throttling_is_ridden_out(bucket: t.Any, s3: t.Any, faults: t.Any) -> None:
    faults.add("s3", "HeadBucket", "AccessDenied", status=403)
    assert "403: Forbidden. The caller lacks the IAM action s3:ListBucket, or the name" in bucket.refused(**WHOLE)
    faults.add("s3", "PutBucketEncryption", "AccessDenied")
    assert "s3:PutEncryptionConfiguration" in bucket.refused(**WHOLE)
    # What was made is known to be ours, and the next run finishes.
    assert s3.get_bucket_tagging(Bucket=NAME)["TagSet"] == [{"Key": "owner", "Value": "us"}]
    faults.add("s3", "PutBucketVersioning", "SlowDown", times=2, status=503)
    assert bucket.ok(**WHOLE).changed
    bucket.settled(**WHOLE)


def test_delete_and_delete_again_and_never_what_holds_something(bucket: t.Any, s3: t.Any) -> None:
    bucket.ok(name=NAME, tags={"owner": "them"})
    bucket.settled(name=NAME, state="absent", tags={"owner": "us"})
    s3.put_object(Bucket=NAME, Key="a", Body=b"x")
    assert "BucketNotEmpty" in bucket.refused(name=NAME, state="absent")
    s3.delete_object(Bucket=NAME, Key="a")
    assert bucket.predicted(name=NAME, state="absent", tags={"owner": "them"}).changed
    assert names(s3) == []
    bucket.settled(name=NAME, state="absent")
