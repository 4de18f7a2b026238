"""Commands really run, as root of a guest that cannot reach anything but its own disk."""

from __future__ import annotations

import os
import threading
import typing as t
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.integration.lab.guest.conftest import eventually

STUB = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/lab/stub"


def refused(call: t.Callable[..., t.Any], **options: t.Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**options)
    return str(error.value.response["Error"]["Code"])


def test_a_script_runs_as_root_of_its_host(world: t.Any) -> None:
    host = world.host()
    ended = world.run(host, "#!/bin/bash\nid -u; . /etc/os-release; echo $NAME; echo trouble >&2; exit 7")
    assert ended == ("Failed", 7, "0\nAmazon Linux\n", "trouble\n")
    assert world.run(host, "echo ${BASH_VERSION:-no bash}").output.strip() == "no bash"


def test_a_guest_writes_to_its_own_disk_alone(world: t.Any, tmp_path: Path) -> None:
    first, second = world.host(), world.host()
    world.said(first, "echo mine >/etc/ecs/note; echo mine >/opt/note")
    assert world.said(first, "cat /etc/ecs/note /opt/note") == "mine\nmine"
    assert world.run(second, "cat /opt/note").code != 0
    assert not Path("/etc/ecs/note").exists() and not Path("/opt/note").exists()
    # This machine's programs can be read and not written; its files are not there at all.
    assert world.run(first, "touch /usr/bin/note").code != 0 and not Path("/usr/bin/note").exists()
    assert world.run(first, f"ls {tmp_path}").code != 0
    assert world.run(first, f"touch {Path(__file__).parent}/note").code != 0
    # Nor are its processes and its network.
    assert int(world.said(first, "ls -d /proc/[0-9]* | wc -l")) < 10
    assert str(os.getpid()) not in world.said(first, "ls /proc").split()
    assert world.said(first, "ls /sys/class/net 2>/dev/null; ip -o link | grep -c .").splitlines()[-1] == "1"


def test_what_a_command_leaves_running_ends_with_it(world: t.Any) -> None:
    host = world.host()
    world.said(host, "setsid sleep 600 >/dev/null 2>&1 & echo started")
    assert world.said(host, "ps -eo comm= | grep -c sleep || true") == "0"


def test_a_script_that_takes_too_long_is_ended(world: t.Any) -> None:
    ended = world.run(world.host(), "echo begun; sleep 60", executionTimeout=["1"])
    assert ended.status == "ExecutionTimedOut" and ended.output == "begun\n"


def test_a_lab_that_stops_leaves_no_command_running(lab: t.Any, world: t.Any) -> None:
    host = world.host()
    world.send(host, "touch /opt/begun; sleep 600")
    disks = Path(lab.home) / "disks"
    eventually((disks / host / "opt/begun").exists)
    world.plane.stop()
    assert not disks.exists()
    # Its threads were the ones that write there.
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("command-")]
    world.plane.start(lab)
    assert list(disks.iterdir()) == []


def test_only_as_much_is_shown_as_aws_shows(world: t.Any) -> None:
    ended = world.run(world.host(), "head -c 30000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2")
    assert (len(ended.output), len(ended.errors)) == (24000, 8000)


def test_who_is_not_online_takes_no_command(world: t.Any) -> None:
    stranger = world.launch(profile="")
    parameters = {"commands": ["true"]}
    document = {"DocumentName": "AWS-RunShellScript", "Parameters": parameters}
    assert not world.online(stranger)
    assert refused(world.ssm.send_command, InstanceIds=[stranger], **document) == "InvalidInstanceId"
    host = world.host()
    world.ec2.terminate_instances(InstanceIds=[host])
    assert refused(world.ssm.send_command, InstanceIds=[host], **document) == "InvalidInstanceId"
    answer = refused(world.ssm.get_command_invocation, CommandId="0" * 36, InstanceId=host)
    assert answer == "InvocationDoesNotExist"


