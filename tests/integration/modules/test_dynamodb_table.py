from __future__ import annotations

import typing as t

import pytest

NAME = "central-llm-state"
KEY = {"name": "pk", "type": "S"}


@pytest.fixture
def table(run_module: t.Any) -> t.Any:
    return run_module("dynamodb_table")


@pytest.fixture
def dynamodb(lab: t.Any) -> t.Any:
    return lab.client("dynamodb")


def read_back(dynamodb: t.Any) -> dict[str, t.Any] | None:
    try:
        return dynamodb.describe_table(TableName=NAME)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None


def tags_of(dynamodb: t.Any) -> dict[str, str]:
    tags = dynamodb.list_tags_of_resource(ResourceArn=read_back(dynamodb)["TableArn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def ttl_of(dynamodb: t.Any) -> dict[str, str]:
    return dynamodb.describe_time_to_live(TableName=NAME)["TimeToLiveDescription"]


def recovery_of(dynamodb: t.Any) -> str:
    backups = dynamodb.describe_continuous_backups(TableName=NAME)["ContinuousBackupsDescription"]
    return backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def test_create_and_create_again(table: t.Any, dynamodb: t.Any) -> None:
    options = {
        "name": NAME,
        "partition_key": KEY,
        "sort_key": {"name": "at", "type": "N"},
        "billing": "PAY_PER_REQUEST",
        "ttl_attribute": "expires_at",
        "point_in_time_recovery": True,
        "deletion_protection": True,
        "tags": {"central-llm:stack": "central-llm"},
    }
    outcome = table.predicted(**options)
    assert outcome.changed
    assert outcome["table"]["status"] == "ACTIVE"
    found = read_back(dynamodb)
    assert found["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "at", "KeyType": "RANGE"},
    ]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert found["DeletionProtectionEnabled"] is True
    assert ttl_of(dynamodb) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert recovery_of(dynamodb) == "ENABLED"
    assert tags_of(dynamodb) == {"central-llm:stack": "central-llm"}
    assert table.settled(**options)["table"] == outcome["table"]


def test_check_mode_creates_nothing(table: t.Any, dynamodb: t.Any) -> None:
    outcome = table.ok(check=True, name=NAME, partition_key=KEY)
    assert outcome.changed
    assert "status" not in outcome["table"]
    assert read_back(dynamodb) is None


def test_one_option_changes_and_the_others_stay(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, ttl_attribute="expires_at", tags={"owner": "us"})
    outcome = table.predicted(name=NAME, deletion_protection=True)
    assert outcome["diff"]["before"]["deletion_protection"] is False
    assert read_back(dynamodb)["DeletionProtectionEnabled"] is True
    assert ttl_of(dynamodb)["AttributeName"] == "expires_at"
    assert tags_of(dynamodb) == {"owner": "us"}
    table.settled(name=NAME)


def test_recovery_and_encryption_are_turned_on_and_off(table: t.Any, dynamodb: t.Any, lab: t.Any) -> None:
    key = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    table.ok(name=NAME, partition_key=KEY)
    assert table.predicted(name=NAME, point_in_time_recovery=True, kms_key_arn=key).changed
    assert recovery_of(dynamodb) == "ENABLED"
    assert read_back(dynamodb)["SSEDescription"]["KMSMasterKeyArn"] == key
    table.settled(name=NAME, point_in_time_recovery=True, kms_key_arn=key)
    assert table.predicted(name=NAME, point_in_time_recovery=False, kms_key_arn="").changed
    assert recovery_of(dynamodb) == "DISABLED"
    assert read_back(dynamodb).get("SSEDescription", {}).get("Status", "DISABLED") == "DISABLED"
    table.settled(name=NAME, point_in_time_recovery=False, kms_key_arn="")


def test_expiry_is_turned_off_before_it_goes_by_another_attribute(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, ttl_attribute="expires_at")
    assert "hour" in table.refused(name=NAME, ttl_attribute="ttl", deletion_protection=True)
    assert read_back(dynamodb).get("DeletionProtectionEnabled", False) is False
    assert table.predicted(name=NAME, ttl_attribute="").changed
    assert ttl_of(dynamodb)["TimeToLiveStatus"] == "DISABLED"
    table.settled(name=NAME, ttl_attribute="")
    assert table.predicted(name=NAME, ttl_attribute="ttl").changed
    assert ttl_of(dynamodb) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_a_provisioned_table_is_changed_to_pay_per_request(table: t.Any, dynamodb: t.Any) -> None:
    dynamodb.create_table(
        TableName=NAME,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    table.settled(name=NAME, partition_key=KEY)
    assert table.predicted(name=NAME, billing="PAY_PER_REQUEST").changed
    assert read_back(dynamodb)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    "other",
    [
        {"partition_key": {"name": "id", "type": "S"}},
        {"partition_key": {"name": "pk", "type": "N"}},
        {"partition_key": KEY, "sort_key": {"name": "at"}},
        {"sort_key": {"name": "at"}},
    ],
)
def test_the_key_cannot_change(table: t.Any, dynamodb: t.Any, other: dict[str, t.Any]) -> None:
    table.ok(name=NAME, partition_key=KEY)
    message = table.refused(name=NAME, deletion_protection=True, **other)
    assert "another name" in message and "copy" in message
    assert read_back(dynamodb).get("DeletionProtectionEnabled", False) is False


def test_foreign_tags_stay_unless_purged(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, tags={"foreign": "yes"})
    assert table.predicted(name=NAME, tags={"ours": "1"}).changed
    assert tags_of(dynamodb) == {"foreign": "yes", "ours": "1"}
    assert table.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert tags_of(dynamodb) == {"ours": "1"}


def test_bad_input_is_refused_before_anything_is_touched(table: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "3 to 255" in table.refused(name="a!", partition_key=KEY)
    assert "two attributes" in table.refused(name=NAME, partition_key=KEY, sort_key=KEY)
    assert "ARN" in table.refused(name=NAME, partition_key=KEY, kms_key_arn="key")
    alias = "arn:aws:kms:eu-central-1:123456789012:alias/audit"
    assert "not of an alias" in table.refused(name=NAME, partition_key=KEY, kms_key_arn=alias)
    assert faults.calls() == []
    assert "partition_key is needed" in table.refused(name=NAME)
    assert "CreateTable" not in faults.calls()


def test_a_denial_names_the_missing_action_and_the_next_run_finishes(
    table: t.Any, dynamodb: t.Any, faults: t.Any
) -> None:
    options = {"name": NAME, "partition_key": KEY, "ttl_attribute": "expires_at", "point_in_time_recovery": True}
    faults.add("dynamodb", "UpdateTimeToLive", "AccessDeniedException")
    message = table.refused(**options)
    assert "dynamodb:UpdateTimeToLive" in message and NAME in message
    assert read_back(dynamodb)
    assert table.predicted(**options).changed
    assert ttl_of(dynamodb)["TimeToLiveStatus"] == "ENABLED"
    assert recovery_of(dynamodb) == "ENABLED"


def test_throttling_is_ridden_out(table: t.Any, dynamodb: t.Any, faults: t.Any) -> None:
    faults.add("dynamodb", "CreateTable", "ThrottlingException", times=2)
    assert table.ok(name=NAME, partition_key=KEY).changed
    assert read_back(dynamodb)


BY_USER = {"name": "by-user", "partition_key": {"name": "user_month"}, "sort_key": {"name": "at"}}
BY_DAY = {"name": "by-day", "partition_key": {"name": "day"}, "projection": "KEYS_ONLY"}


def indexes_of(dynamodb: t.Any) -> dict[str, t.Any]:
    found = read_back(dynamodb).get("GlobalSecondaryIndexes", [])
    return {each["IndexName"]: ([k["AttributeName"] for k in each["KeySchema"]], each["Projection"]) for each in found}


def test_a_table_is_made_with_its_indexes(table: t.Any, dynamodb: t.Any) -> None:
    options = {"name": NAME, "partition_key": KEY, "indexes": [BY_USER, BY_DAY]}
    outcome = table.predicted(**options)
    assert [each["name"] for each in outcome["table"]["indexes"]] == ["by-day", "by-user"]
    assert indexes_of(dynamodb) == {
        "by-user": (["user_month", "at"], {"ProjectionType": "ALL"}),
        "by-day": (["day"], {"ProjectionType": "KEYS_ONLY"}),
    }
    table.settled(**options)
    table.settled(name=NAME)


def test_indexes_come_and_go_one_by_one(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY)
    assert table.predicted(name=NAME, indexes=[BY_USER, BY_DAY]).changed
    assert set(indexes_of(dynamodb)) == {"by-user", "by-day"}
    table.settled(name=NAME, indexes=[BY_USER])
    assert table.predicted(name=NAME, indexes=[BY_USER], purge_indexes=True).changed
    assert set(indexes_of(dynamodb)) == {"by-user"}


def test_an_index_that_cannot_be_is_refused_before_anything_is_touched(table: t.Any, faults: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, indexes=[BY_USER])
    faults.forget_calls()
    other = {**BY_USER, "sort_key": {"name": "other"}}
    assert "cannot change an index" in table.refused(name=NAME, indexes=[other])
    typed = {**BY_DAY, "partition_key": {"name": KEY["name"], "type": "N"}}
    assert "one type, not two" in table.refused(name=NAME, indexes=[typed])
    assert "name of its own" in table.refused(name=NAME, indexes=[BY_DAY, BY_DAY])
    assert "3 to 255" in table.refused(name=NAME, indexes=[{**BY_DAY, "name": "x"}])
    assert "UpdateTable" not in faults.calls()


def test_a_protected_table_is_not_deleted(table: t.Any, dynamodb: t.Any, faults: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, deletion_protection=True)
    faults.forget_calls()
    assert "deletion_protection: false" in table.refused(name=NAME, state="absent")
    assert "DeleteTable" not in faults.calls()
    assert read_back(dynamodb)


def test_a_protected_table_is_deleted_on_request(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY, deletion_protection=True)
    doomed = {"name": NAME, "state": "absent", "deletion_protection": False}
    assert table.ok(check=True, **doomed).changed
    assert read_back(dynamodb)["DeletionProtectionEnabled"] is True
    assert table.predicted(**doomed).changed
    assert read_back(dynamodb) is None
    table.settled(**doomed)


def test_delete_and_delete_again(table: t.Any, dynamodb: t.Any) -> None:
    table.ok(name=NAME, partition_key=KEY)
    assert table.predicted(name=NAME, state="absent").changed
    assert read_back(dynamodb) is None
    table.settled(name=NAME, state="absent")
