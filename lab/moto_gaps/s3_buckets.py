"""Buckets: moto's new ones are neither encrypted nor closed to the public, and their policies know no conditions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
"""

from __future__ import annotations

import json
import typing as t

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

from lab.compute import policy
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

_create = S3Backend.create_bucket


def apply() -> None:
    S3Backend.create_bucket = create
    FakeBucket.get_permission = permission
    S3Backend.put_object_lock_configuration = put_object_lock
    guards("s3", "PutObjectLockConfiguration")(require_versioning)
    amends("s3", "GetObjectLockConfiguration")(tell_one_unit)
    guards("s3", "PutBucketVersioning")(keep_versioning)


def create(self: t.Any, *arguments: t.Any, **options: t.Any) -> t.Any:
    bucket = _create(self, *arguments, **options)
    bucket.encryption = bucket.encryption or {
        "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
    }
    closed = dict.fromkeys(
        ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"), "true"
    )
    bucket.public_access_block = bucket.public_access_block or PublicAccessBlock(**closed)
    return bucket


def permission(self: t.Any, action: str, resource: str) -> PermissionResult:
    """What the bucket's policy says; the lab's plain HTTP stands for TLS."""
    if self.policy is None:
        return PermissionResult.NEUTRAL
    said = policy.decide([json.loads(self.policy)], action, resource, {"aws:SecureTransport": "true"})
    found = {"explicitDeny": PermissionResult.DENIED, "allowed": PermissionResult.PERMITTED}
    return found.get(said, PermissionResult.NEUTRAL)


def bucket_of(call: Call, params: Params) -> t.Any:
    return backend("s3", "global").buckets.get(params["Bucket"])


def require_versioning(call: Call, params: Params) -> None:
    bucket = bucket_of(call, params)
    if bucket is not None and bucket.versioning_status != "Enabled":
        raise AwsError(
            "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", 409
        )


def put_object_lock(
    self: t.Any, bucket_name: str, lock_enabled: bool, mode: str | None = None, days: int = 0, years: int = 0
) -> None:
    """moto wants the bucket empty, which AWS does not."""
    bucket = self.get_bucket(bucket_name)
    bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years


def tell_one_unit(_call: Call, _params: Params, output: Params) -> None:
    retention = output["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention", {})
    for unit in ("Days", "Years"):
        if not retention.get(unit):
            retention.pop(unit, None)


def keep_versioning(call: Call, params: Params) -> None:
    bucket = bucket_of(call, params)
    if bucket is not None and bucket.object_lock_enabled and params["VersioningConfiguration"]["Status"] != "Enabled":
        raise AwsError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            409,
        )
