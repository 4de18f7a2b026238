"""What an operator does with the playbooks, and what may go wrong meanwhile. The engine is the small stand-in."""

from __future__ import annotations

import os
import signal
import subprocess
import typing as t
from pathlib import Path

import boto3
import pytest

from .conftest import ROOT
from .playing import a_lab, forget_calls, play, writes


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    with a_lab(tmp_path_factory.mktemp("lab")) as environment:
        yield environment


def play_until(lab: dict[str, str], playbook: str, task: str) -> None:
    """Start a playbook and kill it, its children too, as soon as it begins this task."""
    running = subprocess.Popen(
        ["ansible-playbook", "-i", "inventories/local", f"playbooks/{playbook}.yml"],
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
        if task in line:
            os.killpg(running.pid, signal.SIGKILL)
            break
    else:
        pytest.fail(f"never came to {task!r}:\n{''.join(seen)}")
    running.wait(timeout=30)


def inventory(lab: dict[str, str]) -> dict[str, list[str]]:
    """Everything that a second copy could exist of."""
    gateway, ec2, elbv2 = boto3.client("apigateway"), boto3.client("ec2"), boto3.client("elbv2")
    instances = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}])
    return {
        "apis": [item["name"] for item in gateway.get_rest_apis()["items"]],
        "plans": [item["name"] for item in gateway.get_usage_plans()["items"]],
        "keys": [item["name"] for item in gateway.get_api_keys()["items"]],
        "links": [item["Name"] for item in boto3.client("apigatewayv2").get_vpc_links()["Items"]],
        "balancers": [item["LoadBalancerName"] for item in elbv2.describe_load_balancers()["LoadBalancers"]],
        "groups": sorted(
            group["GroupName"]
            for group in ec2.describe_security_groups()["SecurityGroups"]
            if group["GroupName"].startswith("central-llm")
        ),
        "hosts": [host["State"]["Name"] for each in instances["Reservations"] for host in each["Instances"]],
    }


ONE_OF_EACH = {
    "apis": ["central-llm-rest-api"],
    "plans": ["central-llm-usage-plan"],
    "keys": ["central-llm-client"],
    "links": ["central-llm-link"],
    "balancers": ["central-llm-nlb"],
    "groups": ["central-llm-link-sg", "central-llm-nlb-sg", "central-llm-service-sg"],
    "hosts": ["running"],
}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-e", "llm_region=moon-base"], "llm_region is"),
        (["-e", "llm_region=xx-nowhere-1"], "Check llm_region"),
        (["-e", "llm_account_id=999999999999"], "Choose the other profile"),
        (["-e", '{"llm_network_subnet_ids": ["subnet-0123456789abcdef0"]}'], "subnet-0123456789abcdef0"),
        (["-e", "llm_gateway_burst_limit=0"], "llm_gateway_burst_limit at least 1 (0)"),
        (["-e", '{"llm_gateway_routes": [{"path": "v1/{proxy+}", "method": "POST"}]}'], "is no route"),
        (["-e", "llm_service_image="], "llm_service_image"),
    ],
    ids=["malformed-region", "unknown-region", "other-account", "missing-subnet", "burst", "route", "image"],
)
def test_bad_input_stops_before_the_first_write(lab: dict[str, str], arguments: list[str], message: str) -> None:
    forget_calls(lab)
    run = play(lab, "up", *arguments)
    assert run.status != 0
    assert message in " ".join(run.output.split())
    assert writes(lab) == []


def test_without_credentials(lab: dict[str, str], tmp_path: Path) -> None:
    bare = {name: value for name, value in lab.items() if not name.startswith("AWS_") or "ENDPOINT" in name}
    bare |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    run = play(bare, "up")
    assert run.status != 0
    assert "Check llm_region, the credentials" in " ".join(run.output.split())


def test_without_an_endpoint(lab: dict[str, str]) -> None:
    run = play({**lab, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "up")
    assert run.status != 0
    assert "http://127.0.0.1:9" in run.output


def test_killed_and_run_again_it_finishes_without_duplicates(lab: dict[str, str]) -> None:
    play_until(lab, "up", "Converge the listener")
    play_until(lab, "up", "Converge the stage")
    run = play(lab, "up")
    assert run.status == 0, run.output
    assert inventory(lab) == ONE_OF_EACH
    assert "curl -N" in run.output and "openai.OpenAI" in run.output
    key = boto3.client("apigateway").get_api_keys(includeValues=True)["items"][0]["value"]
    assert key not in run.output


def test_up_again_changes_nothing(lab: dict[str, str]) -> None:
    before = inventory(lab)
    run = play(lab, "up", "--diff")
    assert run.status == 0, run.output
    assert run.changed == 0, run.output
    assert inventory(lab) == before
    kept = {
        group["logGroupName"]: group.get("retentionInDays")
        for group in boto3.client("logs").describe_log_groups()["logGroups"]
    }
    assert len(kept) >= 5 and None not in kept.values(), kept
    checked = play(lab, "up", "--check")
    assert checked.status == 0 and checked.changed == 0, checked.output


def test_down_leaves_nothing_but_the_foundation(lab: dict[str, str]) -> None:
    run = play(lab, "down")
    assert run.status == 0, run.output
    assert "Nothing is left" in run.output
    assert inventory(lab) == {**ONE_OF_EACH, "hosts": []}
    again = play(lab, "down")
    assert again.status == 0 and again.changed == 0, again.output


def test_an_engine_that_crashes_ends_the_host_and_says_why(lab: dict[str, str]) -> None:
    run = play(lab, "up", "-e", '{"llm_service_arguments": ["--fail-with", "3"], "llm_session_healthy_timeout": 60}')
    assert run.status != 0
    assert "nothing was left running" in run.output
    assert "Essential container in task exited" in run.output
    assert inventory(lab)["hosts"] == []