def test_user_data_has_run_at_the_first_boot(world: t.Any) -> None:
    host = world.host(
        user_data="#!/bin/bash\necho ECS_CLUSTER=c >>/etc/ecs/ecs.config\nsystemctl enable --now x.timer\n"
    )
    assert world.said(host, "cat /etc/ecs/ecs.config; systemctl is-active x.timer") == "ECS_CLUSTER=c\nactive"


def test_an_image_has_the_disk_of_its_host(world: t.Any) -> None:
    host = world.host()
    identity = world.said(host, "cat /etc/machine-id")
    older = world.run(host, "cloud-init clean --logs --machine-id")
    assert older.code == 2 and "unrecognized arguments: --machine-id" in older.errors
    world.said(host, "echo baked >/opt/baked; rm -f /etc/ssh/ssh_host_*; cloud-init clean --logs; : >/etc/machine-id")
    tags = [{"Key": "owner", "Value": "us"}]
    kinds = [{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")]
    image = world.image_of(host, TagSpecifications=kinds)
    described = world.ec2.describe_images(ImageIds=[image])["Images"][0]
    snapshot = described["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert described["Tags"] == tags and described["RootDeviceName"] == "/dev/xvda"
    assert world.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["Tags"] == tags
    world.said(host, "echo later >/opt/baked")
    other = world.host(image=image)
    assert world.said(other, "cat /opt/baked; ls /etc/ssh | wc -l") == "baked\n2"
    assert len(world.said(other, "cat /etc/machine-id")) == 32
    assert world.said(other, "cat /etc/machine-id") != identity
    # Registered again from its snapshot, it has the same disk.
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
    again = world.ec2.register_image(Name="again", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping)["ImageId"]
    third = world.host(image=again)
    assert world.said(third, "cat /opt/baked") == "baked"


def test_snapshots_go_with_their_image_where_that_is_asked_for(world: t.Any) -> None:
    host = world.host()
    image = world.image_of(host)
    snapshot = world.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert refused(world.ec2.create_image, InstanceId=host, Name="baked") == "InvalidAMIName.Duplicate"
    assert refused(world.ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"
    answer = world.ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": snapshot, "ReturnCode": "success"}]
    assert refused(world.ec2.describe_snapshots, SnapshotIds=[snapshot]) == "InvalidSnapshot.NotFound"
    foreign = world.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    assert refused(world.ec2.deregister_image, ImageId=foreign) == "AuthFailure"


def test_a_host_pulls_an_image_and_runs_it_without_the_registry(world: t.Any) -> None:
    host = world.host()
    pulled = world.said(host, f"docker pull {STUB}:1").splitlines()
    digest = pulled[0].removeprefix("Digest: ")
    assert world.said(host, f"docker image inspect --format '{{{{json .RepoDigests}}}}' {STUB}@{digest}") == (
        f'["{STUB}@{digest}"]'
    )
    assert "manifest unknown" in world.run(host, f"docker pull {STUB}@sha256:{'0' * 64}").errors
    assert "pull access denied" in world.run(host, "docker pull nobody/nothing:1").errors
    assert "No such image" in world.run(host, "docker run --pull=never other/image:1").errors
    said = world.said(
        host,
        f"""#!/bin/bash
set -e
docker run -d --name engine --pull=never --gpus all -p 127.0.0.1:8000:8000 {STUB}@{digest} m --port 8000 >/dev/null
for attempt in $(seq 100); do
  python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')" 2>/dev/null && break
  sleep 0.1
done
docker inspect engine
python3 -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/v1/models').read()[:20])"
docker stop -t 10 engine
docker rm engine
""",
    )
    assert said.splitlines()[0] == "true" and "object" in said
    assert world.said(host, "nvidia-smi --query-gpu=name,driver_version").startswith("NVIDIA L40S, 580.")
    small = world.host(kind="t3.micro")
    assert world.run(small, "nvidia-smi").code == 9
