from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2.template_limits import (
    validate_model,
    validate_options,
    validate_volumes,
)


@pytest.mark.parametrize("name", ["/dev/xvda", "/dev/sda1", "xvdb", "/dev/xvdba", "/dev/sdf"])
def test_device_names(name: str) -> None:
    validate_options({"name": "template", "block_devices": [{"device_name": name}]})


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"throughput": 750}, None),
        ({"throughput": 751}, "iops of at least 3004"),
        ({"throughput": 2000, "iops": 8000}, None),
        ({"throughput": 200, "volume_type": "io2"}, "only gp3"),
        ({"iops": 4000, "volume_type": "st1"}, "only gp3, io1 and io2"),
        ({"kms_key_id": "k", "encrypted": True}, None),
        ({"kms_key_id": "k"}, "encrypted"),
    ],
)
def test_volumes(device: dict[str, t.Any], expected: str | None) -> None:
    devices = [{"device_name": "/dev/xvda", **device}]
    if expected is None:
        validate_volumes(devices)
        return
    with pytest.raises(InvalidInput, match=expected):
        validate_volumes(devices)


def test_an_old_botocore_is_told_by_name() -> None:
    shape = types.SimpleNamespace(members={"VolumeSize": None})
    model = types.SimpleNamespace(shape_for=lambda name: shape)
    client = types.SimpleNamespace(meta=types.SimpleNamespace(service_model=model))
    validate_model(client, {"BlockDeviceMappings": [{"Ebs": {"VolumeSize": 1}}]})
    with pytest.raises(InvalidInput, match="Update boto3"):
        validate_model(client, {"BlockDeviceMappings": [{"Ebs": {"VolumeInitializationRate": 300}}]})
