# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A table as AWS describes it, in this collection's shape. Pure."""

from __future__ import annotations

import re
import typing as t

from .._aws import InvalidInput
from . import indexes

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
# AWS takes an alias, too, and answers with the key that it stands for: every run would differ, and AWS limits changes.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSEDescription.html
_KEY_ARN = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")
_MAX_ATTRIBUTE_BYTES = 255


def describe(
    table: t.Mapping[str, t.Any], ttl: t.Mapping[str, t.Any], backups: t.Mapping[str, t.Any], tags: dict[str, str]
) -> dict[str, t.Any]:
    keys = {item["KeyType"]: item["AttributeName"] for item in table["KeySchema"]}
    types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
    partition, sort = keys["HASH"], keys.get("RANGE")
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    encryption = table.get("SSEDescription", {})
    encrypted = encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    # A change of the time to live takes up to an hour; what it will be counts, or a second run would fail.
    expiring = ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return {
        "arn": table["TableArn"],
        "name": table["TableName"],
        "status": table["TableStatus"],
        "partition_key": {"name": partition, "type": types[partition]},
        "sort_key": {"name": sort, "type": types[sort]} if sort else {},
        # AWS leaves the summary out for a table that has been provisioned from the start.
        "billing": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "ttl_attribute": ttl.get("AttributeName", "") if expiring else "",
        "point_in_time_recovery": recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        "deletion_protection": table.get("DeletionProtectionEnabled", False),
        "kms_key_arn": encryption.get("KMSMasterKeyArn", "") if encrypted else "",
        "indexes": indexes.described(table, types),
        "tags": tags,
    }


def create_request(desired: t.Mapping[str, t.Any], tags: t.Mapping[str, str]) -> dict[str, t.Any]:
    """CreateTable for what AWS takes at creation; time to live and recovery come after it."""
    keys = [("HASH", desired["partition_key"])]
    if desired.get("sort_key"):
        keys.append(("RANGE", desired["sort_key"]))
    request: dict[str, t.Any] = {
        "TableName": desired["name"],
        "KeySchema": [{"AttributeName": key["name"], "KeyType": kind} for kind, key in keys],
        "AttributeDefinitions": indexes.attributes_of(
            *(key for _kind, key in keys), *indexes.keys_of(desired["indexes"])
        ),
        "BillingMode": desired["billing"],
        "DeletionProtectionEnabled": desired["deletion_protection"],
    }
    if desired["kms_key_arn"]:
        request["SSESpecification"] = encryption(desired["kms_key_arn"])
    if desired["indexes"]:
        request["GlobalSecondaryIndexes"] = [indexes.request_of(index) for index in desired["indexes"]]
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return request


def encryption(kms_key_arn: str) -> dict[str, t.Any]:
    if not kms_key_arn:
        return {"Enabled": False}
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": kms_key_arn}


def validate(options: t.Mapping[str, t.Any]) -> None:
    if not _NAME.fullmatch(options["name"]):
        raise InvalidInput(f"name is {options['name']!r}: a table takes 3 to 255 letters, digits, '_', '.' and '-'.")
    attributes = {
        "partition_key": (options["partition_key"] or {}).get("name"),
        "sort_key": (options["sort_key"] or {}).get("name"),
        "ttl_attribute": options["ttl_attribute"] or None,
    }
    for option, attribute in attributes.items():
        if attribute is not None and not 1 <= len(attribute.encode()) <= _MAX_ATTRIBUTE_BYTES:
            raise InvalidInput(f"{option} names an attribute of {len(attribute)} letters, it takes 1 to 255 bytes.")
    if attributes["sort_key"] and attributes["sort_key"] == attributes["partition_key"]:
        raise InvalidInput(f"partition_key and sort_key are both {attributes['sort_key']}; they are two attributes.")
    if options["kms_key_arn"] and not _KEY_ARN.fullmatch(options["kms_key_arn"]):
        raise InvalidInput(
            f"kms_key_arn is {options['kms_key_arn']!r}: it takes the ARN of a KMS key (...:key/...), not of an alias, "
            "or nothing."
        )


def validate_indexes(options: t.Mapping[str, t.Any], before: t.Mapping[str, t.Any] | None) -> None:
    keys = [options[key] or (before or {}).get(key) for key in ("partition_key", "sort_key")]
    indexes.validate(options["indexes"] or [], [key for key in keys if key])


def validate_change(before: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInput for what AWS cannot change."""
    # With the partition key the whole key is given: no sort key then means a table without one.
    whole = options["partition_key"] is not None
    asked_keys = {
        "partition_key": options["partition_key"],
        "sort_key": options["sort_key"] or ({} if whole else None),
    }
    for option, wanted in asked_keys.items():
        if wanted is not None and dict(wanted) != before[option]:
            raise InvalidInput(
                f"The table {before['name']} has the {option} {_key(before[option])}, {_key(wanted)} is asked for, and "
                "AWS cannot change the key of a table. Use another name, or copy the items into a new table and delete "
                "this one."
            )
    asked, current = options["ttl_attribute"], before["ttl_attribute"]
    if asked and current and asked != current:
        raise InvalidInput(
            f"Items of the table {before['name']} expire by {current}, not by {asked}, and AWS changes that in two "
            "steps an hour apart: run with ttl_attribute: '' first."
        )


def _key(key: t.Mapping[str, str]) -> str:
    return f"{key['name']} ({key['type']})" if key else "none"


__all__ = ("create_request", "describe", "encryption", "validate", "validate_change", "validate_indexes")
