"""AMIs: moto gives every image a 15 GiB root disk that outlives its host, and publishes them as Python text in SSM."""

from __future__ import annotations

import ast
import json
import re
import typing as t

from moto.ec2.models import amis
from moto.ec2.models.amis import Ami
from moto.utilities.utils import load_resource

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

_RESOLVE = "resolve:ssm:"


def apply() -> None:
    amis.load_resource = _newest_images
    Ami.block_device_mappings = property(_mappings)
    guards("ec2", "RegisterImage")(check_registration)
    amends("ec2", "RegisterImage")(keep_root)
    amends("ssm", "GetParameter", "GetParameters", "GetParametersByPath")(write_json)


def _newest_images(path: str) -> t.Any:
    """moto registers every ECS image of two years, 1200 a region, at each reset; the newest of each line will do."""
    images = load_resource(path)
    if "/ecs/optimized_amis/" not in path:
        return images
    lines: dict[str, list[Params]] = {}
    for image in images:
        lines.setdefault(re.sub(r"20\d{6}", "", image["name"]), []).append(image)
    # Names differ in their date only, so the greatest is the newest.
    return [image for line in lines.values() for image in sorted(line, key=lambda one: str(one["name"]))[-2:]]


def root_size(image: t.Any) -> int:
    """30 GiB in the ECS-optimized images, 8 GiB in plain ones; the host's own size in an image made from a host."""
    if getattr(image, "lab_root_size", None):
        return int(image.lab_root_size)
    return 30 if "ecs" in (image.name or "") else 8


def root_type(image: t.Any) -> str:
    return "gp3" if (image.name or "").startswith("al2023") else "gp2"


def _mappings(image: t.Any) -> list[Params]:
    return [
        {
            "DeviceName": image.root_device_name,
            "Ebs": {
                "SnapshotId": image.ebs_snapshot.id,
                "VolumeSize": root_size(image),
                "DeleteOnTermination": True,
                "VolumeType": root_type(image),
                "Encrypted": False,
            },
        }
    ]


def requires_tokens(image: t.Any) -> bool:
    """AL2023 images are registered with ImdsSupport v2.0: hosts get tokens only, and two hops."""
    return (image.name or "").startswith("al2023")


def check_registration(call: Call, params: Params) -> None:
    for mapping in params.get("BlockDeviceMappings") or []:
        snapshot_id = (mapping.get("Ebs") or {}).get("SnapshotId")
        if snapshot_id and snapshot_id not in backend("ec2", call.region).snapshots:
            raise AwsError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def keep_root(call: Call, params: Params, output: Params) -> None:
    """moto forgets which device is the root, and which snapshot it is made from."""
    ec2 = backend("ec2", call.region)
    image = ec2.amis[output["ImageId"]]
    image.root_device_name = params.get("RootDeviceName") or image.root_device_name
    for mapping in params.get("BlockDeviceMappings") or []:
        snapshot_id = (mapping.get("Ebs") or {}).get("SnapshotId")
        if mapping.get("DeviceName") == image.root_device_name and snapshot_id:
            image.ebs_snapshot = ec2.snapshots[snapshot_id]


def find(region: str, image_id: str) -> t.Any:
    if image_id.startswith(_RESOLVE):
        image_id = _parameter(region, image_id.removeprefix(_RESOLVE))
    if not image_id.startswith("ami-"):
        raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')
    image = backend("ec2", region).amis.get(image_id)
    if image is None or image.state == "deregistered":
        raise AwsError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    return image


def _parameter(region: str, name: str) -> str:
    found = backend("ssm", region).get_parameters([name])
    if name not in found:
        raise AwsError("InvalidParameterValue", f"The SSM parameter {name} could not be resolved")
    return str(found[name].value)


def write_json(call: Call, params: Params, output: Params) -> None:
    """The values below /aws/service/ecs are JSON documents."""
    for parameter in [*(output.get("Parameters") or []), output.get("Parameter") or {}]:
        if str(parameter.get("Name", "")).startswith("/aws/service/ecs/"):
            parameter["Value"] = _as_json(parameter["Value"])


def _as_json(value: str) -> str:
    if not value.startswith("{'"):
        return value
    # moto turned the dictionary of its data file into text.
    return json.dumps(ast.literal_eval(value))
