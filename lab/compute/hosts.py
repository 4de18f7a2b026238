"""EC2 instances that boot an ECS agent: they register, lose their agent, and go away with their tasks.

What keeps a real host from registering keeps it here: no cluster, no instance profile, a role without the permissions,
an image without an agent. The host goes on trying, as the agent does, and says why in the log and on its console.
"""

from __future__ import annotations

import json
import logging
import time
import typing as t
import uuid
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from lab.compute import policy, user_data
from lab.compute.ecs_backend import EcsBackend
from lab.compute.model import Instance, now
from lab.compute.placement import capacity_of
from lab.compute.scheduler import Scheduler
from lab.context import LabContext

log = logging.getLogger("lab.compute")

# What the agent needs to register and to report; AmazonEC2ContainerServiceforEC2Role has them all.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
AGENT_ACTIONS = (
    "ecs:DiscoverPollEndpoint",
    "ecs:RegisterContainerInstance",
    "ecs:Poll",
    "ecs:StartTelemetrySession",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
)
_LIVE = {"pending", "running", "stopping", "stopped"}


class NotRegistered(Exception):
    """Why a host does not (yet) join its cluster."""


@dataclass
class Host:
    """What the lab remembers of one EC2 instance."""

    instance_id: str
    region: str
    boots_at: float = 0.0
    state: str = ""
    console: list[str] = field(default_factory=list)
    # Settings never change after the start; they are read once.
    settings: dict[str, str] | None = None
    image_names: list[str] | None = None

    def say(self, line: str) -> None:
        text = f"amazon-ecs-agent: {line}"
        if not self.console or not self.console[-1].endswith(text):
            self.console.append(f"{now():%Y-%m-%dT%H:%M:%SZ} {text}")
            log.info("host %s: %s", self.instance_id, line)


