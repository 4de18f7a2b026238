"""What a launch comes to: a request and its launch template as one set of parameters, checked as EC2 checks them.

moto takes six members of a template and none of its block devices, profile, or metadata options.
"""

from __future__ import annotations

import typing as t

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend
from lab.moto_gaps import ec2_images, ec2_launch_templates, ec2_metadata_tags, ec2_offerings

_GP3_IOPS = (3000, 80_000)
_GP3_THROUGHPUT = (125, 2000)
_INITIALIZATION_RATE = (100, 300)


def resolve(call: Call, params: Params) -> tuple[Params, t.Any]:
    """The parameters with the template's in them, and the template's version or None."""
    specification = params.get("LaunchTemplate")
    if not specification:
        return dict(params), None
    template = ec2_launch_templates.find(call.region, specification)
    version = ec2_launch_templates.version_of(template, specification.get("Version"))
    assert call.model is not None
    launchable = call.model.service_model.operation_model("RunInstances").input_shape.members
    data = {name: value for name, value in version.data.items() if name in launchable and value is not None}
    request = {name: value for name, value in params.items() if name != "LaunchTemplate" and value is not None}
    merged = ec2_launch_templates.merge(data, request)
    merged["TagSpecifications"] = _merge_tags(data.get("TagSpecifications"), request.get("TagSpecifications"))
    return merged, version


def _merge_tags(base: list[Params] | None, over: list[Params] | None) -> list[Params]:
    tags: dict[str, dict[str, str]] = {}
    for specification in [*(base or []), *(over or [])]:
        kind = tags.setdefault(specification["ResourceType"], {})
        kind.update({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []})
    return [
        {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}
        for kind, pairs in tags.items()
    ]


def prepare(call: Call, params: Params) -> Params:
    """Check everything that can be wrong, and fill in what EC2 chooses: zone, subnet, devices, metadata options."""
    region = call.region
    wanted = dict(params)
    if not wanted.get("ImageId"):
        raise AwsError("MissingParameter", "The request must contain the parameter ImageId")
    image = ec2_images.find(region, wanted["ImageId"])
    wanted["ImageId"] = image.id
    wanted.setdefault("InstanceType", "m1.small")
    _check_key(region, wanted)
    _check_profile(wanted)
    _check_interfaces(wanted)
    subnet = _subnet(region, wanted)
    _check_groups(region, wanted, subnet)
    ec2_offerings.check(region, wanted["InstanceType"], subnet.availability_zone)
    wanted["BlockDeviceMappings"] = _devices(image, wanted.get("BlockDeviceMappings") or [])
    if ec2_images.requires_tokens(image):
        asked = wanted.get("MetadataOptions") or {}
        wanted["MetadataOptions"] = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, **asked}
    _check_metadata_tags(wanted)
    return wanted


def _check_metadata_tags(wanted: Params) -> None:
    if (wanted.get("MetadataOptions") or {}).get("InstanceMetadataTags") == "enabled":
        specifications = wanted.get("TagSpecifications") or []
        tags = [tag for each in specifications if each["ResourceType"] == "instance" for tag in each["Tags"]]
        ec2_metadata_tags.check_keys([tag["Key"] for tag in tags])


def _check_key(region: str, wanted: Params) -> None:
    name = wanted.get("KeyName")
    if name and name not in backend("ec2", region).key_pairs:
        raise AwsError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


def _check_profile(wanted: Params) -> None:
    profile = wanted.get("IamInstanceProfile") or {}
    if not profile:
        return
    known = backend("iam", "aws").instance_profiles.values()
    arn, name = profile.get("Arn"), profile.get("Name")
    if arn and not any(one.arn == arn for one in known):
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
        )
    if name and not any(one.name == name for one in known):
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        )


def _check_interfaces(wanted: Params) -> None:
    """Where interfaces are described, they hold subnet and groups, and only a lone one takes a public address.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
    """
    interfaces = wanted.get("NetworkInterfaces") or []
    if not interfaces:
        return
    for member, words in {"SubnetId": "subnet ID", "SecurityGroupIds": "security groups"}.items():
        if wanted.get(member):
            raise AwsError(
                "InvalidParameterCombination",
                f"Network interfaces and an instance-level {words} may not be specified on the same request",
            )
    if len(interfaces) > 1 and any(one.get("AssociatePublicIpAddress") for one in interfaces):
        raise AwsError(
            "InvalidParameterCombination",
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network "
            "interfaces.",
        )
    wanted["NetworkInterfaces"] = [{"DeleteOnTermination": True, **one} for one in interfaces]


