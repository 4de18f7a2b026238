"""What runs inside a host beside its tasks: the timers that its user data installed, by the lab's clock.

Their programs really run, as processes that see the metadata service, the lab's time and a `shutdown` of their own. A
host that shuts itself down stops or is terminated, as its InstanceInitiatedShutdownBehavior says.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

from botocore.exceptions import ClientError

from lab.clock import Ticking
from lab.compute import units, user_data
from lab.compute.metadata import HOST_HEADER, Metadata
from lab.context import LabContext

log = logging.getLogger("lab.compute")

_LIMIT_SECONDS = 20
_RUN = re.compile(r"(?<![\w/.-])/run/")
# A guest's own commands, in the place of the machine's.
_COMMANDS = {
    "curl": """exec {curl} --connect-to 169.254.169.254:80:127.0.0.1:"$LAB_METADATA" -H "{header}: $LAB_HOST" "$@"
""",
    "date": """for argument; do case "$argument" in -d*|--date*) exec {date} "$@";; esac; done
exec {date} -d "@$LAB_NOW" "$@"
""",
    "shutdown": """exec {curl} -s -X POST -H "{header}: $LAB_HOST" "http://127.0.0.1:$LAB_METADATA/shutdown"
""",
}


class Guests(Ticking):
    def __init__(self, ctx: LabContext, regions: t.Callable[[], list[str]]) -> None:
        super().__init__(ctx.clock)
        self._ctx = ctx
        self._regions = regions
        self._home = Path(ctx.home) / "guests"
        shutil.rmtree(self._home, ignore_errors=True)
        self._timers: dict[str, list[units.Timer]] = {}
        self._running: dict[str, tuple[str, dict[str, t.Any]]] = {}
        self._metadata = Metadata(self._describe, self._shut_down)
        self._commands()
        ctx.clock.follow(self)

    def close(self) -> None:
        self._ctx.clock.leave(self)
        self._metadata.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def tick(self, now: float) -> None:
        """Every minute, as systemd's `minutely` is; other calendars are counted by it."""
        self._running = {}
        for region in self._regions():
            running = [{"Name": "instance-state-name", "Values": ["running"]}]
            pages = self._ctx.client("ec2", region).get_paginator("describe_instances").paginate(Filters=running)
            for page in pages:
                for reservation in page["Reservations"]:
                    for instance in reservation["Instances"]:
                        self._running[instance["InstanceId"]] = (region, instance)
        for instance_id in list(self._running):
            for timer in self._timers_of(instance_id):
                if int(now // timer.seconds) != int((now - 60.0) // timer.seconds):
                    self._run(instance_id, timer, now)

    def _timers_of(self, instance_id: str) -> list[units.Timer]:
        """User data runs at the first boot only, so that it is read once."""
        if instance_id not in self._timers:
            region = self._running[instance_id][0]
            answer = self._ctx.client("ec2", region).describe_instance_attribute(
                InstanceId=instance_id, Attribute="userData"
            )
            script = user_data.decode((answer.get("UserData") or {}).get("Value"))
            self._timers[instance_id] = units.timers(script)
        return self._timers[instance_id]

    def _run(self, instance_id: str, timer: units.Timer, now: float) -> None:
        # What a guest keeps in /run is its own.
        folder = self._home / instance_id / "run"
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": f"{self._home / 'bin'}:{os.environ.get('PATH', os.defpath)}",
            "TZ": "UTC",
            "LAB_METADATA": str(self._metadata.port),
            "LAB_HOST": instance_id,
            "LAB_NOW": str(int(now)),
        }
        try:
            ended = subprocess.run(
                ["bash", "-s"],
                input=_RUN.sub(f"{folder}/", timer.program).encode(),
                env=environment,
                cwd=folder,
                capture_output=True,
                timeout=_LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            log.warning("host %s: %s took more than %d s", instance_id, timer.name, _LIMIT_SECONDS)
            return
        said = (ended.stdout + ended.stderr).decode(errors="replace").strip()
        if said or ended.returncode:
            log.info("host %s: %s ended with %d: %s", instance_id, timer.name, ended.returncode, said)

    def _describe(self, instance_id: str) -> dict[str, t.Any] | None:
        found = self._running.get(instance_id)
        return found[1] if found else None

    def _shut_down(self, instance_id: str) -> None:
        found = self._running.get(instance_id)
        if found is None:
            return
        ec2 = self._ctx.client("ec2", found[0])
        wanted = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="instanceInitiatedShutdownBehavior")[
            "InstanceInitiatedShutdownBehavior"
        ]["Value"]
        log.info("host %s: shuts itself down (%s)", instance_id, wanted)
        try:
            if wanted == "terminate":
                ec2.terminate_instances(InstanceIds=[instance_id])
            else:
                ec2.stop_instances(InstanceIds=[instance_id])
        except ClientError as error:
            log.warning("host %s: %s", instance_id, error)

    def _commands(self) -> None:
        folder = self._home / "bin"
        folder.mkdir(parents=True)
        real = {name: shutil.which(name) or f"/usr/bin/{name}" for name in ("curl", "date")}
        for name, body in _COMMANDS.items():
            command = folder / name
            command.write_text("#!/bin/sh\n" + body.format(header=HOST_HEADER, **real))
            command.chmod(0o755)
