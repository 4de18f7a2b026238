"""Runs a role of this collection by ansible-playbook against the lab's control plane; tests read back with boto3."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from lab.context import ACCESS_KEY_ID, SECRET_ACCESS_KEY, LabContext
from lab.edge.plane import EdgePlane
from lab.testing import reset, start_control, stop_control

ROOT = Path(__file__).parents[3]


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of the role came to."""

    failed: bool
    changed: int
    output: str
    # The fact that later rooms read; empty where the role failed or made none.
    out: dict[str, t.Any]


def ansible_playbook(ctx: LabContext, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", "--diff"),
            *arguments,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "AWS_ENDPOINT_URL": ctx.endpoint_url,
            "AWS_DEFAULT_REGION": ctx.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "10000",
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Role:
    """Entry points of a role, with variables, each in a play of its own."""

    def __init__(self, ctx: LabContext, folder: Path, name: str) -> None:
        self._ctx = ctx
        self._folder = folder
        self._name = name

    def __call__(self, *entry_points: str, check: bool = False, **variables: t.Any) -> Run:
        out = self._folder / "out.json"
        out.unlink(missing_ok=True)
        said = f"{{{{ {self._name}_out | default({{}}) | to_json }}}}"
        given = {"ansible_python_interpreter": sys.executable, "llm_region": self._ctx.region, **variables}
        tell = {"ansible.builtin.copy": {"content": said, "dest": str(out)}, "check_mode": False, "changed_when": False}
        plays = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": given,
                "tasks": [
                    {"ansible.builtin.include_role": {"name": f"central.llm.{self._name}", "tasks_from": entry_point}},
                    tell,
                ],
            }
            for entry_point in entry_points or ["main"]
        ]
        playbook = self._folder / "play.yml"
        playbook.write_text(yaml.safe_dump(plays))
        done = ansible_playbook(self._ctx, *["--check"] * check, str(playbook))
        counts = re.search(r"changed=(\d+)", done.stdout)
        assert counts, done.stdout + done.stderr
        facts = json.loads(out.read_text()) if out.exists() else {}
        # A message is broken into lines where it is shown; here it is one again.
        return Run(done.returncode != 0, int(counts[1]), " ".join(done.stdout.split()), facts)

    def ok(self, *entry_points: str, check: bool = False, **variables: t.Any) -> Run:
        run = self(*entry_points, check=check, **variables)
        assert not run.failed, run.output
        return run

    def refused(self, *entry_points: str, **variables: t.Any) -> str:
        """What a run says that stops before it has changed anything."""
        run = self(*entry_points, **variables)
        assert run.failed and run.changed == 0, run.output
        return run.output


@pytest.fixture(scope="session")
def roles_lab() -> t.Iterator[LabContext]:
    ctx = start_control()
    yield ctx
    stop_control(ctx)


@pytest.fixture
def lab(roles_lab: LabContext) -> LabContext:
    """The control plane with nothing in it."""
    reset(roles_lab)
    return roles_lab


@pytest.fixture
def play(lab: LabContext) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    return functools.partial(ansible_playbook, lab)


@pytest.fixture
def role(lab: LabContext, tmp_path: Path) -> t.Callable[[str], Role]:
    return lambda name: Role(lab, tmp_path, name)


@pytest.fixture
def edge(lab: LabContext) -> t.Iterator[EdgePlane]:
    plane = EdgePlane()
    plane.start(lab)
    yield plane
    plane.stop()


@pytest.fixture
def gateway_variables(lab: LabContext, edge: EdgePlane) -> dict[str, t.Any]:
    """What the gateway's role needs of the rooms below it, and the lab's address of what it makes."""
    ec2, elb, iam = lab.client("ec2"), lab.client("elbv2"), lab.client("iam")
    vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    link_group = ec2.create_security_group(VpcId=vpc_id, GroupName="link", Description="link")["GroupId"]
    made = elb.create_load_balancer(Name="nlb", Type="network", Scheme="internal", Subnets=[subnet_id])
    balancer = made["LoadBalancers"][0]
    service = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    group = elb.create_target_group(Name="tg", Protocol="TCP", Port=8000, VpcId=vpc_id, TargetType="ip")[
        "TargetGroups"
    ][0]
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP", Port=8000, DefaultActions=[forward]
    )
    trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    role = iam.create_role(RoleName="log", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    logs_policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="log", PolicyArn=logs_policy)
    lab.client("dynamodb").create_table(
        TableName="central-llm-state",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    address = "/restapis/{{ llm_gateway_out.rest_api_id | default('') }}/prod/_user_request_"
    return {
        "ansible_python_interpreter": sys.executable,
        "llm_region": lab.region,
        "llm_account_id": lab.account_id,
        "llm_gateway_vpc_link_version": 1,
        "llm_gateway_balancer_arn": balancer["LoadBalancerArn"],
        "llm_gateway_balancer_dns_name": balancer["DNSName"],
        "llm_gateway_log_role_arn": role,
        "llm_gateway_url": f"{lab.edge_url}{address}",
        "llm_gateway_subnet_ids": [subnet_id],
        "llm_gateway_link_group_ids": [link_group],
        "llm_gateway_balancer_port": 8000,
    }
