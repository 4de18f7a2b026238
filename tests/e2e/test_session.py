"""Sessions that do not come up, that somebody else holds, and that are more than one host: each says what and why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import typing as t
import urllib.request
from pathlib import Path

import boto3
import pytest

from .conftest import ROOT
from .playing import Run, a_lab, play

QUICK = {"llm_session_zero_pause": 0, "llm_session_poll_seconds": 1}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    with a_lab(tmp_path_factory.mktemp("lab")) as environment:
        yield environment


def arguments(**variables: t.Any) -> list[str]:
    return ["-e", json.dumps({**QUICK, **variables})]


def told(run: Run) -> str:
    return " ".join(run.output.split())


def hosts() -> list[str]:
    found = boto3.client("ec2").describe_instances()["Reservations"]
    return [host["InstanceId"] for each in found for host in each["Instances"] if host["State"]["Name"] != "terminated"]


def ask_lab(lab: dict[str, str], path: str, **body: t.Any) -> None:
    request = urllib.request.Request(
        f"{lab['AWS_ENDPOINT_URL']}/_lab/{path}",
        method="POST",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def begin(lab: dict[str, str], playbook: str, until: str) -> subprocess.Popen[str]:
    """Start a playbook, and come back when it shows this."""
    running = subprocess.Popen(
        ["ansible-playbook", "-i", "inventories/local", f"playbooks/{playbook}.yml", *arguments()],
        env=lab,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout
    seen = []
    for line in running.stdout:
        seen.append(line)
        if until in line:
            return running
    pytest.fail(f"never came to {until!r}:\n{''.join(seen)}")


def end(running: subprocess.Popen[str]) -> Run:
    assert running.stdout
    output = running.stdout.read()
    return Run(running.wait(timeout=300), output)


def lose(host: str) -> str:
    ec2 = boto3.client("ec2")
    ec2.terminate_instances(InstanceIds=[host])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[host], WaiterConfig={"Delay": 1})
    return host


def capacity(lab: dict[str, str], *, available: bool) -> list[str]:
    """Whether any zone has hosts of ours; returns the zones."""
    zones = [zone["ZoneName"] for zone in boto3.client("ec2").describe_availability_zones()["AvailabilityZones"]]
    for zone in zones:
        ask_lab(lab, "capacity", instance_type="g6e.2xlarge", availability_zone=zone, available=available)
    return zones


def test_three_hosts_are_started_proven_replaced_and_ended(lab: dict[str, str], tmp_path: Path) -> None:
    three = arguments(llm_host_count=3, llm_session_receipt_folder=str(tmp_path))
    up = play(lab, "up", *three)
    assert up.status == 0 and "3 of 3 targets are healthy" in up.output, up.output
    assert "USD for 8 hours with 3 host(s)" in told(up) and "The first token came after" in up.output
    lost = lose(hosts()[0])
    status = play(lab, "status", *three, "-e", "llm_reference_folder=")
    assert "Of its 3 host(s) 2 are there" in told(status), status.output

    # Nothing has changed but what is missing, a host and its place in the lease: the rooms are left alone.
    again = play(lab, "up", *three)
    assert again.status == 0 and again.changed == 2, again.output
    assert "they are left alone" in told(again) and "llm_gateway" not in again.output
    assert len(hosts()) == 3 and lost not in hosts()

    # A run that fails ends what it started, and here that was nothing: who works goes on working.
    lose(hosts()[0])
    working = hosts()
    capacity(lab, available=False)
    failed = play(lab, "up", *three)
    capacity(lab, available=True)
    assert failed.status != 0 and "the 2 host(s) of the session that was there before stay" in told(failed)
    assert hosts() == working, failed.output

    down = play(lab, "down", *three)
    assert down.status == 0 and hosts() == [], down.output
    (receipt,) = tmp_path.glob("*.json")
    ran = json.loads(receipt.read_text())
    assert len(ran["hosts"]) == 4 and ran["usd"] > 0 and ran["left"] == []
    assert ran["remaining"][0]["id"] == "central-llm-nlb" and ran["remaining"][0]["usd_per_month"] == 19.71
    assert set(ran["phases"]) == {"instances", "agents", "image", "tasks", "engine", "targets"}
    status = play(lab, "status", *three, "-e", "llm_reference_folder=")
    assert "Session: none." in status.output and "Last sessions:" in status.output


def test_without_capacity_anywhere_each_zone_says_why(lab: dict[str, str]) -> None:
    zones = capacity(lab, available=False)
    run = play(lab, "up", *arguments())
    capacity(lab, available=True)
    assert run.status != 0 and "nothing was left running" in told(run)
    assert all(zone in told(run) for zone in zones), run.output
    assert "InsufficientInstanceCapacity" in run.output


def test_a_quota_that_is_used_up_is_named(lab: dict[str, str]) -> None:
    ask_lab(
        lab,
        "faults",
        service="ec2",
        operation="CreateFleet",
        code="VcpuLimitExceeded",
        message="You have requested more vCPU capacity than your current vCPU limit of 0 allows",
        status=400,
        times=3,
    )
    run = play(lab, "up", *arguments())
    assert run.status != 0 and "VcpuLimitExceeded needs a higher quota" in told(run), run.output


def test_an_image_that_does_not_exist(lab: dict[str, str]) -> None:
    run = play(lab, "up", *arguments(llm_service_image="lab/none"))
    assert run.status != 0 and hosts() == []
    assert "The engine's image cannot be had" in told(run) and "lab/none" in run.output, run.output


def test_a_model_that_never_loads_is_left_for_a_look_and_ended_by_down(lab: dict[str, str]) -> None:
    slow = arguments(
        llm_service_arguments=["--start-delay", "600"], llm_session_load_timeout=3, llm_session_keep_on_failure=True
    )
    run = play(lab, "up", *slow)
    assert run.status != 0 and "Waited 3 s for the phase 'engine' in vain" in told(run), run.output
    assert "its hosts were kept" in told(run) and len(hosts()) == 1
    # ECS keeps a host that was stopped before it ends. What still runs is not waited for longer than it is given.
    ec2, kept = boto3.client("ec2"), hosts()
    ec2.stop_instances(InstanceIds=kept)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=kept, WaiterConfig={"Delay": 1})
    down = play(lab, "down", *arguments(llm_session_drain_s=0))
    assert down.status == 0 and hosts() == [], down.output
    registered = boto3.client("ecs").list_container_instances(cluster="central-llm-service-cluster")
    assert registered["containerInstanceArns"] == []


def test_one_holds_the_stack_and_the_other_says_who(lab: dict[str, str]) -> None:
    first = begin(lab, "up", until="TASK [Make sure that the stack is still ours]")
    os.killpg(first.pid, signal.SIGSTOP)
    try:
        second = play(lab, "up", *arguments())
        assert second.status != 0 and "is held by tester@" in told(second) and "for up since" in told(second)
        somebody = play({**lab, "USER": "somebody"}, "down", *arguments())
        assert somebody.status != 0 and "-e llm_session_force=true" in told(somebody)
        # Whoever ends what costs money does not wait for a run of one's own that hangs.
        down = play(lab, "down", *arguments())
        assert down.status == 0, down.output
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    # What it launched now would be behind the back of a proof.
    ended = end(first)
    assert ended.status != 0 and "Somebody else has held the lock" in told(ended), ended.output
    assert "nothing was started" in told(ended) and hosts() == []


def test_tasks_of_ones_own_come_before_and_after(lab: dict[str, str], tmp_path: Path) -> None:
    before, after = tmp_path / "before.yml", tmp_path / "after.yml"
    before.write_text("- name: Refuse\n  ansible.builtin.fail:\n    msg: not on a Sunday\n")
    after.write_text("- name: Say\n  ansible.builtin.debug:\n    msg: and good night\n")
    run = play(lab, "up", *arguments(llm_session_before_up=str(before)))
    assert run.status != 0 and "not on a Sunday" in told(run) and hosts() == []
    run = play(lab, "down", *arguments(llm_session_after_down=str(after)))
    assert run.status == 0 and "and good night" in run.output


def test_a_session_that_nobody_ended_gets_its_receipt_from_the_next_up(lab: dict[str, str], tmp_path: Path) -> None:
    assert play(lab, "up", *arguments()).status == 0
    host = lose(*hosts())
    (told_by_aws,) = boto3.client("ec2").describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"]
    up = play(lab, "up", *arguments(llm_session_receipt_folder=str(tmp_path)))
    assert up.status == 0, up.output
    receipt = json.loads(next(tmp_path.glob("*.json")).read_text())
    (ran,) = receipt["hosts"]
    assert ran["id"] == host and ran["ended_at"][:19].replace("T", " ") in told_by_aws["StateTransitionReason"]
    assert receipt["ended_at"] == ran["ended_at"] and "lease" in receipt["ended_by"]
