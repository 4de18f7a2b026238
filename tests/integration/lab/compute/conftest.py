"""A control plane and a compute plane in this process, and what a service needs before it can start."""

from __future__ import annotations

import json
import sys
import time
import typing as t
from pathlib import Path

import pytest

from lab.compute.plane import ComputePlane
from lab.context import LabContext

REGION = "eu-central-1"
AGENT_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
SERVER = """
import http.server, os, signal, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(7)
        if self.path == "/env":
            body = repr(dict(os.environ)).encode()
        else:
            body = b"ok"
        self.send_response(500 if os.path.exists("sick") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        print("served", self.path, flush=True)
if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "--child" in sys.argv and os.fork() == 0:
    os.setsid()
    time.sleep(600)
port = int(os.environ.get("PORT", "8000"))
server = http.server.ThreadingHTTPServer((os.environ["LAB_BIND_ADDRESS"], port), Handler)
print("listening", os.environ["LAB_BIND_ADDRESS"], port, flush=True)
server.serve_forever()
"""


def eventually(what: t.Callable[[], t.Any], seconds: float = 60) -> t.Any:
    """The first truthy answer; fails with the last answer when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what.__name__}, last {answer!r}")
        time.sleep(0.05)


class World:
    """Plain boto3 clients, and shorthand for what the tests create through them."""

    def __init__(self, ctx: LabContext) -> None:
        self.ctx = ctx
        self.eventually = eventually
        self.alive = alive
        self.ec2, self.ecs, self.iam = (ctx.client(service) for service in ("ec2", "ecs", "iam"))
        self.logs, self.elbv2, self.secrets = (ctx.client(service) for service in ("logs", "elbv2", "secretsmanager"))
        self.image_id = self.ec2.register_image(
            Name="al2023-ami-ecs-gpu-hvm-2023.0.20260901-kernel-6.1-x86_64-ebs",
            RootDeviceName="/dev/xvda",
            Architecture="x86_64",
        )["ImageId"]

    def role(self, name: str, service: str, *policies: str, inline: dict[str, t.Any] | None = None) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for policy in policies:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        if inline:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(inline))
        return str(arn)

    def profile(self, name: str = "host", *policies: str) -> str:
        self.role(name, "ec2.amazonaws.com", *(policies or (AGENT_POLICY,)))
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        return name

    def launch(
        self,
        cluster: str = "c",
        profile: str | None = "host",
        instance_type: str = "g6e.2xlarge",
        user_data: str | None = None,
        image_id: str | None = None,
    ) -> str:
        script = user_data or f"#!/bin/bash\necho ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config\n"
        extra: dict[str, t.Any] = {"IamInstanceProfile": {"Name": profile}} if profile else {}
        answer = self.ec2.run_instances(
            ImageId=image_id or self.image_id,
            InstanceType=instance_type,
            MinCount=1,
            MaxCount=1,
            UserData=script,
            **extra,
        )
        return str(answer["Instances"][0]["InstanceId"])

    def container_instances(self, cluster: str = "c") -> list[dict[str, t.Any]]:
        arns = self.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
        if not arns:
            return []
        answer = self.ecs.describe_container_instances(cluster=cluster, containerInstances=arns)
        return list(answer["containerInstances"])

    def host(self, cluster: str = "c", **options: t.Any) -> str:
        """A cluster with a registered host."""
        if not self.ecs.describe_clusters(clusters=[cluster])["clusters"]:
            self.ecs.create_cluster(clusterName=cluster)
        if options.get("profile", "host") == "host" and not self._has_profile("host"):
            self.profile()
        before = len(self.container_instances(cluster))
        instance_id = self.launch(cluster, **options)
        eventually(lambda: len(self.container_instances(cluster)) > before)
        return instance_id

    def _has_profile(self, name: str) -> bool:
        held = self.iam.list_instance_profiles()["InstanceProfiles"]
        return any(profile["InstanceProfileName"] == name for profile in held)

    def define(self, family: str = "web", **container: t.Any) -> str:
        task: dict[str, t.Any] = {}
        for name in ("networkMode", "executionRoleArn"):
            if name in container:
                task[name] = container.pop(name)
        definition = {
            "name": "app",
            "image": "test/server:1",
            "memory": 256,
            "stopTimeout": 5,
            "portMappings": [{"containerPort": 8000, "hostPort": 8000}],
            **container,
        }
        answer = self.ecs.register_task_definition(family=family, containerDefinitions=[definition], **task)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def serve(self, definition: str = "web", desired: int = 1, name: str = "s", **options: t.Any) -> None:
        options.setdefault("deploymentConfiguration", {"minimumHealthyPercent": 0, "maximumPercent": 100})
        self.ecs.create_service(
            cluster="c", serviceName=name, taskDefinition=definition, desiredCount=desired, **options
        )

    def service(self, name: str = "s") -> dict[str, t.Any]:
        return dict(self.ecs.describe_services(cluster="c", services=[name])["services"][0])

    def events(self, name: str = "s") -> str:
        return "\n".join(event["message"] for event in self.service(name)["events"])

    def tasks(self, desired: str = "RUNNING", **filters: t.Any) -> list[dict[str, t.Any]]:
        arns = self.ecs.list_tasks(cluster="c", desiredStatus=desired, **filters)["taskArns"]
        return list(self.ecs.describe_tasks(cluster="c", tasks=arns)["tasks"]) if arns else []

    def running(self, count: int = 1) -> list[dict[str, t.Any]]:
        def enough() -> list[dict[str, t.Any]]:
            found = [task for task in self.tasks() if task["lastStatus"] == "RUNNING"]
            return found if len(found) == count else []

        return list(eventually(enough))

    def stopped(self) -> dict[str, t.Any]:
        def last() -> dict[str, t.Any] | None:
            found = [task for task in self.tasks("STOPPED") if task["lastStatus"] == "STOPPED"]
            return min(found, key=lambda task: task["createdAt"]) if found else None

        return dict(eventually(last))

    def pid_of(self, task: dict[str, t.Any]) -> int:
        task_id = task["taskArn"].rsplit("/", 1)[-1]
        record = self.ctx.home / "processes" / f"{task_id}-{task['containers'][0]['name']}.json"
        return int(json.loads(record.read_text())["process"]["pid"])


def alive(pid: int) -> bool:
    """A zombie is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "images"
    image = folder / "server"
    image.mkdir(parents=True)
    (image / "server.py").write_text(SERVER)
    manifest = {
        "name": "test/server",
        "entrypoint": [sys.executable, "-I", "-S", "{image}/server.py"],
        "env": {"FROM_IMAGE": "yes"},
    }
    (image / "image.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("LAB_IMAGES", str(folder))
    return folder


@pytest.fixture
def world(lab: LabContext, images: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[World]:
    monkeypatch.setenv("LAB_BOOT_SECONDS", "0.1")
    monkeypatch.setenv("LAB_HEALTH_SPEEDUP", "50")
    plane = ComputePlane()
    plane.start(lab)
    try:
        yield World(lab)
    finally:
        plane.stop()
