"""Settings of stages: reading, checking and patching."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import stage_settings as stage
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from hypothesis import given
from hypothesis import strategies as st

GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/prod"
BARE = {"deployment_id": "d1", "description": "", "access_log": {}, "method_settings": [], "variables": {}}


def options(**changed: t.Any) -> dict[str, t.Any]:
    nothing = dict.fromkeys(("variables", "access_log", "method_settings", "keep_deployments"))
    return {"name": "prod", **nothing, **changed}


def test_paths_of_method_settings_are_read_in_either_spelling() -> None:
    keys = ["*/*", "~1v1~1models/GET", "v1~1chat/POST", "~1/GET"]
    found = stage.read_method_settings({key: {"throttlingRateLimit": 1.0} for key in keys})
    assert {(one["path"], one["method"]) for one in found} == {
        ("/*", "*"),
        ("/v1/models", "GET"),
        ("/v1/chat", "POST"),
        ("/", "GET"),
    }


def test_patches_escape_the_path() -> None:
    after = {**BARE, "method_settings": [{"path": "/v1/models", "method": "GET", "throttling_rate_limit": 0.5}]}
    assert stage.patch_operations(BARE, after) == [
        {"op": "replace", "path": "/~1v1~1models/GET/throttling/rateLimit", "value": "0.5"}
    ]
    assert stage.patch_operations(after, BARE) == [{"op": "remove", "path": "/~1v1~1models/GET"}]


def test_patches_of_all_methods() -> None:
    settings = {"path": "/*", "method": "*", "logging_level": "ERROR", "metrics_enabled": True}
    assert stage.patch_operations(BARE, {**BARE, "method_settings": [settings]}) == [
        {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"},
        {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"},
    ]


def test_destination_and_format_go_together() -> None:
    there = {**BARE, "access_log": {"destination_arn": GROUP, "format": "old"}}
    operations = stage.patch_operations(there, {**there, "access_log": {"destination_arn": GROUP, "format": "new"}})
    assert [one["path"] for one in operations] == ["/accessLogSettings/destinationArn", "/accessLogSettings/format"]
    assert stage.patch_operations(there, BARE) == [{"op": "remove", "path": "/accessLogSettings"}]


@pytest.mark.parametrize(
    ("line", "sound"),
    [
        ("$context.requestId", True),
        ("$context.extendedRequestId $context.identity.apiKeyId", True),
        ("$context.requestIdentifier", False),
        ("$context.status", False),
        ("$context.requestId $context.identity.apiKey", False),
        ("$context.requestId $context.identity.apiKey,", False),
        ('{"id":"$context.requestId","key":"$context.identity.apiKey"}', False),
        ("$context.requestId\n$context.status", False),
        ("$context.requestId\n", True),
        ("$context.requestId" + "x" * 3072, False),
    ],
)
def test_formats_of_access_logs(line: str, sound: bool) -> None:
    given_options = options(access_log={"destination_arn": f"{GROUP}:*", "format": line})
    if sound:
        stage.validate(given_options)
    else:
        with pytest.raises(InvalidInput, match=r"access_log\.format"):
            stage.validate(given_options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a/b"},
        {"variables": {"a.b": "1"}},
        {"variables": {"a": "with space"}},
        {"access_log": {"format": "$context.requestId"}},
        {"access_log": {"destination_arn": "arn:aws:s3:::bucket", "format": "$context.requestId"}},
        {"access_log": {"destination_arn": f"{GROUP}:log-stream:x", "format": "$context.requestId"}},
        {"method_settings": [{"path": "/*", "method": "GET"}]},
        {"method_settings": [{"path": "/a", "method": "GET"}, {"path": "a", "method": "get"}]},
        {"method_settings": [{"path": "/a", "method": "*", "throttling_rate_limit": -1.0}]},
        {"keep_deployments": -1},
    ],
)
def test_bad_settings_are_refused(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput):
        stage.validate(options(**wrong))


def test_an_absent_option_leaves_alone_and_an_empty_one_turns_off() -> None:
    assert stage.desired_access_log(None) is None
    assert stage.desired_access_log({}) == {}
    found = stage.desired_access_log({"destination_arn": f"{GROUP}:*", "format": "$context.requestId\n"})
    assert found == {"destination_arn": GROUP, "format": "$context.requestId"}


@pytest.mark.parametrize(
    ("after", "needed"),
    [
        ({}, False),
        ({"access_log": {"destination_arn": GROUP, "format": "x"}}, True),
        ({"access_log": {"destination_arn": "arn:aws:firehose:r:1:deliverystream/amazon-apigateway-x"}}, False),
        ({"method_settings": [{"logging_level": "OFF"}]}, False),
        ({"method_settings": [{"logging_level": "ERROR"}]}, True),
    ],
)
def test_who_needs_the_log_role(after: dict[str, t.Any], needed: bool) -> None:
    assert stage.needs_log_role({**BARE, **after}) is needed


_settings = st.fixed_dictionaries(
    {"path": st.sampled_from(["/*", "/", "/a", "/a/b~c"]), "method": st.sampled_from(["*", "GET", "POST"])},
    optional={
        "throttling_rate_limit": st.floats(0, 1e6),
        "throttling_burst_limit": st.integers(0, 5000),
        "metrics_enabled": st.booleans(),
    },
)
_many = st.lists(_settings, max_size=4, unique_by=lambda one: (one["path"], one["method"]))


@given(_many, _many)
def test_given_settings_win_and_others_stay(there: list[t.Any], wanted: list[t.Any]) -> None:
    after = stage.desired_method_settings(wanted, there, purge=False)
    by_key = {(one["path"], one["method"]): one for one in after}
    assert len(by_key) == len(after)
    for one in wanted:
        assert one.items() <= by_key[one["path"], one["method"]].items()
    for one in there:
        assert set(one) <= set(by_key[one["path"], one["method"]])
    assert stage.desired_method_settings(wanted, after, purge=False) == after


@given(_many, _many)
def test_purged_are_only_those_given(there: list[t.Any], wanted: list[t.Any]) -> None:
    after = stage.desired_method_settings(wanted, there, purge=True)
    assert [(one["path"], one["method"]) for one in after] == sorted((one["path"], one["method"]) for one in wanted)


@given(_many)
def test_no_change_is_no_patch(there: list[t.Any]) -> None:
    one = {**BARE, "method_settings": there}
    assert stage.patch_operations(one, one) == []
