from __future__ import annotations

import json
import typing as t

import pytest

NAME = "central-llm/clients/alice"
VALUE = {"apiKeyId": "k-9f81c2", "value": "s3cr3t-Zq81-not-to-be-seen", "createdAt": "2026-11-23", "port": 1}
PARTS = ["k-9f81c2", "s3cr3t-Zq81-not-to-be-seen"]


@pytest.fixture
def secret(run_module: t.Any) -> t.Any:
    return run_module("secret")


@pytest.fixture
def manager(lab: t.Any) -> t.Any:
    return lab.client("secretsmanager")


def current(manager: t.Any) -> str:
    return manager.get_secret_value(SecretId=NAME)["SecretString"]


def versions(manager: t.Any) -> int:
    return len(manager.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"])


def test_create_and_create_again(secret: t.Any, manager: t.Any) -> None:
    options = {"name": NAME, "value": VALUE, "description": "Alice's key", "tags": {"central-llm:stack": "central-llm"}}
    outcome = secret.predicted(**options)
    assert outcome.changed
    assert outcome["secret"]["value"] == "changed"
    assert json.loads(current(manager)) == VALUE
    described = manager.describe_secret(SecretId=NAME)
    assert described["Description"] == "Alice's key"
    assert described["Tags"] == [{"Key": "central-llm:stack", "Value": "central-llm"}]
    # The "1" in the value must not be struck out of the ARN.
    assert outcome["secret"]["arn"] == described["ARN"]
    again = secret.settled(**options)
    assert again["secret"]["version_id"] == outcome["secret"]["version_id"]
    assert versions(manager) == 1


def test_check_mode_creates_nothing(secret: t.Any, manager: t.Any) -> None:
    assert secret.ok(check=True, name=NAME, value="text").changed
    assert manager.list_secrets()["SecretList"] == []


def test_a_new_value_keeps_the_old_one_as_previous(secret: t.Any, manager: t.Any) -> None:
    secret.ok(name=NAME, value="first-value", tags={"owner": "us"})
    outcome = secret.predicted(name=NAME, value="second-value")
    assert outcome["diff"]["before"]["value"] == "unchanged"
    assert outcome["diff"]["after"]["value"] == "changed"
    assert current(manager) == "second-value"
    previous = manager.get_secret_value(SecretId=NAME, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "first-value"
    assert manager.describe_secret(SecretId=NAME)["Tags"] == [{"Key": "owner", "Value": "us"}]
    secret.settled(name=NAME, value="second-value")


def test_json_is_compared_by_what_it_says(secret: t.Any, manager: t.Any) -> None:
    manager.create_secret(Name=NAME, SecretString='{ "b": [1, {"y": 2, "x": 1}],\n "a": "é" }')
    secret.settled(name=NAME, value={"a": "é", "b": [1, {"x": 1, "y": 2}]})
    assert secret.predicted(name=NAME, value={"a": "é", "b": [True, {"x": 1, "y": 2}]}).changed


def test_a_value_that_is_there_stays_on_request(secret: t.Any, manager: t.Any) -> None:
    manager.create_secret(Name=NAME)
    assert secret.predicted(name=NAME, value="generated-1", only_if_absent=True).changed
    assert current(manager) == "generated-1"
    secret.settled(name=NAME, value="generated-2", only_if_absent=True)
    assert current(manager) == "generated-1"


def test_without_a_value_only_the_rest_is_managed(secret: t.Any, manager: t.Any, faults: t.Any) -> None:
    manager.create_secret(Name=NAME, SecretString="kept-value", Description="old", Tags=[{"Key": "a", "Value": "1"}])
    faults.forget_calls()
    assert secret.predicted(name=NAME, description="new", tags={"b": "2"}).changed
    assert "GetSecretValue" not in faults.calls()
    described = manager.describe_secret(SecretId=NAME)
    assert described["Description"] == "new"
    assert {tag["Key"] for tag in described["Tags"]} == {"a", "b"}
    assert secret.predicted(name=NAME, description="", tags={"b": "2"}, purge_tags=True).changed
    described = manager.describe_secret(SecretId=NAME)
    assert described.get("Description", "") == ""
    assert described["Tags"] == [{"Key": "b", "Value": "2"}]
    assert current(manager) == "kept-value"


def test_the_key_is_the_same_by_any_of_its_names(secret: t.Any, manager: t.Any) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/0f9c2a34-0000-4000-8000-1234567890ab"
    manager.create_secret(Name=NAME, SecretString="some-value", KmsKeyId=key)
    secret.settled(name=NAME, kms_key_id="0f9c2a34-0000-4000-8000-1234567890ab")
    secret.settled(name=NAME, kms_key_id=key)
    assert secret.predicted(name=NAME, kms_key_id="alias/other").changed
    assert manager.describe_secret(SecretId=NAME)["KmsKeyId"] == "alias/other"


def test_the_value_is_nowhere_in_what_is_returned_or_printed(
    secret: t.Any, faults: t.Any, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = [secret(name=NAME, value=VALUE, check=True), secret(name=NAME, value=VALUE)]
    outcomes.append(secret(name=NAME, value={**VALUE, "value": "another-Zq82-not-to-be-seen"}))
    faults.add("secretsmanager", "PutSecretValue", "AccessDeniedException", message="not today")
    outcomes.append(secret(name=NAME, value=VALUE))
    assert outcomes[-1].failed
    outcomes.append(secret(name="bad name", value=VALUE))
    outcomes.append(secret(value=VALUE))
    outcomes.append(secret(name=NAME, value=VALUE, recovery_window_days="no number"))
    assert outcomes[-1].failed
    printed = "".join(capfd.readouterr())
    for text in [*PARTS, "another-Zq82-not-to-be-seen"]:
        assert text not in printed
        for outcome in outcomes:
            assert text not in json.dumps(outcome)


def test_bad_input_is_refused_before_anything_is_touched(secret: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "list" in secret.refused(name=NAME, value=["no", "list"])
    assert "65536" in secret.refused(name=NAME, value="é" * 33000)
    assert "letters" in secret.refused(name="with space", value="text")
    assert "7 to 30" in secret.refused(name=NAME, state="absent", recovery_window_days=3)
    assert faults.calls() == []
    assert "value is needed" in secret.refused(name=NAME)


def test_a_denial_names_the_missing_action(secret: t.Any, manager: t.Any, faults: t.Any) -> None:
    secret.ok(name=NAME, value="first-value")
    faults.add("secretsmanager", "GetSecretValue", "AccessDeniedException")
    message = secret.refused(name=NAME, value="second-value")
    assert "secretsmanager:GetSecretValue" in message and NAME in message
    assert current(manager) == "first-value"


def test_throttling_is_ridden_out(secret: t.Any, manager: t.Any, faults: t.Any) -> None:
    faults.add("secretsmanager", "CreateSecret", "ThrottlingException", times=2)
    assert secret.ok(name=NAME, value="text").changed
    assert current(manager) == "text"


def test_delete_delete_again_and_restore(secret: t.Any, manager: t.Any) -> None:
    secret.ok(name=NAME, value="kept-value")
    assert secret.predicted(name=NAME, state="absent", recovery_window_days=7).changed
    assert "DeletedDate" in manager.describe_secret(SecretId=NAME)
    secret.settled(name=NAME, state="absent")
    assert "restore" in secret.refused(name=NAME, value="new-value", restore=False)
    assert secret.predicted(name=NAME, value="new-value").changed
    assert "DeletedDate" not in manager.describe_secret(SecretId=NAME)
    assert current(manager) == "new-value"
    secret.settled(name=NAME, value="new-value")


def test_delete_for_good(secret: t.Any, manager: t.Any) -> None:
    secret.ok(name=NAME, value="gone-value")
    secret.ok(name=NAME, state="absent")
    assert secret.predicted(name=NAME, state="absent", recovery_window_days=0).changed
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.describe_secret(SecretId=NAME)
    secret.settled(name=NAME, state="absent", recovery_window_days=0)
    assert secret.ok(name=NAME, value="reborn").changed
