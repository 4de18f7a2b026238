"""API keys: made, changed, found among several, and their values kept where they belong."""

from __future__ import annotations

import json
import typing as t

import pytest

NAME = "central-llm-analytics"
VALUE = "abcdefghij0123456789ABCDEFGHIJ"


@pytest.fixture
def api_key(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_api_key")


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


def keys(apigateway: t.Any) -> list[dict[str, t.Any]]:
    return apigateway.get_api_keys(includeValues=True)["items"]


def only_key(apigateway: t.Any) -> dict[str, t.Any]:
    (found,) = keys(apigateway)
    return found


def test_create_and_create_again(api_key: t.Any, apigateway: t.Any) -> None:
    options = {"name": NAME, "description": "Analytics", "customer_id": "c-1", "tags": {"central-llm:client": "a"}}
    outcome = api_key.predicted(**options)
    assert outcome.changed
    found = only_key(apigateway)
    assert outcome["api_key"]["id"] == found["id"]
    assert (found["name"], found["description"], found["customerId"]) == (NAME, "Analytics", "c-1")
    assert found["enabled"] is True
    assert found["tags"] == {"central-llm:client": "a"}
    assert api_key.settled(**options)["api_key"] == outcome["api_key"]


def test_check_mode_creates_nothing(api_key: t.Any, apigateway: t.Any) -> None:
    outcome = api_key.ok(check=True, name=NAME, return_value=True)
    assert outcome.changed
    assert outcome["api_key"]["enabled"] is True
    assert "id" not in outcome["api_key"] and "value" not in outcome
    assert keys(apigateway) == []


def test_one_option_changes_and_the_others_stay(api_key: t.Any, apigateway: t.Any) -> None:
    api_key.ok(name=NAME, description="Analytics", tags={"owner": "us"})
    value = only_key(apigateway)["value"]
    outcome = api_key.predicted(name=NAME, enabled=False)
    assert outcome["diff"]["before"]["enabled"] is True
    assert outcome["diff"]["after"]["enabled"] is False
    found = only_key(apigateway)
    assert found["enabled"] is False
    assert (found["description"], found["tags"], found["value"]) == ("Analytics", {"owner": "us"}, value)
    # A key that somebody disabled is not enabled by the way.
    api_key.settled(name=NAME)
    assert api_key.predicted(name=NAME, enabled=True).changed
    assert only_key(apigateway)["enabled"] is True


def test_texts_are_removed_by_empty_strings(api_key: t.Any, apigateway: t.Any) -> None:
    api_key.ok(name=NAME, description="Analytics", customer_id="c-1")
    assert api_key.predicted(name=NAME, description="", customer_id="").changed
    found = only_key(apigateway)
    assert not found.get("description") and not found.get("customerId")
    api_key.settled(name=NAME, description="", customer_id="")


def test_foreign_tags_stay_unless_purged(api_key: t.Any, apigateway: t.Any) -> None:
    apigateway.create_api_key(name=NAME, enabled=True, tags={"foreign": "yes"})
    assert api_key.predicted(name=NAME, tags={"ours": "1"}).changed
    assert only_key(apigateway)["tags"] == {"foreign": "yes", "ours": "1"}
    assert api_key.predicted(name=NAME, tags={"ours": "2"}, purge_tags=True).changed
    assert only_key(apigateway)["tags"] == {"ours": "2"}


def test_the_id_renames(api_key: t.Any, apigateway: t.Any) -> None:
    made = api_key.ok(name=NAME)["api_key"]["id"]
    assert api_key.predicted(id=made, name="central-llm-other").changed
    assert only_key(apigateway)["name"] == "central-llm-other"
    api_key.settled(id=made)


def test_a_longer_name_is_another_key(api_key: t.Any, apigateway: t.Any) -> None:
    apigateway.create_api_key(name=f"{NAME}-two", enabled=True)
    assert api_key.predicted(name=NAME).changed
    assert len(keys(apigateway)) == 2


def test_several_keys_of_a_name_are_listed(api_key: t.Any, apigateway: t.Any) -> None:
    first = apigateway.create_api_key(name=NAME, enabled=True, tags={"central-llm:client": "a"})
    second = apigateway.create_api_key(name=NAME, enabled=False)
    for state in ("present", "absent"):
        message = api_key.refused(name=NAME, state=state)
        assert first["id"] in message and second["id"] in message
        assert "disabled" in message and "central-llm:client" in message and "give the id" in message
        assert first["value"] not in message
    assert api_key.predicted(id=second["id"], enabled=True).changed


def test_more_keys_than_a_page(api_key: t.Any, apigateway: t.Any) -> None:
    for number in range(502):
        apigateway.create_api_key(name=f"{NAME}-{number}", enabled=True)
    last = apigateway.create_api_key(name=NAME, enabled=True)
    assert api_key.settled(name=NAME)["api_key"]["id"] == last["id"]


def test_the_value_is_returned_on_request_only(api_key: t.Any, apigateway: t.Any) -> None:
    outcome = api_key.ok(name=NAME, return_value=True)
    value = only_key(apigateway)["value"]
    assert outcome.pop("value") == value
    assert value not in json.dumps(outcome)
    again = api_key.ok(name=NAME, return_value=True)
    assert again.pop("value") == value
    assert value not in json.dumps(again)
    for options in ({}, {"enabled": False}, {"state": "absent"}):
        assert value not in json.dumps(api_key.ok(name=NAME, **options))


def test_the_value_is_read_only_when_asked_for(api_key: t.Any, lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.central.llm.plugins.module_utils._apigateway import api_keys

    def refuse(client: t.Any, key_id: str) -> str:
        raise AssertionError(f"the value of {key_id} was read")

    monkeypatch.setattr(api_keys, "read_value", refuse)
    api_key.ok(name=NAME)
    api_key.ok(name=NAME, description="other")
    api_key.ok(name=NAME, state="absent")


def test_a_given_value_is_used_and_cannot_change(api_key: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    outcome = api_key.predicted(name=NAME, value=VALUE)
    assert only_key(apigateway)["value"] == VALUE
    assert VALUE not in json.dumps(outcome)
    api_key.settled(name=NAME, value=VALUE)
    faults.forget_calls()
    other = VALUE[::-1]
    for check in (True, False):
        outcome = api_key(check=check, name=NAME, value=other, enabled=False)
        assert outcome.failed
        assert "cannot change the value" in outcome["msg"] and "rotate" in outcome["msg"]
        assert VALUE not in json.dumps(outcome) and other not in json.dumps(outcome)
    assert not {"UpdateApiKey", "CreateApiKey", "TagResource"} & set(faults.calls())
    assert only_key(apigateway)["value"] == VALUE


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": NAME, "value": "short"}, "5 characters; API Gateway takes 20 to 128"),
        ({"name": NAME, "value": "x" * 129}, "129 characters"),
        ({"name": " "}, "name of the API key is empty"),
        ({}, "name, id"),
        ({"name": NAME, "tags": {"aws:mine": "1"}}, "AWS's own"),
        ({"name": NAME, "enabled": "perhaps"}, "enabled"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    api_key: t.Any, faults: t.Any, options: dict[str, t.Any], words: str
) -> None:
    faults.forget_calls()
    assert words in api_key.refused(**options)
    assert faults.calls() == []


def test_an_id_must_exist_and_fit_the_name(api_key: t.Any, apigateway: t.Any) -> None:
    assert "no API key with the id nowhere" in api_key.refused(id="nowhere", name=NAME)
    api_key.settled(id="nowhere", state="absent")
    made = api_key.ok(name=NAME)["api_key"]["id"]
    assert f"named {NAME}, not other" in api_key.refused(id=made, name="other", state="absent")
    assert only_key(apigateway)["id"] == made


def test_a_value_that_another_key_has_is_refused_by_aws(api_key: t.Any, apigateway: t.Any) -> None:
    apigateway.create_api_key(name="other", enabled=True, value=VALUE)
    message = api_key.refused(name=NAME, value=VALUE)
    assert "ConflictException" in message and NAME in message


def test_a_denial_names_the_missing_action(api_key: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "CreateApiKey", "AccessDeniedException", status=403, message="not today")
    message = api_key.refused(name=NAME)
    assert "apigateway:POST /apikeys" in message and NAME in message
    faults.add("apigateway", "TagResource", "AccessDeniedException", status=403, message="not today")
    api_key.ok(name=NAME)
    assert "apigateway:PUT" in api_key.refused(name=NAME, tags={"a": "1"})
    # The run is finished by running it again.
    api_key.ok(name=NAME, tags={"a": "1"})
    assert only_key(apigateway)["tags"] == {"a": "1"}


def test_throttling_is_ridden_out(api_key: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "CreateApiKey", "TooManyRequestsException", status=429, times=2)
    assert api_key.ok(name=NAME).changed
    assert only_key(apigateway)["name"] == NAME


def test_delete_and_delete_again(api_key: t.Any, apigateway: t.Any) -> None:
    api_key.ok(name=NAME)
    assert api_key.predicted(name=NAME, state="absent").changed
    assert keys(apigateway) == []
    api_key.settled(name=NAME, state="absent")
