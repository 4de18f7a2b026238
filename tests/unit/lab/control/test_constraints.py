"""Values against the shapes of botocore's models."""

from __future__ import annotations

import typing as t

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.control import constraints


def shape(service: str, operation: str) -> t.Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


@pytest.mark.parametrize(
    ("service", "operation", "value", "words"),
    [
        ("logs", "CreateLogGroup", {"logGroupName": "a b"}, "regular expression pattern"),
        ("logs", "CreateLogGroup", {"logGroupName": ""}, "length greater than or equal to 1"),
        ("logs", "CreateLogGroup", {"logGroupName": "x" * 513}, "length less than or equal to 512"),
        ("logs", "CreateLogGroup", {}, "must not be null"),
        ("apigateway", "CreateUsagePlan", {"name": "a", "quota": {"period": "YEAR"}}, "enum value set"),
        ("elbv2", "CreateTargetGroup", {"Name": "a", "Port": 0}, "value greater than or equal to 1"),
        ("elbv2", "CreateTargetGroup", {"Name": "a", "Port": 65536}, "value less than or equal to 65535"),
        ("elbv2", "AddTags", {"ResourceArns": ["a"], "Tags": [{"Key": ""}]}, "Tags.1.member.Key"),
    ],
)
def test_what_is_out_of_bounds_is_named(service: str, operation: str, value: dict[str, t.Any], words: str) -> None:
    found = constraints.problems(shape(service, operation), value)
    assert any(words in problem.words for problem in found)


@pytest.mark.parametrize(
    ("service", "operation", "value"),
    [
        ("logs", "CreateLogGroup", {"logGroupName": "/aws/apigateway/central-llm-rest-api/prod", "tags": {"a": "b c"}}),
        ("apigateway", "CreateUsagePlan", {"name": "a", "throttle": {"rateLimit": 5.5, "burstLimit": 10}}),
        ("iam", "CreateRole", {"RoleName": "a", "AssumeRolePolicyDocument": "{}", "Description": "für Größe: ok"}),
    ],
)
def test_what_aws_takes_passes(service: str, operation: str, value: dict[str, t.Any]) -> None:
    assert constraints.problems(shape(service, operation), value) == []


def test_a_secret_is_never_in_the_words() -> None:
    found = constraints.problems(shape("apigateway", "CreateApiKey"), {"name": "a", "value": "s3cret"})
    found += constraints.problems(shape("secretsmanager", "CreateSecret"), {"Name": "a", "SecretString": ""})
    assert all("s3cret" not in problem.words for problem in found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"clusterNam": "a"}, "Unknown parameter: clusterNam"),
        ({"clusterName": 1}, "expected string"),
        ({"settings": {}}, "expected list"),
        ({"settings": [{"name": "containerInsights", "valeu": "x"}]}, "Unknown parameter: settings[].valeu"),
    ],
)
def test_misfits_in_json_are_named(value: dict[str, t.Any], words: str) -> None:
    found = constraints.misfits(shape("ecs", "CreateCluster"), value, "")
    assert any(words in one for one in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    )
)
def test_no_json_makes_the_walk_fail(value: t.Any) -> None:
    wanted = shape("ecs", "RegisterTaskDefinition")
    constraints.misfits(wanted, value, "")
    constraints.misfits(wanted, {"containerDefinitions": value, "family": value}, "")
