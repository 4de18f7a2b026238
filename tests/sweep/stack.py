"""A lab of its own, the playbooks on it, and what then exists, read with plain boto3."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import typing as t
import urllib.request
from datetime import datetime
from pathlib import Path

import boto3

ROOT = Path(__file__).parents[2]
STACK = "central-llm"
LIMIT_SECONDS = 900

# What only costs time here: how long the lab takes for what AWS does by and by, and how often that is looked at.
_LAB = {
    "LAB_ENGINE": "stub",
    "LAB_SETTLE_SECONDS": "0",
    "LAB_BOOT_SECONDS": "0.2",
    "LAB_HEALTH_SPEEDUP": "20",
    "ANSIBLE_PIPELINING": "true",
}
_VARIABLES = {
    "llm_session_poll_seconds": 1,
    "llm_session_register_timeout": 60,
    "llm_session_task_timeout": 60,
    "llm_session_healthy_timeout": 60,
    "llm_session_load_timeout": 60,
    "llm_session_drain_s": 60,
    "llm_session_zero_timeout": 60,
    "llm_session_zero_pause": 0,
}


class Run(t.NamedTuple):
    status: int
    output: str

    @property
    def changed(self) -> int:
        recap = re.search(r"changed=(\d+)", self.output)
        return int(recap[1]) if recap else -1


class Interrupted(Exception):
    """Whoever started this has enough."""


class Strike(t.NamedTuple):
    """A call that met a fault: its name, which other runs know it by, and what would have to be allowed for it."""

    name: str
    action: str


class Stack:
    """The stack in a lab; `fresh` makes it an empty one."""

    def __init__(self, home: Path) -> None:
        self._base = {**os.environ, **_LAB, "LAB_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.environment: dict[str, str] = {}
        self._playing: subprocess.Popen[str] | None = None
        self._interrupted = False

    def fresh(self) -> None:
        """A new process: its start is a small part of a case, and nothing can be left over in it."""
        self.close()
        self._lab("start")
        exports = self._lab("env")
        found = dict(re.findall(r"^export (\w+)=['\"]?([^'\"\n]*)", exports, re.MULTILINE))
        self.environment = {**self._base, **found}
        self.forget_calls()

    def close(self) -> None:
        self._lab("stop")

    def _lab(self, command: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "lab", command],
            env=self._base,
            cwd=ROOT,
            check=True,
            timeout=120,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout

    def interrupt(self) -> None:
        """End what is played, and play nothing any more; another thread may be doing so."""
        self._interrupted = True
        if self._playing is not None and self._playing.poll() is None:
            os.killpg(self._playing.pid, signal.SIGTERM)

    def play(self, playbook: str, *arguments: str) -> Run:
        if self._interrupted:
            raise Interrupted
        command = ["ansible-playbook", "-i", "inventories/local", f"playbooks/{playbook}.yml"]
        running = subprocess.Popen(
            [*command, "-e", json.dumps(_VARIABLES), *arguments],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._playing = running
        try:
            output, _ = running.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            output, _ = running.communicate()
            return Run(124, f"{output}\n(killed after {LIMIT_SECONDS} s)")
        if self._interrupted:
            raise Interrupted
        return Run(running.returncode, output)

    @contextlib.contextmanager
    def having(self, variables: dict[str, str]) -> t.Iterator[None]:
        """Play with these environment variables besides."""
        before = self.environment
        self.environment = {**before, **variables}
        try:
            yield
        finally:
            self.environment = before

    # What the lab itself is asked.

    def move_clock(self, **how: t.Any) -> datetime:
        """Let the lab's time pass, or only tell it."""
        answer = self._ask("POST", "clock", how)
        return datetime.fromisoformat(answer["now"])

    def order(self, fault: dict[str, t.Any]) -> None:
        self._ask("POST", "faults", fault)

    def struck(self) -> list[Strike]:
        """The calls that met a fault, in order."""
        calls = self._ask("GET", "calls")
        return [Strike(call["struck"]["name"], call["struck"]["action"]) for call in calls if "struck" in call]

    def forget_faults(self) -> None:
        self._ask("DELETE", "faults")

    def forget_calls(self) -> None:
        self._ask("DELETE", "calls")

    def calls(self) -> list[str]:
        """The clients' calls, in order."""
        calls = self._ask("GET", "calls")
        return [f"{call['service']}.{call['operation']}" for call in calls if call["caller"] == "client"]

    def _ask(self, method: str, path: str, body: t.Any = None) -> t.Any:
        request = urllib.request.Request(
            f"{self.environment['AWS_ENDPOINT_URL']}/_lab/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read() or b"null")

    # What exists.

    def client(self, service: str) -> t.Any:
        session = boto3.session.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )
        return session.client(service, endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    def hosts(self) -> list[str]:
        """The ids of what bills by the hour."""
        living = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        found = self.client("ec2").describe_instances(Filters=living)["Reservations"]
        return [host["InstanceId"] for each in found for host in each["Instances"]]

    def secrets(self) -> list[str]:
        """What no output may show."""
        keys = self.client("apigateway").get_api_keys(includeValues=True)["items"]
        manager = self.client("secretsmanager")
        published = [
            manager.get_secret_value(SecretId=secret["ARN"]).get("SecretString", "")
            for secret in manager.list_secrets()["SecretList"]
        ]
        return [key["value"] for key in keys] + [json.loads(each)["value"] for each in published if each]

    def inventory(self) -> dict[str, list[str]]:
        """Everything that a second copy could exist of, by name; without the hosts."""
        return {kind: sorted(names) for kind, names in self._named()}

    def _named(self) -> t.Iterator[tuple[str, list[str]]]:
        gateway, ec2, elbv2 = self.client("apigateway"), self.client("ec2"), self.client("elbv2")
        ecs, iam = self.client("ecs"), self.client("iam")
        apis = gateway.get_rest_apis()["items"]
        yield "REST APIs", [api["name"] for api in apis]
        yield (
            "stages",
            [stage["stageName"] for api in apis for stage in gateway.get_stages(restApiId=api["id"])["item"]],
        )
        plans = gateway.get_usage_plans()["items"]
        yield "usage plans", [plan["name"] for plan in plans]
        keys = [key for plan in plans for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]]
        yield "keys of the plans", [key["name"] for key in keys]
        yield "API keys", [key["name"] for key in gateway.get_api_keys()["items"]]
        yield "VPC links V1", [link["name"] for link in gateway.get_vpc_links()["items"]]
        yield "VPC links V2", [link["Name"] for link in self.client("apigatewayv2").get_vpc_links()["Items"]]

        balancers = elbv2.describe_load_balancers()["LoadBalancers"]
        yield "load balancers", [each["LoadBalancerName"] for each in balancers]
        listeners = [
            listener
            for each in balancers
            for listener in elbv2.describe_listeners(LoadBalancerArn=each["LoadBalancerArn"])["Listeners"]
        ]
        yield "listeners", [f"{each['Protocol']}:{each['Port']}" for each in listeners]
        yield "target groups", [each["TargetGroupName"] for each in elbv2.describe_target_groups()["TargetGroups"]]

        groups = [each for each in ec2.describe_security_groups()["SecurityGroups"] if each["GroupName"] != "default"]
        yield "security groups", [each["GroupName"] for each in groups]
        yield (
            "rules of the groups",
            [
                f"{group['GroupName']}:{way}:{rule.get('FromPort')}:{len(rule['UserIdGroupPairs'])}"
                for group in groups
                for way, rules in (("in", group["IpPermissions"]), ("out", group["IpPermissionsEgress"]))
                for rule in rules
            ],
        )
        templates = ec2.describe_launch_templates()["LaunchTemplates"]
        yield "launch templates", [f"{each['LaunchTemplateName']}:{each['LatestVersionNumber']}" for each in templates]
        yield "VPCs", [each["CidrBlock"] for each in ec2.describe_vpcs()["Vpcs"]]

        clusters = [arn.rpartition("/")[2] for arn in ecs.list_clusters()["clusterArns"]]
        yield "clusters", clusters
        services = [arn for name in clusters for arn in ecs.list_services(cluster=name)["serviceArns"]]
        yield "services", [arn.rpartition("/")[2] for arn in services]
        definitions = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
        yield "task definitions", [arn.rpartition("/")[2] for arn in definitions]

        roles = [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"].startswith(STACK)]
        yield "roles", roles
        yield (
            "policies of the roles",
            [
                f"{role}:{policy['PolicyName']}"
                for role in roles
                for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            ],
        )
        profiles = iam.list_instance_profiles()["InstanceProfiles"]
        yield "instance profiles", [f"{each['InstanceProfileName']}:{len(each['Roles'])}" for each in profiles]

        # The log that API Gateway makes has the API's id in its name, which is another one in each lab.
        ids = {api["id"]: api["name"] for api in apis}
        log_groups = self.client("logs").describe_log_groups()["logGroups"]
        yield (
            "log groups",
            [
                f"{re.sub('(?<=_)[a-z0-9]+(?=/)', lambda id: ids.get(id[0], id[0]), each['logGroupName'])}"
                f":{each.get('retentionInDays')}"
                for each in log_groups
            ],
        )
        yield "secrets", [each["Name"] for each in self.client("secretsmanager").list_secrets()["SecretList"]]
        yield "tables", self.client("dynamodb").list_tables()["TableNames"]

    def deployments(self) -> int:
        """Snapshots of the APIs: AWS keeps every one until it is deleted, a few too many do no harm."""
        gateway = self.client("apigateway")
        return sum(
            len(gateway.get_deployments(restApiId=api["id"])["items"]) for api in gateway.get_rest_apis()["items"]
        )
