"""The parts of the gaps that need no server: patch paths, template merges, pages."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.control.errors import AwsError
from lab.moto_gaps import GAPS
from lab.moto_gaps.apigateway_patches import segments
from lab.moto_gaps.apigateway_store import page
from lab.moto_gaps.ec2_launch_templates import merge


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_patch_paths_are_unescaped(parts: list[str]) -> None:
    path = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)
    assert segments(path) == parts


@given(st.integers(min_value=0, max_value=120), st.integers(min_value=1, max_value=50))
def test_pages_hold_everything_once_and_in_order(count: int, limit: int) -> None:
    items = [{"n": number} for number in range(count)]
    seen: list[dict[str, t.Any]] = []
    position = None
    while True:
        answer = page(items, {"limit": limit, "position": position})
        seen += answer["items"]
        position = answer.get("position")
        if position is None:
            break
    assert seen == items


@pytest.mark.parametrize("params", [{"limit": 501}, {"position": "nonsense"}])
def test_a_bad_page_is_refused(params: dict[str, t.Any]) -> None:
    with pytest.raises(AwsError):
        page([], params)


def test_block_devices_merge_by_name_and_the_rest_is_replaced() -> None:
    base = {"ImageId": "a", "BlockDeviceMappings": [{"DeviceName": "x", "Ebs": {"VolumeSize": 1, "Iops": 3}}]}
    over = {"BlockDeviceMappings": [{"DeviceName": "x", "Ebs": {"VolumeSize": 2}}, {"DeviceName": "y"}]}
    merged = merge(base, over)
    assert merged["ImageId"] == "a"
    assert merged["BlockDeviceMappings"] == [
        {"DeviceName": "x", "Ebs": {"VolumeSize": 2, "Iops": 3}},
        {"DeviceName": "y"},
    ]
    assert base["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 1


def test_every_gap_says_what_is_missing_upstream() -> None:
    import importlib

    for name in GAPS:
        module = importlib.import_module(f"lab.moto_gaps.{name}")
        assert callable(module.apply)
        assert module.__doc__ and len(module.__doc__) > 30
