"""A control plane and hosts that take commands, in this process."""

from __future__ import annotations

import time
import typing as t

import pytest

from lab.context import LabContext
from lab.guest.plane import CommandsPlane
from tests.integration.modules import lab_host


class Ended(t.NamedTuple):
    status: str
    code: int
    output: str
    errors: str


class World:
    def __init__(self, ctx: LabContext, plane: CommandsPlane) -> None:
        self.plane = plane
        self.ec2, self.ssm = ctx.client("ec2"), ctx.client("ssm")
        self.image_id = lab_host.gpu_image(ctx)
        lab_host.make_profile(ctx)

    def launch(self, *, image: str = "", user_data: str = "", kind: str = "g6e.2xlarge", profile: str = "host") -> str:
        options: dict[str, t.Any] = {"IamInstanceProfile": {"Name": profile}} if profile else {}
        made = self.ec2.run_instances(
            ImageId=image or self.image_id, InstanceType=kind, MinCount=1, MaxCount=1, UserData=user_data, **options
        )
        return str(made["Instances"][0]["InstanceId"])

    def online(self, instance_id: str) -> bool:
        filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
        return bool(self.ssm.describe_instance_information(Filters=filters)["InstanceInformationList"])

    def host(self, **options: t.Any) -> str:
        instance_id = self.launch(**options)
        eventually(lambda: self.online(instance_id))
        return instance_id

    def send(self, instance_id: str, script: str, **parameters: list[str]) -> str:
        sent = self.ssm.send_command(
            DocumentName="AWS-RunShellScript",
            InstanceIds=[instance_id],
            Parameters={"commands": [script], **parameters},
        )
        return str(sent["Command"]["CommandId"])

    def run(self, instance_id: str, script: str, **parameters: list[str]) -> Ended:
        command_id = self.send(instance_id, script, **parameters)

        def ended() -> dict[str, t.Any] | None:
            try:
                found = self.ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
            except self.ssm.exceptions.InvocationDoesNotExist:
                return None
            return dict(found) if found["Status"] not in ("Pending", "InProgress") else None

        found = eventually(ended)
        return Ended(
            found["StatusDetails"],
            found["ResponseCode"],
            found["StandardOutputContent"],
            found["StandardErrorContent"],
        )

    def said(self, instance_id: str, script: str) -> str:
        """What a script that ends well has to say."""
        ended = self.run(instance_id, script)
        assert ended.status == "Success", ended
        return ended.output.strip()

    def image_of(self, instance_id: str, name: str = "baked", **options: t.Any) -> str:
        image_id = str(self.ec2.create_image(InstanceId=instance_id, Name=name, **options)["ImageId"])
        eventually(lambda: self.ec2.describe_images(ImageIds=[image_id])["Images"][0]["State"] == "available")
        return image_id


def eventually(what: t.Callable[[], t.Any], seconds: float = 60) -> t.Any:
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def world(lab: LabContext, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[World]:
    monkeypatch.setenv("LAB_BOOT_SECONDS", "0.1")
    plane = CommandsPlane()
    plane.start(lab)
    try:
        yield World(lab, plane)
    finally:
        plane.stop()
