from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@pytest.fixture
def function(run_module: t.Any) -> t.Any:
    return run_module("lambda_function")


@pytest.fixture
def options(lab: t.Any, tmp_path: Path) -> dict[str, t.Any]:
    (tmp_path / "handler.py").write_text("def handle(event, context):\n    return 1\n")
    role = lab.client("iam").create_role(RoleName="reaper", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    return {
        "name": "reaper",
        "source": str(tmp_path),
        "handler": "handler.handle",
        "runtime": "python3.13",
        "role_arn": role,
        "environment": {"STACK": "mine"},
        "tags": {"owner": "us"},
    }


def read_back(lab: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", lab.client("lambda").get_function(FunctionName="reaper"))


def test_create_and_create_again(function: t.Any, lab: t.Any, options: dict[str, t.Any]) -> None:
    assert function.predicted(**options).changed
    found = read_back(lab)
    assert found["Configuration"]["Environment"]["Variables"] == {"STACK": "mine"}
    assert (found["Configuration"]["State"], found["Tags"]) == ("Active", {"owner": "us"})
    function.settled(**options)


def test_the_code_changes_with_the_files_only(
    function: t.Any, lab: t.Any, options: dict[str, t.Any], tmp_path: Path
) -> None:
    function.ok(**options)
    before = read_back(lab)["Configuration"]["CodeSha256"]
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"x")
    (tmp_path / "handler.py").touch()
    function.settled(**options)
    (tmp_path / "handler.py").write_text("def handle(event, context):\n    return 2\n")
    assert function.predicted(**options).changed
    assert read_back(lab)["Configuration"]["CodeSha256"] != before


def test_one_option_changes_and_the_others_stay(function: t.Any, lab: t.Any, options: dict[str, t.Any]) -> None:
    function.ok(**options, memory_size=256)
    outcome = function.predicted(name="reaper", timeout=30)
    assert (outcome["diff"]["before"]["timeout"], outcome["diff"]["after"]["timeout"]) == (3, 30)
    found = read_back(lab)["Configuration"]
    assert (found["Timeout"], found["MemorySize"], found["Environment"]["Variables"]) == (30, 256, {"STACK": "mine"})
    function.settled(name="reaper")


def test_code_and_configuration_change_one_after_the_other(
    function: t.Any, lab: t.Any, options: dict[str, t.Any], tmp_path: Path
) -> None:
    function.ok(**options)
    (tmp_path / "core.py").write_text("")
    outcome = function.predicted(**{**options, "timeout": 10, "architecture": "arm64", "tags": {"ours": "1"}})
    assert outcome["function"]["architecture"] == "arm64"
    found = read_back(lab)
    assert found["Tags"] == {"owner": "us", "ours": "1"}
    function.settled(**{**options, "timeout": 10})


def test_bad_input_stops_before_any_call(function: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.forget_calls()
    assert "no folder" in function.refused(**{**options, "source": "/nowhere/at/all"})
    assert "between 1 and 900" in function.refused(**options, timeout=901)
    assert faults.calls() == []


def test_what_is_needed_is_named(function: t.Any) -> None:
    assert "handler, runtime, role_arn, source" in function.refused(name="reaper")


def test_a_role_that_is_yet_to_be_made_can_be_predicted(function: t.Any, options: dict[str, t.Any]) -> None:
    assert function.ok(check=True, **{**options, "role_arn": ""}).changed
    assert "role_arn" in function.refused(**{**options, "role_arn": ""})


def test_a_role_that_lambda_cannot_assume_is_named(function: t.Any, options: dict[str, t.Any]) -> None:
    other = options["role_arn"] + "-other"
    assert "cannot be assumed by Lambda" in function.refused(**{**options, "role_arn": other})


@pytest.mark.parametrize(
    "words",
    [
        "The role defined for the function cannot be assumed by Lambda.",
        "The provided execution role does not have permissions to call SendMessage on SQS",
    ],
)
def test_a_role_that_is_not_known_yet_is_waited_for(
    function: t.Any, faults: t.Any, options: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    from ansible_collections.central.llm.plugins.module_utils import _patience

    monkeypatch.setattr(_patience, "_DELAY", 0.01)
    function.ok(**options)
    operation = "UpdateFunctionConfiguration"
    faults.add("lambda", operation, "InvalidParameterValueException", message=words, times=3)
    assert function.ok(**{**options, "timeout": 30}).changed
    assert faults.calls().count(operation) == 4
    faults.add("lambda", operation, "InvalidParameterValueException", message="no such runtime", times=2)
    assert "no such runtime" in function.refused(**{**options, "timeout": 31})
    assert faults.calls().count(operation) == 5


def test_a_denial_names_the_missing_action(function: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("lambda", "CreateFunction", "AccessDeniedException", status=403, message="not today")
    assert "lambda:CreateFunction" in function.refused(**options)
    function.ok(**options)


def test_throttling_and_lost_answers_are_ridden_out(function: t.Any, faults: t.Any, options: dict[str, t.Any]) -> None:
    faults.add("lambda", "CreateFunction", "TooManyRequestsException", status=429, times=2)
    faults.lose("lambda", "CreateFunction")
    assert function.ok(**options).changed
    function.settled(**options)


def test_delete_only_ones_own_and_delete_again(function: t.Any, lab: t.Any, options: dict[str, t.Any]) -> None:
    function.ok(**options)
    function.settled(name="reaper", state="absent", tags={"owner": "them"})
    assert function.predicted(name="reaper", state="absent", tags={"owner": "us"}).changed
    assert lab.client("lambda").list_functions()["Functions"] == []
    function.settled(name="reaper", state="absent")