class Hosts:
    def __init__(
        self,
        ctx: LabContext,
        backend: EcsBackend,
        scheduler: Scheduler,
        end_tasks: t.Callable[[Instance, str], None],
        boot_seconds: float,
    ) -> None:
        self._ctx = ctx
        self._backend = backend
        self._scheduler = scheduler
        self._end_tasks = end_tasks
        self._boot_seconds = boot_seconds
        self._hosts: dict[str, Host] = {}

    def close(self) -> None:
        """Give the hosts' addresses back."""
        for instance_id in self._hosts:
            self._ctx.addresses.release(instance_id)

    def console(self, instance_id: str) -> list[str]:
        host = self._hosts.get(instance_id)
        return list(host.console) if host else []

    def reconcile(self, region: str) -> bool:
        """One pass; True while a host boots."""
        found = self._describe(region)
        registered = {instance.ec2_instance_id: instance for instance in self._backend.instances(region)}
        for instance in registered.values():
            self._follow(instance, found.get(instance.ec2_instance_id))
        self._forget_vanished(region, found)
        busy = False
        for instance_id, description in found.items():
            busy |= self._boot(region, instance_id, description, instance_id in registered)
        return busy

    def _describe(self, region: str) -> dict[str, dict[str, t.Any]]:
        pages = self._ctx.client("ec2", region).get_paginator("describe_instances").paginate()
        return {
            instance["InstanceId"]: instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        }

    def _forget_vanished(self, region: str, found: dict[str, dict[str, t.Any]]) -> None:
        """Instances that EC2 no longer lists: long terminated, or the lab's state was reset."""
        for instance_id, host in list(self._hosts.items()):
            if host.region == region and instance_id not in found:
                self._ctx.addresses.release(instance_id)
                del self._hosts[instance_id]

    def _boot(self, region: str, instance_id: str, description: dict[str, t.Any], registered: bool) -> bool:
        state = description["State"]["Name"]
        host = self._hosts.get(instance_id)
        if state not in _LIVE:
            if host and host.state != state:
                self._ctx.addresses.release(instance_id)
                host.state = state
            return False
        if host is None:
            host = self._hosts[instance_id] = Host(instance_id, region)
        if state == "running" and host.state != "running":
            host.boots_at = time.monotonic() + self._boot_seconds
        host.state = state
        if state != "running" or registered:
            return state == "pending"
        if time.monotonic() < host.boots_at:
            return True
        try:
            self._register(region, host, description)
        except (NotRegistered, ClientError) as reason:
            host.say(f"not registered: {reason}")
        return False

    # -- registration

    def _register(self, region: str, host: Host, description: dict[str, t.Any]) -> None:
        if host.image_names is None:
            host.image_names = self._image_names(region, description["ImageId"])
        if not any("ecs" in name for name in host.image_names):
            raise NotRegistered(f"image {description['ImageId']} is not an ECS-optimised one and has no ECS agent")
        if host.settings is None:
            host.settings = self._settings(region, host.instance_id)
        settings = host.settings
        name = settings.get("ECS_CLUSTER") or "default"
        cluster = next((cluster for cluster in self._backend.clusters(region) if cluster.name == name), None)
        if cluster is None:
            raise NotRegistered(f"ClusterNotFoundException: there is no cluster {name}")
        role = self._role(region, description, cluster.arn)
        gpu = settings.get("ECS_ENABLE_GPU_SUPPORT") == "true" or any("gpu" in name for name in host.image_names)
        types = self._ctx.client("ec2", region).describe_instance_types(InstanceTypes=[description["InstanceType"]])
        capacity = capacity_of(types["InstanceTypes"][0], host.instance_id, settings, gpu)
        instance_id = uuid.uuid4().hex
        instance = Instance(
            id=instance_id,
            container_instance_arn=self._backend.arn(
                region, "container-instance", "containerInstance", cluster.name, instance_id
            ),
            region=region,
            cluster_name=cluster.name,
            ec2_instance_id=host.instance_id,
            availability_zone=description["Placement"]["AvailabilityZone"],
            capacity=capacity,
            role=role,
            attributes=_attributes(description, settings),
            tags=_tags(settings),
        )
        self._backend.put_instance(instance)
        host.say(f"registered with cluster {cluster.name} as {instance.container_instance_arn}")

    def _settings(self, region: str, instance_id: str) -> dict[str, str]:
        ec2 = self._ctx.client("ec2", region)
        answer = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
        return user_data.ecs_settings((answer.get("UserData") or {}).get("Value"))

    def _image_names(self, region: str, image_id: str) -> list[str]:
        """The names of an image and of those it was made from: a baked image keeps its agent."""
        ec2 = self._ctx.client("ec2", region)
        names: list[str] = []
        seen: set[str] = set()
        while image_id and image_id not in seen:
            seen.add(image_id)
            images = ec2.describe_images(ImageIds=[image_id])["Images"]
            if not images:
                break
            names.append(str(images[0].get("Name") or "").lower())
            image_id = images[0].get("SourceImageId") or self._source(ec2, images[0].get("SourceInstanceId"))
        return names

    @staticmethod
    def _source(ec2: t.Any, instance_id: str | None) -> str:
        if not instance_id:
            return ""
        reservations = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        return str(reservations[0]["Instances"][0]["ImageId"]) if reservations else ""

    def _role(self, region: str, description: dict[str, t.Any], cluster_arn: str) -> str:
        """The host's role, if the agent may do its work with it."""
        profile = description.get("IamInstanceProfile")
        if not profile:
            raise NotRegistered("NoCredentialProviders: the instance has no instance profile")
        iam = self._ctx.client("iam", region)
        name = profile["Arn"].rpartition("/")[2]
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
        if not roles:
            raise NotRegistered(f"NoCredentialProviders: instance profile {name} has no role")
        role = roles[0]["RoleName"]
        if not policy.trusts(roles[0]["AssumeRolePolicyDocument"], "ec2.amazonaws.com"):
            raise NotRegistered(f"NoCredentialProviders: role {role} does not trust ec2.amazonaws.com")
        documents = policy.documents_of_role(iam, role)
        for action in AGENT_ACTIONS:
            if not policy.allows(documents, action, cluster_arn, {"ecs:cluster": cluster_arn}):
                raise NotRegistered(f"AccessDeniedException: role {role} is not authorized to perform: {action}")
        return str(role)

    # -- afterwards

    def _follow(self, instance: Instance, description: dict[str, t.Any] | None) -> None:
        state = description["State"]["Name"] if description else "terminated"
        if state == "running":
            instance.agent_connected = True
        elif state in {"stopping", "stopped"}:
            if instance.agent_connected:
                instance.agent_connected = False
                self._end_tasks(instance, f"Host EC2 (instance {instance.ec2_instance_id}) stopped.")
        elif state != "pending":
            self._end_tasks(instance, f"Host EC2 (instance {instance.ec2_instance_id}) terminated.")
            # Only with its agent connected: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
            instance.leaves |= instance.agent_connected
            instance.agent_connected = False
            # Its tasks are still seen stopping on it; the record goes when they are gone.
            if instance.leaves and not self._scheduler.occupants(instance):
                self._backend.drop_instance(instance)
                log.info("host %s is gone from cluster %s", instance.ec2_instance_id, instance.cluster_name)


def _attributes(description: dict[str, t.Any], settings: dict[str, str]) -> dict[str, str | None]:
    attributes: dict[str, str | None] = {
        "ecs.ami-id": description["ImageId"],
        "ecs.availability-zone": description["Placement"]["AvailabilityZone"],
        "ecs.instance-type": description["InstanceType"],
        "ecs.os-type": "linux",
        "ecs.os-family": "LINUX",
        "ecs.cpu-architecture": description.get("Architecture") or "x86_64",
        "ecs.subnet-id": description.get("SubnetId"),
        "ecs.vpc-id": description.get("VpcId"),
        "com.amazonaws.ecs.capability.logging-driver.awslogs": None,
        "com.amazonaws.ecs.capability.docker-remote-api.1.44": None,
        "ecs.capability.execution-role-awslogs": None,
        "ecs.capability.secrets.asm.environment-variables": None,
        "ecs.capability.secrets.ssm.environment-variables": None,
        "ecs.capability.container-health-check": None,
    }
    attributes.update(_json_object(settings.get("ECS_INSTANCE_ATTRIBUTES")))
    return attributes


def _tags(settings: dict[str, str]) -> list[dict[str, str]]:
    tags = _json_object(settings.get("ECS_CONTAINER_INSTANCE_TAGS"))
    return [{"key": key, "value": value} for key, value in tags.items()]


def _json_object(text: str | None) -> dict[str, str]:
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