def _subnet(region: str, wanted: Params) -> t.Any:
    ec2 = backend("ec2", region)
    subnets = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    interfaces = wanted.get("NetworkInterfaces") or []
    subnet_id = wanted.get("SubnetId") or next((one["SubnetId"] for one in interfaces if one.get("SubnetId")), None)
    if subnet_id:
        if subnet_id not in subnets:
            raise AwsError("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        return subnets[subnet_id]
    zone = (wanted.get("Placement") or {}).get("AvailabilityZone")
    offering = ec2_offerings.zones_offering(region, wanted["InstanceType"])
    defaults = [subnet for subnet in subnets.values() if str(subnet.default_for_az).lower() == "true"]
    if zone:
        defaults = [subnet for subnet in defaults if subnet.availability_zone == zone]
    preferred = [subnet for subnet in defaults if subnet.availability_zone in offering] or defaults
    if not preferred:
        raise AwsError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
    if not interfaces:
        wanted["SubnetId"] = preferred[0].id
    return preferred[0]


def _check_groups(region: str, wanted: Params, subnet: t.Any) -> None:
    ec2 = backend("ec2", region)
    asked = [*(wanted.get("SecurityGroupIds") or [])]
    for interface in wanted.get("NetworkInterfaces") or []:
        asked += interface.get("Groups") or []
    for group_id in asked:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise AwsError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != subnet.vpc_id:
            raise AwsError(
                "InvalidParameter", f"Security group {group_id} and subnet {subnet.id} belong to different networks."
            )


def _devices(image: t.Any, asked: list[Params]) -> list[Params]:
    """The image's root device and what is asked for, by device name."""
    root = {
        "DeviceName": image.root_device_name,
        "Ebs": {
            "SnapshotId": image.ebs_snapshot.id,
            "VolumeSize": ec2_images.root_size(image),
            "VolumeType": ec2_images.root_type(image),
            "DeleteOnTermination": True,
        },
    }
    merged = ec2_launch_templates.merge({"BlockDeviceMappings": [root]}, {"BlockDeviceMappings": asked})
    devices: list[Params] = [one for one in merged["BlockDeviceMappings"] if "NoDevice" not in one]
    for device in devices:
        if device.get("Ebs"):
            _check_volume(device["Ebs"], ec2_images.root_size(image), device["DeviceName"] == image.root_device_name)
    return [one for one in devices if one.get("Ebs")]


def _check_volume(ebs: Params, snapshot_size: int, is_root: bool) -> None:
    size, kind = ebs.get("VolumeSize"), ebs.get("VolumeType") or "gp2"
    if is_root and size is not None and size < snapshot_size:
        raise AwsError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot '{ebs.get('SnapshotId')}', "
            f"expect size>= {snapshot_size}GB",
        )
    if not size and not ebs.get("SnapshotId"):
        raise AwsError("MissingParameter", "The request must contain the parameter size or snapshotId")
    if ebs.get("Throughput") is not None and kind != "gp3":
        raise AwsError("InvalidParameterCombination", f"The parameter Throughput is not supported for {kind} volumes.")
    if kind == "gp3":
        _within("throughput", ebs.get("Throughput"), _GP3_THROUGHPUT)
        _within("iops", ebs.get("Iops"), _GP3_IOPS)
    rate = ebs.get("VolumeInitializationRate")
    if rate is not None and not ebs.get("SnapshotId"):
        raise AwsError("InvalidParameterCombination", "VolumeInitializationRate needs a volume made from a snapshot.")
    _within("VolumeInitializationRate", rate, _INITIALIZATION_RATE)


def _within(name: str, value: int | None, bounds: tuple[int, int]) -> None:
    if value is not None and not bounds[0] <= value <= bounds[1]:
        raise AwsError("InvalidParameterValue", f"Volume {name} of {value} is not valid, it must be between {bounds[0]} and {bounds[1]}.")  # fmt: skip  # noqa: E501
