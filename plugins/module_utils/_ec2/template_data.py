# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Launch template data: from the options of a module to AWS's shape and back, and what one more version would change.

Everything here is pure. Data that AWS returns holds a few members that it does not take, and lists in any order.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html
"""

from __future__ import annotations

import base64
import binascii
import copy
import typing as t

Data = dict[str, t.Any]

_PLAIN = {
    "image_id": "ImageId",
    "instance_type": "InstanceType",
    "key_name": "KeyName",
    "shutdown_behavior": "InstanceInitiatedShutdownBehavior",
}
_METADATA = {
    "http_tokens": "HttpTokens",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
    "http_endpoint": "HttpEndpoint",
    "instance_metadata_tags": "InstanceMetadataTags",
}
_EBS = {
    "volume_size": "VolumeSize",
    "volume_type": "VolumeType",
    "throughput": "Throughput",
    "iops": "Iops",
    "encrypted": "Encrypted",
    "kms_key_id": "KmsKeyId",
    "delete_on_termination": "DeleteOnTermination",
    "volume_initialization_rate": "VolumeInitializationRate",
}
_TAGGED = {"instance_tags": "instance", "volume_tags": "volume", "network_interface_tags": "network-interface"}

# Which volume types take the parameter; others refuse it.
_ONLY_FOR = {"Throughput": {"gp3"}, "Iops": {"gp3", "io1", "io2"}}


def merge(newest: Data, options: t.Mapping[str, t.Any]) -> Data:
    """The newest version's data with the given options put in; an option that is None leaves its part alone."""
    data = as_request(newest)
    for option, member in _PLAIN.items():
        if options.get(option) is not None:
            data[member] = options[option]
    if options.get("instance_profile_arn") is not None:
        data["IamInstanceProfile"] = _unless_empty({"Arn": options["instance_profile_arn"]})
    if options.get("user_data") is not None:
        data["UserData"] = base64.b64encode(options["user_data"].encode()).decode()
    if options.get("monitoring") is not None:
        data["Monitoring"] = {"Enabled": options["monitoring"]}
    if options.get("associate_public_ip_address") is not None:
        _put_public_address(data, options["associate_public_ip_address"])
    if options.get("security_group_ids") is not None:
        _put_security_groups(data, list(options["security_group_ids"]))
    if options.get("metadata_options") is not None:
        data["MetadataOptions"] = {
            **data.get("MetadataOptions", {}),
            **_renamed(options["metadata_options"], _METADATA),
        }
    if options.get("block_devices") is not None:
        data["BlockDeviceMappings"] = _merge_devices(data.get("BlockDeviceMappings", []), options["block_devices"])
    for option, resource_type in _TAGGED.items():
        if options.get(option) is not None:
            tags = {str(key): str(value) for key, value in options[option].items()}
            data["TagSpecifications"] = _put_tags(data.get("TagSpecifications", []), resource_type, tags)
    return _unless_empty(data)


def as_request(data: t.Mapping[str, t.Any]) -> Data:
    """Data as AWS takes it: without what only its answers hold."""
    request = copy.deepcopy(_unless_empty(data))
    request.get("MetadataOptions", {}).pop("State", None)
    for member in ("Managed", "HiddenByDefault"):
        request.get("Operator", {}).pop(member, None)
    for interface in request.get("NetworkInterfaces", []):
        for address in interface.get("Ipv6Addresses", []):
            address.pop("IsPrimaryIpv6", None)
    return _unless_empty(request)


def same(one: Data, other: Data) -> bool:
    """Whether two versions launch the same instances, whatever the order of their lists."""
    return _canonical(one) == _canonical(other)


def view(data: Data) -> Data:
    """What this collection manages of the data, in the names of the options."""
    shown: Data = {option: data.get(member, "") for option, member in _PLAIN.items()}
    profile = data.get("IamInstanceProfile", {})
    shown["instance_profile_arn"] = profile.get("Arn") or profile.get("Name", "")
    shown["user_data"] = _readable(data.get("UserData", ""))
    shown["monitoring"] = data.get("Monitoring", {}).get("Enabled", False)
    holder, member = _holder_of_groups(data)
    shown["security_group_ids"] = sorted(holder.get(member, []))
    # Where nothing is said, the subnet decides.
    shown["associate_public_ip_address"] = (
        holder.get("AssociatePublicIpAddress") if data.get("NetworkInterfaces") else None
    )
    shown["metadata_options"] = _named(data.get("MetadataOptions", {}), _METADATA)
    devices = sorted(data.get("BlockDeviceMappings", []), key=lambda device: device.get("DeviceName", ""))
    shown["block_devices"] = [
        {"device_name": device.get("DeviceName", ""), **_named(device.get("Ebs", {}), _EBS)} for device in devices
    ]
    tags = _tags_by_type(data)
    return {**shown, **{option: tags.get(resource_type, {}) for option, resource_type in _TAGGED.items()}}


