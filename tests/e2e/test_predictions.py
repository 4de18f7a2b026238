"""What `up --check --diff` foretells is what `up` does, on an empty account and on a stack that was made by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import boto3
import pytest

from .conftest import ROOT
from .playing import a_lab, forget_calls, play, writes
from .predictions import mistakes, results

JSON = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
# What is left of a hand-made stack's own way: its link is of version 1, and no balancer gets its first group late.
BY_HAND = {"llm_network_link_version": 1, "llm_network_link_group": "", "llm_network_balancer_group": ""}


@pytest.fixture
def lab(tmp_path: Path) -> t.Iterator[dict[str, str]]:
    with a_lab(tmp_path / "lab") as environment:
        yield environment


def foretold_and_done(lab: dict[str, str], *arguments: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    documents = []
    for more in (["--check"], []):
        forget_calls(lab)
        run = play({**lab, **JSON}, "up", "--diff", *more, *arguments)
        document = json.loads(run.output[run.output.index("{\n") :])
        failed = {name: result["msg"] for (name, *_), result in results(document).items() if result.get("failed")}
        assert run.status == 0, failed
        assert not more or writes(lab) == [], "check mode writes nothing"
        documents.append(document)
    return documents[0], documents[1]


def test_on_an_empty_account_and_with_one_option_changed(lab: dict[str, str]) -> None:
    foretold, done = foretold_and_done(lab)
    assert not (wrong := mistakes(foretold, done)), "\n".join(wrong)
    assert sum(bool(result.get("changed")) for result in results(foretold).values()) > 10
    assert sum(bool(result.get("changed")) for result in results(done).values()) > 20

    foretold, done = foretold_and_done(lab, "-e", "llm_gateway_burst_limit=12")
    assert not (wrong := mistakes(foretold, done)), "\n".join(wrong)
    changed = {name for (name, *_), result in results(done).items() if result.get("changed")}
    assert changed == {"central.llm.llm_gateway : Converge the limits"}


def test_on_a_stack_that_was_made_by_hand(lab: dict[str, str], tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "tests/tools/guide_stack.py"], check=True, capture_output=True, text=True
    )
    inventory = tmp_path / "owner.json"
    inventory.write_text(json.dumps({**json.loads(made.stdout), **BY_HAND}))
    foretold, done = foretold_and_done(lab, "-e", f"@{inventory}")
    assert not (wrong := mistakes(foretold, done)), "\n".join(wrong)
    again = play(lab, "up", "-e", f"@{inventory}")
    assert again.status == 0 and again.changed == 0, again.output

    # What nobody named in an inventory is as its owner made it.
    ec2, gateway = boto3.client("ec2"), boto3.client("apigateway")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["central-llm-service-sg"]}])[
        "SecurityGroups"
    ]
    assert group["Description"] == "ECS tasks" and not group.get("Tags")
    assert {rule["FromPort"] for rule in group["IpPermissions"]} == {22, 8000}
    assert len(gateway.get_vpc_links()["items"]) == len(gateway.get_rest_apis()["items"]) == 1
    groups = {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    assert groups == {"default", "central-llm-service-sg", "central-llm-http-api-sg"}
