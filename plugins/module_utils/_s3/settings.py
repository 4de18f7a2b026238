# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A bucket's settings between this collection's words and S3's. Pure."""

from __future__ import annotations

import re
import typing as t

Settings = dict[str, t.Any]

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]\Z")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+\Z")
# What a rule can say here; one that says more is somebody else's.
_KNOWN = {
    "ID",
    "Status",
    "Filter",
    "Expiration",
    "NoncurrentVersionExpiration",
    "Transitions",
    "AbortIncompleteMultipartUpload",
}


def is_name(name: str) -> bool:
    return bool(_NAME.match(name)) and not _ADDRESS.match(name)


def kms_key_of(configuration: Settings | None) -> str:
    """The key that objects are encrypted with, empty for S3's own."""
    rules = (configuration or {}).get("Rules") or [{}]
    return rules[0].get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "")


def encryption(kms_key_arn: str) -> Settings:
    """A bucket key spares a call of KMS for each object."""
    if not kms_key_arn:
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key_arn}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]}


def object_lock_of(configuration: Settings | None) -> Settings:
    """How long new objects are kept: nothing where the bucket locks none, or none by default."""
    found = (configuration or {}).get("Rule", {}).get("DefaultRetention", {})
    if not found:
        return {}
    return {"mode": found["Mode"], "days": found.get("Days") or found.get("Years", 0) * 365}


def object_lock(wanted: Settings) -> Settings:
    retention = {"Mode": wanted["mode"], "Days": wanted["days"]}
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def rule_of(found: Settings) -> Settings:
    """A rule of the lifecycle in this collection's words; `foreign` says that it has others besides."""
    transitions = found.get("Transitions") or []
    first = transitions[0] if transitions else {}
    filter_ = found.get("Filter") or {}
    rule = {
        "id": found.get("ID", ""),
        "prefix": filter_.get("Prefix") or found.get("Prefix") or "",
        "expire_days": found.get("Expiration", {}).get("Days"),
        "noncurrent_expire_days": found.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
        "transition_days": first.get("Days"),
        "transition_class": first.get("StorageClass"),
        "abort_upload_days": found.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    }
    more = found.keys() - _KNOWN or filter_.keys() - {"Prefix"} or len(transitions) > 1
    if more or found.get("Status") != "Enabled":
        rule["foreign"] = True
    return rule


def rule(wanted: Settings) -> Settings:
    found: Settings = {"ID": wanted["id"], "Status": "Enabled", "Filter": {"Prefix": wanted.get("prefix") or ""}}
    if wanted.get("expire_days"):
        found["Expiration"] = {"Days": wanted["expire_days"]}
    if wanted.get("noncurrent_expire_days"):
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": wanted["noncurrent_expire_days"]}
    if wanted.get("transition_days"):
        found["Transitions"] = [{"Days": wanted["transition_days"], "StorageClass": wanted["transition_class"]}]
    if wanted.get("abort_upload_days"):
        found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": wanted["abort_upload_days"]}
    return found


__all__ = (
    "BLOCKS",
    "encryption",
    "is_name",
    "kms_key_of",
    "object_lock",
    "object_lock_of",
    "rule",
    "rule_of",
)
