from __future__ import annotations

import base64
import copy
import random
import typing as t

import botocore.session
from ansible_collections.central.llm.plugins.module_utils._ec2.template_data import as_request, merge, same, view
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

_REQUEST = botocore.session.get_session().get_service_model("ec2").shape_for("RequestLaunchTemplateData")

names = st.text("abcdef", min_size=1, max_size=4)
tags = st.dictionaries(names, names, max_size=3)
devices = st.fixed_dictionaries(
    {"device_name": st.sampled_from(["/dev/xvda", "/dev/xvdb", "/dev/sdc"])},
    optional={
        "volume_size": st.integers(1, 500),
        "volume_type": st.sampled_from(["gp2", "gp3", "io2", "st1"]),
        "throughput": st.integers(125, 2000),
        "iops": st.integers(3000, 5000),
        "encrypted": st.booleans(),
        "kms_key_id": st.sampled_from(["", "alias/k"]),
        "volume_initialization_rate": st.sampled_from([0, 100, 300]),
    },
)
options = st.fixed_dictionaries(
    {},
    optional={
        "image_id": st.sampled_from(["", "ami-1", "ami-2"]),
        "instance_type": st.sampled_from(["g6e.xlarge", "g6e.2xlarge"]),
        "key_name": st.sampled_from(["", "key"]),
        "shutdown_behavior": st.sampled_from(["stop", "terminate"]),
        "instance_profile_arn": st.sampled_from(["", "arn:aws:iam::1:instance-profile/p"]),
        "security_group_ids": st.lists(st.sampled_from(["sg-1", "sg-2", "sg-3"]), unique=True),
        "user_data": st.text(max_size=20),
        "associate_public_ip_address": st.booleans(),
        "monitoring": st.booleans(),
        "metadata_options": st.fixed_dictionaries(
            {},
            optional={
                "http_tokens": st.sampled_from(["optional", "required"]),
                "http_put_response_hop_limit": st.integers(1, 64),
            },
        ),
        "block_devices": st.lists(devices, max_size=3, unique_by=lambda device: device["device_name"]),
        "instance_tags": tags,
        "volume_tags": tags,
    },
)
# Data of a template that others made: with members that no option manages, and those that only answers have.
foreign = st.fixed_dictionaries(
    {},
    optional={
        "EbsOptimized": st.booleans(),
        "ImageId": st.sampled_from(["ami-9", ""]),
        "CreditSpecification": st.just({"CpuCredits": "standard"}),
        "MetadataOptions": st.just({"State": "applied", "HttpProtocolIpv6": "disabled", "HttpTokens": "optional"}),
        "NetworkInterfaces": st.just(
            [{"DeviceIndex": 0, "Groups": ["sg-9"], "Ipv6Addresses": [{"Ipv6Address": "::1", "IsPrimaryIpv6": True}]}]
        ),
        "BlockDeviceMappings": st.just(
            [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeType": "gp3", "Throughput": 300}}]
        ),
        "TagSpecifications": st.just([{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]),
        "Operator": st.just({"Managed": False, "Principal": "p"}),
    },
)


def as_aws_returns_it(data: dict[str, t.Any], seed: int) -> dict[str, t.Any]:
    """The same data read back: lists in another order, a state beside what was sent, base64 in lines."""
    shuffle = random.Random(seed).shuffle
    returned = copy.deepcopy(data)
    for member in ("SecurityGroupIds", "BlockDeviceMappings", "TagSpecifications"):
        shuffle(returned.get(member, []))
    for interface in returned.get("NetworkInterfaces", []):
        interface.setdefault("PrivateIpAddresses", [])
        shuffle(interface.get("Groups", []))
    for item in returned.get("TagSpecifications", []):
        shuffle(item["Tags"])
    if "MetadataOptions" in returned:
        returned["MetadataOptions"]["State"] = "pending"
    if "UserData" in returned:
        returned["UserData"] = base64.encodebytes(base64.b64decode(returned["UserData"])).decode()
    return returned


@given(foreign, options)
def test_what_is_merged_can_be_sent(newest: dict[str, t.Any], asked: dict[str, t.Any]) -> None:
    report = ParamValidator().validate(merge(newest, asked), _REQUEST)
    assert not report.has_errors(), report.generate_report()


@given(foreign, options, st.integers(0, 1000))
def test_a_second_run_sees_nothing_to_change(newest: dict[str, t.Any], asked: dict[str, t.Any], seed: int) -> None:
    first = merge(newest, asked)
    returned = as_aws_returns_it(first, seed)
    second = merge(returned, asked)
    assert same(returned, second)
    assert view(second) == view(first) == view(returned)


@given(foreign)
def test_no_option_changes_nothing(newest: dict[str, t.Any]) -> None:
    assert same(newest, merge(newest, {}))
    assert merge(newest, {}) == as_request(newest)


@given(foreign, options)
def test_what_no_option_manages_stays(newest: dict[str, t.Any], asked: dict[str, t.Any]) -> None:
    merged = merge(newest, asked)
    for member in ("EbsOptimized", "CreditSpecification"):
        assert merged.get(member) == newest.get(member)
    if "MetadataOptions" in newest:
        assert merged["MetadataOptions"]["HttpProtocolIpv6"] == "disabled"


@given(foreign, options)
def test_what_is_asked_for_is_what_is_shown(newest: dict[str, t.Any], asked: dict[str, t.Any]) -> None:
    shown = view(merge(newest, asked))
    for option in ("key_name", "instance_type", "user_data", "instance_tags", "volume_tags", "instance_profile_arn"):
        if option in asked:
            assert shown[option] == asked[option]
    if "security_group_ids" in asked:
        assert shown["security_group_ids"] == sorted(asked["security_group_ids"])
    if "block_devices" in asked:
        assert [device["device_name"] for device in shown["block_devices"]] == sorted(
            device["device_name"] for device in asked["block_devices"]
        )


def test_nothing_given_is_changed_in_place() -> None:
    newest = {"MetadataOptions": {"State": "applied"}, "NetworkInterfaces": [{"Groups": ["sg-1"]}]}
    before = copy.deepcopy(newest)
    merge(newest, {"security_group_ids": ["sg-2"], "metadata_options": {"http_tokens": "required"}})
    assert newest == before


def test_another_volume_type_drops_what_it_does_not_take() -> None:
    newest = {
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "Throughput": 300, "Iops": 4000, "VolumeSize": 9}}
        ]
    }
    merged = merge(newest, {"block_devices": [{"device_name": "/dev/xvda", "volume_type": "gp2"}]})
    assert merged["BlockDeviceMappings"][0]["Ebs"] == {"VolumeType": "gp2", "VolumeSize": 9}


def test_user_data_that_is_no_text_is_told_not_shown() -> None:
    raw = b"\x1f\x8b\x08\x00\xff"
    assert view({"UserData": base64.b64encode(raw).decode()})["user_data"] == "(5 bytes that are no text)"
