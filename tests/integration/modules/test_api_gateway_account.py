from __future__ import annotations

import typing as t

import pytest

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


@pytest.fixture
def account(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_account")


@pytest.fixture
def apigateway(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


@pytest.fixture
def role(lab: t.Any) -> t.Callable[[str], str]:
    def make(name: str) -> str:
        iam = lab.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.attach_role_policy(
            RoleName=name,
            PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        )
        return arn

    return make


def read_back(apigateway: t.Any) -> str | None:
    return apigateway.get_account().get("cloudwatchRoleArn") or None


def test_read_only(account: t.Any) -> None:
    found = account.settled()["account"]
    assert found["cloudwatch_role_arn"] == ""
    assert found["throttle"]["rate_limit"] > 0


def test_set_and_set_again(account: t.Any, apigateway: t.Any, role: t.Any) -> None:
    arn = role("logs")
    assert account.predicted(cloudwatch_role_arn=arn).changed
    assert read_back(apigateway) == arn
    account.settled(cloudwatch_role_arn=arn)


def test_check_mode_sets_nothing(account: t.Any, apigateway: t.Any, role: t.Any) -> None:
    assert account.ok(check=True, cloudwatch_role_arn=role("logs")).changed
    assert read_back(apigateway) is None


def test_another_role_is_left_alone_unless_replaced(account: t.Any, apigateway: t.Any, role: t.Any) -> None:
    theirs, ours = role("theirs"), role("ours")
    account.ok(cloudwatch_role_arn=theirs)
    outcome = account.ok(cloudwatch_role_arn=ours)
    assert not outcome.changed
    assert any(theirs in str(warning) and "replace=true" in str(warning) for warning in outcome["warnings"])
    assert read_back(apigateway) == theirs
    assert account.predicted(cloudwatch_role_arn=ours, replace=True).changed
    assert read_back(apigateway) == ours


def test_the_role_is_removed_only_on_request(account: t.Any, apigateway: t.Any, role: t.Any) -> None:
    account.ok(cloudwatch_role_arn=role("logs"))
    assert not account.ok(cloudwatch_role_arn="").changed
    assert account.predicted(cloudwatch_role_arn="", replace=True).changed
    assert read_back(apigateway) is None


def test_a_role_that_aws_does_not_see_yet_is_ridden_out(account: t.Any, apigateway: t.Any, role: t.Any, faults: t.Any):
    arn = role("logs")
    refusal = "The role ARN does not have required permissions set to API Gateway"
    faults.add("apigateway", "UpdateAccount", "BadRequestException", message=refusal, times=3)
    assert account.ok(cloudwatch_role_arn=arn).changed
    assert read_back(apigateway) == arn


def test_a_role_that_stays_refused_says_why(account: t.Any, apigateway: t.Any, faults: t.Any) -> None:
    arn = "arn:aws:iam::123456789012:role/missing"
    faults.add("apigateway", "UpdateAccount", "BadRequestException", message="no permissions", times=50)
    message = account.refused(cloudwatch_role_arn=arn, wait_timeout=5)
    assert arn in message and "no permissions" in message and "trust" in message
    assert read_back(apigateway) is None


def test_bad_input_is_refused_before_any_call(account: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "not the ARN" in account.refused(cloudwatch_role_arn="central-llm-logs")
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(account: t.Any, role: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "UpdateAccount", "AccessDeniedException", status=403, message="not today")
    assert "apigateway:PATCH" in account.refused(cloudwatch_role_arn=role("logs"))


def test_throttling_is_ridden_out(account: t.Any, role: t.Any, faults: t.Any) -> None:
    faults.add("apigateway", "UpdateAccount", "TooManyRequestsException", status=429, times=2)
    assert account.ok(cloudwatch_role_arn=role("logs")).changed
