from __future__ import annotations

import io
import json
import typing as t
import zipfile

import pytest

GROUP, NAME = "/some/log", "audit"
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@pytest.fixture
def subscription(run_module: t.Any) -> t.Any:
    return run_module("log_subscription")


@pytest.fixture
def arn(lab: t.Any) -> str:
    """A function that lets CloudWatch Logs invoke it for the group."""
    role = lab.client("iam").create_role(RoleName="ingest", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    functions = lab.client("lambda")
    made = functions.create_function(
        FunctionName="ingest",
        Runtime="python3.13",
        Handler="handler.handle",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
    )
    functions.add_permission(
        FunctionName="ingest",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:{lab.region}:123456789012:log-group:{GROUP}:*",
    )
    lab.client("logs").create_log_group(logGroupName=GROUP)
    return str(made["FunctionArn"])


def read_back(lab: t.Any, group: str = GROUP) -> dict[str, tuple[str, str]]:
    found = lab.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    return {each["filterName"]: (each["filterPattern"], each["destinationArn"]) for each in found}


def test_create_and_create_again(subscription: t.Any, lab: t.Any, arn: str) -> None:
    options = {"log_group": GROUP, "name": NAME, "pattern": '"x"', "destination_arn": arn}
    assert subscription.predicted(**options).changed
    assert read_back(lab) == {NAME: ('"x"', arn)}
    subscription.settled(**options)
    subscription.settled(log_group=GROUP, name=NAME)


def test_check_mode_writes_nothing_and_foretells_for_a_group_that_is_yet_to_be(
    subscription: t.Any, lab: t.Any, arn: str, faults: t.Any
) -> None:
    outcome = subscription.ok(check=True, log_group="/none/yet", name=NAME, destination_arn=arn)
    assert outcome.changed and outcome["subscription"]["pattern"] == ""
    assert "PutSubscriptionFilter" not in faults.calls()


def test_one_option_changes_and_the_others_stay(subscription: t.Any, lab: t.Any, arn: str) -> None:
    subscription.ok(log_group=GROUP, name="other", destination_arn=arn)
    subscription.ok(log_group=GROUP, name=NAME, pattern="one", destination_arn=arn)
    outcome = subscription.predicted(log_group=GROUP, name=NAME, pattern="two")
    assert (outcome["diff"]["before"]["pattern"], outcome["diff"]["after"]["pattern"]) == ("one", "two")
    assert read_back(lab) == {NAME: ("two", arn), "other": ("", arn)}


def test_a_third_one_is_refused_by_the_names_of_the_two(subscription: t.Any, arn: str, faults: t.Any) -> None:
    for name in ("one", "two"):
        subscription.ok(log_group=GROUP, name=name, destination_arn=arn)
    faults.forget_calls()
    for check in (True, False):
        assert "one and two" in subscription.refused(check=check, log_group=GROUP, name="three", destination_arn=arn)
    assert "PutSubscriptionFilter" not in faults.calls()


def test_a_function_that_does_not_know_its_permission_yet_is_waited_for(
    subscription: t.Any, lab: t.Any, arn: str, faults: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.central.llm.plugins.module_utils import _patience

    monkeypatch.setattr(_patience, "_DELAY", 0.01)
    words = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission."
    faults.add("logs", "PutSubscriptionFilter", "InvalidParameterException", message=words, status=400, times=3)
    assert subscription.ok(log_group=GROUP, name=NAME, destination_arn=arn).changed
    assert faults.calls().count("PutSubscriptionFilter") == 4
    lab.client("lambda").remove_permission(FunctionName="ingest", StatementId="logs")
    options = {"log_group": GROUP, "name": NAME, "pattern": "y"}
    assert "Could not execute" in subscription.refused(**options, wait=False)
    # A bad pattern has the same code, and nothing to wait for.
    faults.forget_calls()
    assert "filter pattern" in subscription.refused(log_group=GROUP, name=NAME, pattern="a.b")
    assert faults.calls().count("PutSubscriptionFilter") == 1


def test_bad_input_is_refused(subscription: t.Any, faults: t.Any) -> None:
    assert "destination_arn must be given" in subscription.refused(log_group=GROUP, name=NAME)


def test_a_denial_names_the_action_and_throttling_is_ridden_out(
    subscription: t.Any, lab: t.Any, arn: str, faults: t.Any
) -> None:
    options = {"log_group": GROUP, "name": NAME, "destination_arn": arn}
    faults.add("logs", "PutSubscriptionFilter", "AccessDeniedException")
    assert "logs:PutSubscriptionFilter" in subscription.refused(**options)
    faults.add("logs", "PutSubscriptionFilter", "ThrottlingException", times=2)
    assert subscription.ok(**options).changed
    assert NAME in read_back(lab)


def test_delete_and_delete_again(subscription: t.Any, lab: t.Any, arn: str) -> None:
    subscription.ok(log_group=GROUP, name=NAME, destination_arn=arn)
    subscription.ok(log_group=GROUP, name="other", destination_arn=arn)
    assert subscription.predicted(log_group=GROUP, name=NAME, state="absent").changed
    assert set(read_back(lab)) == {"other"}
    subscription.settled(log_group=GROUP, name=NAME, state="absent")
    subscription.settled(log_group="/none", name=NAME, state="absent")
