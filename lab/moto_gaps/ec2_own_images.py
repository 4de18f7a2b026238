"""Images of one's own: moto's are there at once, without tags on their snapshots, of no size, and outlived by them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html
"""

from __future__ import annotations

import re
import typing as t

from lab.context import ACCOUNT_ID
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, forward, guards, replaces
from lab.guest import plane as guests

_NAME = re.compile(r"[\w()\[\] ./'@-]{3,128}", re.ASCII)


def apply() -> None:
    replaces("ec2", "CreateImage")(create)
    guards("ec2", "RegisterImage")(check_name)
    amends("ec2", "RegisterImage")(finish_registered)
    replaces("ec2", "DeregisterImage")(deregister)
    guards("ec2", "DeleteSnapshot")(require_unused)
    amends("ec2", "CreateSnapshot")(keep_disk)


def own(region: str) -> list[t.Any]:
    return [image for image in backend("ec2", region).amis.values() if image.owner_id == ACCOUNT_ID]


def check_name(call: Call, params: Params) -> None:
    if not _NAME.fullmatch(params["Name"]):
        raise AwsError("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long")
    taken = next((image for image in own(call.region) if image.name == params["Name"]), None)
    if taken is not None:
        raise AwsError("InvalidAMIName.Duplicate", f"AMI name {params['Name']} is already in use by AMI {taken.id}")


def create(call: Call, params: Params) -> Params:
    check_name(call, params)
    ec2 = backend("ec2", call.region)
    instance = ec2.get_instance(params["InstanceId"])
    if instance.state not in ("running", "stopped"):
        raise AwsError("IncorrectState", "Unable to create an image of an instance that is not running or stopped.")
    tags = {each["ResourceType"]: each["Tags"] for each in params.get("TagSpecifications") or []}
    wrong = set(tags) - {"image", "snapshot"}
    if wrong:
        raise AwsError(
            "InvalidParameterValue", f"'{wrong.pop()}' is not a valid taggable resource type for this operation."
        )
    # moto raises on the snapshots' tags.
    plain = {name: value for name, value in params.items() if name != "TagSpecifications"}
    image = ec2.amis[forward(call, "CreateImage", plain)["ImageId"]]
    image.owner_id = ACCOUNT_ID
    image.add_tags({tag["Key"]: tag["Value"] for tag in tags.get("image", [])})
    snapshot = image.ebs_snapshot
    snapshot.add_tags({tag["Key"]: tag["Value"] for tag in tags.get("snapshot", [])})
    snapshot.description = f"Created by CreateImage({params['InstanceId']}) for {image.id}"
    source = ec2.amis.get(instance.image_id)
    image.root_device_name = getattr(source, "root_device_name", None) or image.root_device_name
    root = instance.block_device_mapping.get(image.root_device_name)
    if root is not None:
        image.lab_root_size = int(ec2.volumes[root.volume_id].size)
    found = guests.running()
    if found is not None:
        found.keep(call.region, params["InstanceId"], snapshot.id)
    settle(image)
    return {"ImageId": image.id}


def settle(image: t.Any) -> None:
    image.state = "pending"

    def be_available() -> None:
        if image.state == "pending":
            image.state = "available"

    current.later("ec2", be_available)


def finish_registered(call: Call, params: Params, output: Params) -> None:
    image = backend("ec2", call.region).amis[output["ImageId"]]
    for each in params.get("TagSpecifications") or []:
        image.add_tags({tag["Key"]: tag["Value"] for tag in each["Tags"]})
    settle(image)


def deregister(call: Call, params: Params) -> Params | None:
    """AWS deletes the snapshots with it where that is asked for, but those that another image needs."""
    ec2 = backend("ec2", call.region)
    image = ec2.amis.get(params["ImageId"])
    if image is None:
        return None
    if image.owner_id != ACCOUNT_ID:
        raise AwsError("AuthFailure", f"Not authorized for image:{image.id}", 403)
    snapshot = image.ebs_snapshot
    forward(call, "DeregisterImage", {"ImageId": image.id})
    answer: Params = {"Return": True}
    if params.get("DeleteAssociatedSnapshots") and snapshot is not None:
        used = any(other.ebs_snapshot is snapshot for other in own(call.region))
        if not used:
            ec2.snapshots.pop(snapshot.id, None)
        answer["DeleteSnapshotResults"] = [{"SnapshotId": snapshot.id, "ReturnCode": code_of(used)}]
    return answer


def code_of(used: bool) -> str:
    return "skipped" if used else "success"


def require_unused(call: Call, params: Params) -> None:
    user = next((image for image in own(call.region) if image.ebs_snapshot.id == params["SnapshotId"]), None)
    if user is not None:
        raise AwsError("InvalidSnapshot.InUse", f"The snapshot {params['SnapshotId']} is currently in use by {user.id}")


def keep_disk(call: Call, params: Params, output: Params) -> None:
    volume = backend("ec2", call.region).volumes.get(params["VolumeId"])
    found = guests.running()
    if found is not None and volume is not None and volume.attachment:
        found.keep(call.region, volume.attachment.instance.id, output["SnapshotId"])
