from __future__ import annotations

import typing as t

import pytest

NAME = "/ecs/central-llm-service"


@pytest.fixture
def log_group(run_module: t.Any) -> t.Any:
    return run_module("log_group")


@pytest.fixture
def logs(lab: t.Any) -> t.Any:
    return lab.client("logs")


def read_back(logs: t.Any, name: str = NAME) -> dict[str, t.Any] | None:
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in groups if group["logGroupName"] == name), None)


def tags_of(logs: t.Any, name: str = NAME) -> dict[str, str]:
    group = read_back(logs, name)
    assert group
    return logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]


def test_create_and_create_again(log_group: t.Any, logs: t.Any) -> None:
    options = {"name": NAME, "retention_days": 30, "tags": {"central-llm:stack": "central-llm"}}
    outcome = log_group.predicted(**options)
    assert outcome.changed
    assert read_back(logs)["retentionInDays"] == 30
    assert tags_of(logs) == {"central-llm:stack": "central-llm"}
    again = log_group.settled(**options)
    assert again["log_group"] == outcome["log_group"]


@pytest.mark.parametrize("log_group_class", ["INFREQUENT_ACCESS", "ESSENTIALS"])
def test_a_class_holds_for_ever(log_group: t.Any, logs: t.Any, log_group_class: str) -> None:
    log_group.predicted(name=NAME, log_group_class=log_group_class, retention_days=7)
    assert read_back(logs)["logGroupClass"] == log_group_class
    assert log_group_class in log_group.refused(name=NAME, log_group_class="STANDARD")
    log_group.settled(name=NAME, retention_days=7)


def test_a_delivery_group_takes_no_retention(log_group: t.Any, logs: t.Any) -> None:
    asked = {"name": NAME, "log_group_class": "DELIVERY"}
    assert "takes no retention" in log_group.refused(**asked, retention_days=30)
    assert read_back(logs) is None
    log_group.predicted(**asked)
    log_group.settled(**asked, retention_days=0)


def test_check_mode_creates_nothing(log_group: t.Any, logs: t.Any) -> None:
    assert log_group.ok(check=True, name=NAME).changed
    assert read_back(logs) is None


def test_one_option_changes_and_the_others_stay(log_group: t.Any, logs: t.Any) -> None:
    log_group.ok(name=NAME, retention_days=30, tags={"owner": "us"})
    outcome = log_group.predicted(name=NAME, retention_days=1096)
    assert outcome["diff"]["before"]["retention_days"] == 30
    assert outcome["diff"]["after"]["retention_days"] == 1096
    assert read_back(logs)["retentionInDays"] == 1096
    assert tags_of(logs) == {"owner": "us"}
    log_group.settled(name=NAME)


def test_retention_is_removed_only_on_request(log_group: t.Any, logs: t.Any) -> None:
    log_group.ok(name=NAME, retention_days=30)
    log_group.settled(name=NAME)
    assert log_group.predicted(name=NAME, retention_days=0).changed
    assert "retentionInDays" not in read_back(logs)


def test_foreign_tags_stay_unless_purged(log_group: t.Any, logs: t.Any) -> None:
    logs.create_log_group(logGroupName=NAME, tags={"foreign": "yes"})
    assert log_group.predicted(name=NAME, tags={"ours": "1"}).changed
    assert tags_of(logs) == {"foreign": "yes", "ours": "1"}
    assert log_group.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert tags_of(logs) == {"ours": "1"}


def test_a_longer_name_is_another_group(log_group: t.Any, logs: t.Any) -> None:
    logs.create_log_group(logGroupName=f"{NAME}-two")
    assert log_group.predicted(name=NAME).changed
    assert read_back(logs) and read_back(logs, f"{NAME}-two")


def test_the_class_cannot_change(log_group: t.Any, logs: t.Any) -> None:
    log_group.ok(name=NAME, log_group_class="STANDARD")
    assert "cannot change" in log_group.refused(name=NAME, log_group_class="INFREQUENT_ACCESS", retention_days=7)
    assert "retentionInDays" not in read_back(logs)


def test_bad_retention_is_refused_before_anything_is_touched(log_group: t.Any, logs: t.Any, faults: t.Any) -> None:
    log_group.ok(name=NAME, retention_days=30)
    faults.forget_calls()
    assert "retention_days" in log_group.refused(name=NAME, retention_days=31)
    assert faults.calls() == []
    assert read_back(logs)["retentionInDays"] == 30


def test_a_denial_names_the_missing_action(log_group: t.Any, faults: t.Any) -> None:
    faults.add("logs", "PutRetentionPolicy", "AccessDeniedException", message="not today")
    message = log_group.refused(name=NAME, retention_days=30)
    assert "logs:PutRetentionPolicy" in message
    assert NAME in message
    # The run is finished by running it again.
    log_group.ok(name=NAME, retention_days=30)


def test_throttling_is_ridden_out(log_group: t.Any, logs: t.Any, faults: t.Any) -> None:
    faults.add("logs", "CreateLogGroup", "ThrottlingException", times=2)
    assert log_group.ok(name=NAME).changed
    assert read_back(logs)


def test_delete_and_delete_again(log_group: t.Any, logs: t.Any) -> None:
    log_group.ok(name=NAME)
    assert log_group.predicted(name=NAME, state="absent").changed
    assert read_back(logs) is None
    log_group.settled(name=NAME, state="absent")