def primary_interface(data: Data) -> Data:
    """The network interface that an instance has first."""
    first: Data = min(data["NetworkInterfaces"], key=lambda interface: interface.get("DeviceIndex", 0))
    return first


def _unless_empty(data: t.Mapping[str, t.Any]) -> Data:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _renamed(options: t.Mapping[str, t.Any], names: t.Mapping[str, str]) -> Data:
    return {member: options[option] for option, member in names.items() if options.get(option) is not None}


def _named(data: t.Mapping[str, t.Any], names: t.Mapping[str, str]) -> Data:
    return {option: data[member] for option, member in names.items() if data.get(member) is not None}


def _holder_of_groups(data: Data) -> tuple[Data, str]:
    """Where the security groups are: AWS wants them at the network interface where the template describes one."""
    return (primary_interface(data), "Groups") if data.get("NetworkInterfaces") else (data, "SecurityGroupIds")


def _put_security_groups(data: Data, group_ids: list[str]) -> None:
    holder, member = _holder_of_groups(data)
    holder[member] = group_ids
    # AWS refuses names beside ids.
    data.pop("SecurityGroups", None)


def _put_public_address(data: Data, associate: bool) -> None:
    """Only an interface takes it; a template that describes none gets one, to which its groups have to move.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html
    The subnet is left to the launch: CreateFleet puts the one of its override into the interface.
    """
    if not data.get("NetworkInterfaces"):
        groups = data.pop("SecurityGroupIds", [])
        interface = {"DeviceIndex": 0, "DeleteOnTermination": True, "Groups": groups}
        data["NetworkInterfaces"] = [_unless_empty(interface)]
    primary_interface(data)["AssociatePublicIpAddress"] = associate


def _merge_devices(current: list[Data], devices: t.Sequence[t.Mapping[str, t.Any]]) -> list[Data]:
    known = {device.get("DeviceName"): device for device in current}
    return [_merge_device(known.get(device["device_name"], {}), device) for device in devices]


def _merge_device(current: Data, device: t.Mapping[str, t.Any]) -> Data:
    given = _renamed(device, _EBS)
    ebs = {**current.get("Ebs", {}), **given}
    for member, volume_types in _ONLY_FOR.items():
        if member not in given and ebs.get("VolumeType", "gp3") not in volume_types:
            ebs.pop(member, None)
    # 0 and an empty name go back to AWS's defaults.
    for member in ("VolumeInitializationRate", "KmsKeyId"):
        if not ebs.get(member):
            ebs.pop(member, None)
    return {"DeviceName": device["device_name"], "Ebs": ebs}


def _put_tags(specifications: list[Data], resource_type: str, tags: dict[str, str]) -> list[Data]:
    others = [item for item in specifications if item["ResourceType"] != resource_type]
    if not tags:
        return others
    listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return [*others, {"ResourceType": resource_type, "Tags": listed}]


def _tags_by_type(data: Data) -> dict[str, dict[str, str]]:
    return {
        item["ResourceType"]: {tag["Key"]: tag.get("Value", "") for tag in item.get("Tags", [])}
        for item in data.get("TagSpecifications", [])
    }


def _decoded(user_data: str) -> bytes:
    try:
        return base64.b64decode("".join(user_data.split()), validate=True)
    except (binascii.Error, ValueError):
        return user_data.encode()


def _readable(user_data: str) -> str:
    raw = _decoded(user_data)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"({len(raw)} bytes that are no text)"


def _canonical(data: Data) -> Data:
    canonical = as_request(data)
    canonical["UserData"] = _decoded(canonical.get("UserData", ""))
    canonical["SecurityGroupIds"] = sorted(canonical.get("SecurityGroupIds", []))
    canonical["TagSpecifications"] = _tags_by_type(canonical)
    canonical["BlockDeviceMappings"] = {
        device.get("DeviceName"): device for device in canonical.get("BlockDeviceMappings", [])
    }
    # An answer spells out the lists that are empty.
    interfaces = [_unless_empty(interface) for interface in canonical.get("NetworkInterfaces", [])]
    canonical["NetworkInterfaces"] = [
        {**interface, "Groups": sorted(interface.get("Groups", []))} for interface in interfaces
    ]
    return canonical


__all__ = ("as_request", "merge", "primary_interface", "same", "view")
