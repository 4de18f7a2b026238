# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What EC2 takes in a launch template. AWS checks most of it only when an instance is launched, we check it before."""

from __future__ import annotations

import re
import typing as t

from .._aws import InvalidInput

_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")
_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_GROUP = re.compile(r"sg-[0-9a-f]{8,17}")
_PROFILE = re.compile(r"arn:[\w-]+:iam::\d{12}:instance-profile/[\w+=,.@/-]+")
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
_DEVICE = re.compile(r"/dev/(sd[a-z][0-9]{0,2}|xvd[a-z]{1,2}|hd[a-z])|xvd[a-z]{1,2}|sd[a-z][0-9]{0,2}")

# Before base64. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
_USER_DATA_BYTES = 16384
_MAX_TAGS = 50
# https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
_GP3_BASE_IOPS = 3000
_GP3_MIBS_PER_IOPS = 0.25
_RANGES = {
    "throughput": (125, 2000, "MiB/s"),
    "volume_initialization_rate": (100, 300, "MiB/s, or 0 for AWS's default rate"),
    "volume_size": (1, 65536, "GiB"),
    "iops": (100, 256000, "I/O operations a second"),
}


def validate_options(options: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInput for what cannot be launched, before anything is written."""
    _match(_NAME, "name", options["name"], "takes 3 to 128 letters, digits and ( ) . - / _")
    _match(_IMAGE, "image_id", options.get("image_id"), "takes an image id like ami-0123456789abcdef0")
    _match(_TYPE, "instance_type", options.get("instance_type"), "takes a type like g6e.2xlarge")
    _match(
        _PROFILE,
        "instance_profile_arn",
        options.get("instance_profile_arn") or None,
        "takes an ARN like arn:aws:iam::123456789012:instance-profile/name, or an empty string for none",
    )
    for group_id in options.get("security_group_ids") or []:
        _match(_GROUP, "security_group_ids", group_id, "takes ids like sg-0123456789abcdef0")
    _validate_user_data(options.get("user_data"))
    _validate_hop_limit((options.get("metadata_options") or {}).get("http_put_response_hop_limit"))
    for name in ("instance_tags", "volume_tags", "network_interface_tags"):
        if len(options.get(name) or {}) > _MAX_TAGS:
            raise InvalidInput(f"{name} has {len(options[name])} tags, AWS takes {_MAX_TAGS}.")
    if options.get("keep_versions") is not None and options["keep_versions"] < 1:
        raise InvalidInput(f"keep_versions is {options['keep_versions']}; at least 1 version is kept.")
    _validate_devices(options.get("block_devices") or [])


def validate_volumes(block_devices: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Raise InvalidInput for volumes, complete with what was there before, that EBS would refuse."""
    for device in block_devices:
        where = f"block_devices: {device['device_name']}"
        volume_type = device.get("volume_type", "gp3")
        throughput, iops = device.get("throughput"), device.get("iops")
        if throughput is not None and volume_type != "gp3":
            raise InvalidInput(f"{where}: only gp3 volumes have a throughput, this one is {volume_type}.")
        if iops is not None and volume_type not in ("gp3", "io1", "io2"):
            raise InvalidInput(f"{where}: only gp3, io1 and io2 volumes have iops, this one is {volume_type}.")
        if throughput is not None and throughput > (iops or _GP3_BASE_IOPS) * _GP3_MIBS_PER_IOPS:
            raise InvalidInput(
                f"{where}: a throughput of {throughput} MiB/s needs iops of at least "
                f"{int(throughput / _GP3_MIBS_PER_IOPS)} (AWS gives 0.25 MiB/s for each), "
                f"it has {iops or _GP3_BASE_IOPS}."
            )
        if device.get("kms_key_id") and not device.get("encrypted"):
            raise InvalidInput(f"{where}: kms_key_id needs encrypted: true.")


def validate_interfaces(newest: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInput where the template as it is leaves no place for what is asked of its first interface."""
    if options.get("associate_public_ip_address") is None:
        return
    interfaces = newest.get("NetworkInterfaces") or []
    if any(interface.get("NetworkInterfaceId") for interface in interfaces):
        raise InvalidInput(
            f"associate_public_ip_address: the template {options['name']} attaches a network interface that exists, "
            "which has its addresses already. Leave the option out."
        )
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
    if options["associate_public_ip_address"] and len(interfaces) > 1:
        raise InvalidInput(
            f"associate_public_ip_address: the template {options['name']} describes {len(interfaces)} network "
            "interfaces, and AWS gives a public address only to an instance that is started with one."
        )
    if newest.get("SecurityGroups") and options.get("security_group_ids") is None:
        raise InvalidInput(
            f"associate_public_ip_address: the template {options['name']} names its security groups "
            f"({', '.join(newest['SecurityGroups'])}), and at a network interface AWS takes ids only. "
            "Give security_group_ids, too."
        )


def validate_model(client: t.Any, data: t.Mapping[str, t.Any]) -> None:
    """An old botocore would refuse the parameter in words that help nobody."""
    known = client.meta.service_model.shape_for("LaunchTemplateEbsBlockDeviceRequest").members
    wanted = {member for device in data.get("BlockDeviceMappings", []) for member in device.get("Ebs", {})}
    if "VolumeInitializationRate" in wanted - set(known):
        raise InvalidInput(
            "The installed botocore does not know volume_initialization_rate. Update boto3 and botocore."
        )


def _match(pattern: re.Pattern[str], name: str, value: str | None, rule: str) -> None:
    if value is not None and not pattern.fullmatch(value):
        raise InvalidInput(f"{name} is {value!r}: it {rule}.")


def _validate_user_data(user_data: str | None) -> None:
    size = len((user_data or "").encode())
    if size > _USER_DATA_BYTES:
        raise InvalidInput(
            f"user_data is {size} bytes long, EC2 takes {_USER_DATA_BYTES}. Let it fetch the rest from S3 at boot."
        )


def _validate_hop_limit(limit: int | None) -> None:
    if limit is not None and not 1 <= limit <= 64:
        raise InvalidInput(f"metadata_options: http_put_response_hop_limit is {limit}, it takes 1 to 64.")


def _validate_devices(block_devices: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    names = [device["device_name"] for device in block_devices]
    for name in names:
        _match(_DEVICE, "block_devices: device_name", name, "takes a device like /dev/xvda or /dev/sdb")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"block_devices names {', '.join(twice)} more than once.")
    for device in block_devices:
        for option, (low, high, unit) in _RANGES.items():
            value = device.get(option)
            off = option == "volume_initialization_rate" and value == 0
            if value is not None and not off and not low <= value <= high:
                raise InvalidInput(
                    f"block_devices: {device['device_name']}: {option} is {value}, it takes {low} to {high} {unit}."
                )


__all__ = ("validate_interfaces", "validate_model", "validate_options", "validate_volumes")
