# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Buckets of S3, one function per API call.

https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Answer = dict[str, t.Any]


@aws_call("look up the bucket {name}", missing=("404", "NoSuchBucket"))
def find_bucket(client: t.Any, name: str) -> Answer | None:
    """Buckets are named once in the world: one that belongs to somebody else is a denial."""
    return client.head_bucket(Bucket=name)


@aws_call("create the bucket {Bucket}")
def create_bucket(client: t.Any, request: Answer) -> None:
    client.create_bucket(**request)


@aws_call("delete the bucket {name}", missing=("404", "NoSuchBucket"))
def delete_bucket(client: t.Any, name: str) -> None:
    """AWS refuses one that holds an object, or a version of one."""
    client.delete_bucket(Bucket=name)


@aws_call("read the versioning of the bucket {name}")
def get_versioning(client: t.Any, name: str) -> str:
    return client.get_bucket_versioning(Bucket=name).get("Status", "")


@aws_call("set the versioning of the bucket {name}")
def put_versioning(client: t.Any, name: str, status: str) -> None:
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


@aws_call("read the encryption of the bucket {name}", missing=("ServerSideEncryptionConfigurationNotFoundError",))
def get_encryption(client: t.Any, name: str) -> Answer | None:
    return client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]


@aws_call("encrypt the bucket {name}")
def put_encryption(client: t.Any, name: str, configuration: Answer) -> None:
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=configuration)


@aws_call("read who is kept out of the bucket {name}", missing=("NoSuchPublicAccessBlockConfiguration",))
def get_public_access_block(client: t.Any, name: str) -> Answer | None:
    return client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]


@aws_call("keep the public out of the bucket {name}")
def put_public_access_block(client: t.Any, name: str, configuration: Answer) -> None:
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=configuration)


@aws_call("read the policy of the bucket {name}", missing=("NoSuchBucketPolicy",))
def get_policy(client: t.Any, name: str) -> str | None:
    return client.get_bucket_policy(Bucket=name)["Policy"]


@aws_call("set the policy of the bucket {name}")
def put_policy(client: t.Any, name: str, policy: str) -> None:
    client.put_bucket_policy(Bucket=name, Policy=policy)


@aws_call("read the object lock of the bucket {name}", missing=("ObjectLockConfigurationNotFoundError",))
def get_object_lock(client: t.Any, name: str) -> Answer | None:
    return client.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]


@aws_call("set the object lock of the bucket {name}")
def put_object_lock(client: t.Any, name: str, configuration: Answer) -> None:
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=configuration)


@aws_call("read the lifecycle of the bucket {name}", missing=("NoSuchLifecycleConfiguration",), default=[])
def get_lifecycle(client: t.Any, name: str) -> list[Answer]:
    return client.get_bucket_lifecycle_configuration(Bucket=name).get("Rules", [])


@aws_call("set the lifecycle of the bucket {name}")
def put_lifecycle(client: t.Any, name: str, rules: list[Answer]) -> None:
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


@aws_call("read the tags of the bucket {name}", missing=("NoSuchTagSet",), default={})
def get_tags(client: t.Any, name: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(Bucket=name)["TagSet"]}


@aws_call("tag the bucket {name}")
def put_tags(client: t.Any, name: str, tags: dict[str, str]) -> None:
    """All of them: S3 replaces a bucket's tags as a whole."""
    found = [{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")]
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": found})
