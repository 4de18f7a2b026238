"""Hosts that are online for Systems Manager, and what its Run Command runs on them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError

from lab.compute import policy, user_data
from lab.context import LabContext
from lab.control import current
from lab.control.operations import Params, backend
from lab.guest import disk, sandbox

log = logging.getLogger("lab.guest")

# What the agent needs; AmazonSSMManagedInstanceCore has them all.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
AGENT_ACTIONS = ("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ec2messages:GetMessages")
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
OUTPUT_LIMIT, ERROR_LIMIT = 24000, 8000
# https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html
EXECUTION_SECONDS = 3600
_ENDING_SECONDS = 10


@dataclass
class Invocation:
    command_id: str
    instance_id: str
    comment: str
    sent: float
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    output: str = ""
    errors: str = ""


class CommandsPlane:
    """Also keeps the hosts' disks: only a host that a command was sent to, or that was made an image of, has one."""

    name = "commands"

    def __init__(self) -> None:
        self._boot_seconds = float(os.environ.get("LAB_BOOT_SECONDS") or 1.0)
        self._lock = threading.Lock()
        self._invocations: dict[tuple[str, str], Invocation] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._stopped = False
        self._disks = Path(ctx.home) / "disks"
        shutil.rmtree(self._disks, ignore_errors=True)
        self._disks.mkdir(parents=True, exist_ok=True)
        _running.append(self)

    def stop(self) -> None:
        _running.remove(self)
        self._end_commands()
        shutil.rmtree(self._disks, ignore_errors=True)

    def _end_commands(self) -> None:
        """What still runs writes to disks that are about to go, and would outlive the lab."""
        with self._lock:
            self._stopped = True
            threads = list(self._threads)
            for process in self._processes:
                sandbox.end(process)
        for thread in threads:
            thread.join(timeout=_ENDING_SECONDS)
            if thread.is_alive():
                log.warning("%s did not end", thread.name)

    def _started(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            self._processes = [other for other in self._processes if other.returncode is None] + [process]
            if self._stopped:
                sandbox.end(process)

    # -- who is online

    def online(self, region: str, instance_id: str) -> bool:
        ec2 = self._ctx.client("ec2", region)
        try:
            found = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        except ClientError:
            return False
        host = found[0]["Instances"][0] if found else {}
        if not host or host["State"]["Name"] != "running":
            return False
        if (self._ctx.clock.utc() - host["LaunchTime"]).total_seconds() < self._boot_seconds:
            return False
        return self._may(region, host)

    def _may(self, region: str, host: Params) -> bool:
        profile = host.get("IamInstanceProfile")
        if not profile:
            return False
        iam = self._ctx.client("iam", region)
        name = profile["Arn"].rpartition("/")[2]
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
        documents = policy.documents_of_role(iam, roles[0]["RoleName"]) if roles else []
        return all(policy.allows(documents, action, "*") for action in AGENT_ACTIONS)

    def running(self, region: str) -> list[str]:
        states = [{"Name": "instance-state-name", "Values": ["running"]}]
        pages = self._ctx.client("ec2", region).get_paginator("describe_instances").paginate(Filters=states)
        return [host["InstanceId"] for page in pages for launch in page["Reservations"] for host in launch["Instances"]]

    # -- commands

    def send(self, region: str, params: Params) -> Params:
        command_id = str(uuid.uuid4())
        parameters = params.get("Parameters") or {}
        script = "\n".join(parameters["commands"])
        seconds = float((parameters.get("executionTimeout") or [EXECUTION_SECONDS])[0])
        for instance_id in params["InstanceIds"]:
            invocation = Invocation(command_id, instance_id, params.get("Comment") or "", time.monotonic())
            with self._lock:
                self._invocations[command_id, instance_id] = invocation
            work = (region, invocation, script, seconds)
            thread = threading.Thread(target=self._run, args=work, name=f"command-{command_id[:8]}", daemon=True)
            thread.start()
            with self._lock:
                self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        return {
            "CommandId": command_id,
            "Comment": params.get("Comment") or "",
            "Parameters": parameters,
            "InstanceIds": params["InstanceIds"],
            "Status": "Pending",
            "StatusDetails": "Pending",
            "RequestedDateTime": datetime.now(UTC),
        }

    def _run(self, region: str, invocation: Invocation, script: str, seconds: float) -> None:
        began = time.monotonic()
        invocation.started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        invocation.status = invocation.details = "InProgress"
        try:
            own = self.disk_of(region, invocation.instance_id)
            with self._lock_of(invocation.instance_id):
                outcome = sandbox.run(own, script, seconds, self._started)
        except Exception as error:
            log.exception("command %s", invocation.command_id)
            outcome = sandbox.Outcome(1, "", f"the lab failed to run this command: {error}")
        invocation.seconds = time.monotonic() - began
        invocation.ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        invocation.output, invocation.errors = outcome.output[:OUTPUT_LIMIT], outcome.errors[:ERROR_LIMIT]
        invocation.code = outcome.code
        details = "ExecutionTimedOut" if outcome.timed_out else "Failed" if outcome.code else "Success"
        invocation.details = details
        invocation.status = "TimedOut" if outcome.timed_out else details
        log.info("command %s on %s: %s, %d", invocation.command_id, invocation.instance_id, details, outcome.code)

    def find(self, command_id: str, instance_id: str) -> Invocation | None:
        with self._lock:
            found = self._invocations.get((command_id, instance_id))
        # It takes a moment until an invocation is known.
        return found if found and time.monotonic() - found.sent >= current.settle_seconds() else None

    # -- disks

    def _lock_of(self, name: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def disk_of(self, region: str, instance_id: str) -> Path:
        """A host's disk, after its first boot."""
        with self._lock_of(f"boot of {instance_id}"):
            own = self._disks / instance_id
            if not own.exists():
                ec2 = backend("ec2", region)
                image = ec2.amis.get(ec2.get_instance(instance_id).image_id)
                kept = self._disks / image.ebs_snapshot.id if image else self._disks / "none"
                if kept.exists():
                    disk.copy(kept, own)
                else:
                    disk.fresh(own)
                self._boot(region, instance_id, own)
            return own

    def _boot(self, region: str, instance_id: str, own: Path) -> None:
        client = self._ctx.client("ec2", region)
        answer = client.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
        script = user_data.decode((answer.get("UserData") or {}).get("Value"))
        kind = client.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]["InstanceType"]
        found = client.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"][0]
        gpus = sum(gpu["Count"] for gpu in (found.get("GpuInfo") or {}).get("Gpus") or [])
        outcome = disk.boot(own, instance_id, script, gpus, disk.registry(self._ctx.home), self._started)
        if outcome.code:
            log.warning("host %s: its user data ended with %d: %s", instance_id, outcome.code, outcome.errors)

    def keep(self, region: str, instance_id: str, snapshot_id: str) -> None:
        """What a snapshot of a host's volume has."""
        own = self._disks / instance_id
        if own.exists():
            with self._lock_of(instance_id):
                disk.copy(own, self._disks / snapshot_id)


# The planes of this process: the API asks the last one.
_running: list[CommandsPlane] = []


def running() -> CommandsPlane | None:
    return _running[-1] if _running else None
