from __future__ import annotations

import typing as t

import botocore.session
import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._dynamodb.table import (
    create_request,
    describe,
    validate,
    validate_change,
)
from botocore.validate import ParamValidator

TABLE: dict[str, t.Any] = {
    "TableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/t",
    "TableName": "t",
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    # Attributes of indexes are listed, too.
    "AttributeDefinitions": [
        {"AttributeName": "other", "AttributeType": "N"},
        {"AttributeName": "pk", "AttributeType": "S"},
    ],
}
NOTHING = {"partition_key": None, "sort_key": None, "ttl_attribute": None}


def shown(ttl: dict[str, t.Any] | None = None, **table: t.Any) -> dict[str, t.Any]:
    return describe({**TABLE, **table}, ttl or {}, {}, {})


@pytest.mark.parametrize(
    ("status", "attribute"), [("ENABLED", "at"), ("ENABLING", "at"), ("DISABLING", ""), ("DISABLED", "")]
)
def test_a_change_of_expiry_that_is_under_way_counts(status: str, attribute: str) -> None:
    assert shown({"TimeToLiveStatus": status, "AttributeName": "at"})["ttl_attribute"] == attribute


def test_a_table_without_a_summary_is_provisioned() -> None:
    assert shown()["billing"] == "PROVISIONED"
    assert shown()["partition_key"] == {"name": "pk", "type": "S"}
    assert shown()["sort_key"] == {}


def test_encryption_that_is_off_has_no_key() -> None:
    assert shown(SSEDescription={"Status": "DISABLING", "KMSMasterKeyArn": "arn"})["kms_key_arn"] == ""
    assert shown(SSEDescription={"Status": "UPDATING", "KMSMasterKeyArn": "arn"})["kms_key_arn"] == "arn"


@pytest.mark.parametrize(
    ("arn", "taken"),
    [
        ("arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", True),
        ("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0a1b2c3d4e5f60718293a4b5c6d7e8f9", True),
        ("", True),
        (None, True),
        # AWS answers with the key behind it, so that every run would differ.
        ("arn:aws:kms:eu-central-1:123456789012:alias/audit", False),
        ("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", False),
    ],
)
def test_a_key_is_named_as_aws_answers_it(arn: str | None, taken: bool) -> None:
    options = {**NOTHING, "name": "audit", "kms_key_arn": arn}
    if taken:
        validate(options)
    else:
        with pytest.raises(InvalidInput, match="not of an alias"):
            validate(options)


def test_the_request_fits_awss_model() -> None:
    desired = {
        **shown(),
        "sort_key": {"name": "at", "type": "N"},
        "billing": "PAY_PER_REQUEST",
        "kms_key_arn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    }
    request = create_request(desired, {"a": "b"})
    shape = botocore.session.get_session().get_service_model("dynamodb").operation_model("CreateTable").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert [key["KeyType"] for key in request["KeySchema"]] == ["HASH", "RANGE"]


def test_a_sort_key_that_is_not_named_is_not_managed_alone() -> None:
    before = {**shown(), "sort_key": {"name": "at", "type": "N"}}
    validate_change(before, NOTHING)
    validate_change(before, {**NOTHING, "partition_key": before["partition_key"], "sort_key": before["sort_key"]})
    with pytest.raises(InvalidInput, match="sort_key at"):
        validate_change(before, {**NOTHING, "partition_key": before["partition_key"]})
