from __future__ import annotations

import typing as t

import pytest


@pytest.fixture
def caller_info(run_module: t.Any) -> t.Any:
    return run_module("caller_info")


@pytest.mark.parametrize("check", [False, True], ids=["run", "check-mode"])
def test_it_tells_what_sts_tells(caller_info: t.Any, lab: t.Any, check: bool) -> None:
    told = lab.client("sts").get_caller_identity()
    outcome = caller_info.ok(check=check)
    assert not outcome.changed
    assert (outcome["account"], outcome["arn"], outcome["user_id"]) == (told["Account"], told["Arn"], told["UserId"])


def test_each_key_has_its_own_caller(caller_info: t.Any, lab: t.Any) -> None:
    iam = lab.client("iam")
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    outcome = caller_info.ok(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    assert outcome["arn"].endswith(":user/alice")


def test_throttling_is_ridden_out(caller_info: t.Any, faults: t.Any) -> None:
    faults.add("sts", "GetCallerIdentity", "Throttling", times=2)
    assert caller_info.ok()["account"]


def test_where_nobody_is_called_it_says_so(caller_info: t.Any) -> None:
    message = caller_info.refused(region="moon-base-1")
    assert message.startswith("Failed to ask who is calling")
