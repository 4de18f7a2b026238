from __future__ import annotations

import typing as t

import pytest

from lab.guest.plane import CommandsPlane
from tests.integration.modules.lab_host import make_host


@pytest.fixture
def command(run_module: t.Any) -> t.Any:
    return run_module("ssm_command")


@pytest.fixture(autouse=True)
def guests(lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    monkeypatch.setenv("LAB_BOOT_SECONDS", "0.3")
    plane = CommandsPlane()
    plane.start(lab)
    yield
    plane.stop()


def test_a_command_runs_and_tells_what_it_said(command: t.Any, lab: t.Any) -> None:
    # Not online yet: it is waited for.
    host = make_host(lab, wait=False)
    script = "#!/bin/bash\necho one; echo two; echo hm >&2; echo done >/opt/done\n"
    outcome = command.ok(instance_id=host, script=script, comment="a test")
    found = outcome["command"]
    assert outcome.changed and outcome["diff"] == {"before": {}, "after": {}}
    assert found["stdout_lines"] == ["one", "two"] and found["stderr"] == "hm\n"
    assert (found["status"], found["rc"], found["truncated"]) == ("Success", 0, False)
    told = lab.client("ssm").get_command_invocation(CommandId=found["id"], InstanceId=host)
    assert told["Comment"] == "a test" and told["StandardOutputContent"] == "one\ntwo\n"
    assert command.ok(instance_id=host, script="cat /opt/done")["command"]["stdout"] == "done\n"


def test_check_mode_sends_nothing(command: t.Any, lab: t.Any, faults: t.Any) -> None:
    host = make_host(lab)
    faults.forget_calls()
    outcome = command.ok(check=True, instance_id=host, script="touch /opt/x")
    assert outcome.changed and outcome["command"] == {"instance_id": host}
    assert command.ok(check=True, instance_id="", script="touch /opt/x")["command"] == {}
    assert faults.calls() == []


def test_a_script_that_fails_fails_with_its_last_words(command: t.Any, lab: t.Any) -> None:
    host = make_host(lab)
    outcome = command(instance_id=host, script="echo out; echo 'no room left' >&2; exit 9", comment="step 20")
    assert outcome.failed and "no room left" in outcome["msg"] and "exit code 9" in outcome["msg"]
    assert "(step 20)" in outcome["msg"] and host in outcome["msg"]
    assert outcome["command"]["rc"] == 9 and outcome["command"]["stdout"] == "out\n"
    quiet = command.refused(instance_id=host, script="exit 4")
    assert "It said nothing" in quiet
    slow = command(instance_id=host, script="echo begun; sleep 60", timeout=1)
    assert "ExecutionTimedOut" in slow["msg"] and slow["command"]["stdout"] == "begun\n"


def test_long_output_is_said_to_be_cut(command: t.Any, lab: t.Any) -> None:
    host = make_host(lab)
    found = command.ok(instance_id=host, script="head -c 30000 /dev/zero | tr '\\0' x")["command"]
    assert found["truncated"] and len(found["stdout"]) == 24000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"script": " \n"}, "script: empty"),
        ({"script": "true", "comment": "x" * 101}, "comment: longer than the 100"),
        ({"script": "true", "timeout": 0}, "timeout: 0"),
        ({"script": "true", "timeout": 172801}, "timeout: 172801"),
        ({"script": "true", "delay": 0}, "delay: 0"),
        ({"script": "true", "instance_id": ""}, "instance_id: empty"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    command: t.Any, faults: t.Any, options: dict[str, t.Any], said: str
) -> None:
    assert said in command.refused(**{"instance_id": "i-0123456789abcdef0", **options})
    assert faults.calls() == []


def test_a_host_that_never_reports_is_given_up(command: t.Any, lab: t.Any) -> None:
    host = make_host(lab, policies=())
    message = command.refused(instance_id=host, script="true", online_timeout=5)
    assert "AmazonSSMManagedInstanceCore" in message and "Gave up waiting 5 s" in message


@pytest.mark.parametrize("operation", ["DescribeInstanceInformation", "SendCommand", "GetCommandInvocation"])
def test_denials_name_the_action(command: t.Any, lab: t.Any, faults: t.Any, operation: str) -> None:
    host = make_host(lab)
    faults.add("ssm", operation, "AccessDeniedException", times=20)
    assert f"ssm:{operation}" in command.refused(instance_id=host, script="true")


@pytest.mark.parametrize("operation", ["DescribeInstanceInformation", "SendCommand", "GetCommandInvocation"])
def test_throttling_is_ridden_out(command: t.Any, lab: t.Any, faults: t.Any, operation: str) -> None:
    host = make_host(lab)
    faults.add("ssm", operation, "ThrottlingException", times=2)
    assert command.ok(instance_id=host, script="echo through")["command"]["stdout"] == "through\n"
