from __future__ import annotations

import json
import typing as t

import pytest
import requests

NAME = "team/engine"


@pytest.fixture
def image_info(run_module: t.Any) -> t.Any:
    return run_module("ecr_image_info")


@pytest.fixture
def digest(lab: t.Any) -> str:
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName=NAME)
    layers = [{"digest": f"sha256:{'0' * 64}", "size": 1000}, {"digest": f"sha256:{'1' * 64}", "size": 24}]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "x", "layers": layers})
    for tag in ("two", "one"):
        put = ecr.put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)
    return str(put["image"]["imageId"]["imageDigest"])


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_image_is_found_by_either_name(image_info: t.Any, digest: str, by: str) -> None:
    found = image_info.ok(repository=NAME, **{by: digest if by == "digest" else "one"})["image"]
    assert (found["digest"], found["tags"], found["size_bytes"]) == (digest, ["one", "two"], 1024)
    assert found["scan"] == {"status": "NONE", "completed_at": "", "findings": {}}
    assert found["pushed_at"].startswith("20")


def test_what_a_scan_has_found(image_info: t.Any, digest: str, lab: t.Any) -> None:
    told = {"repository": NAME, "digest": digest, "findings": {"CRITICAL": 1, "LOW": 4}}
    requests.post(f"{lab.endpoint_url}/_lab/image-scans", json=told, timeout=10).raise_for_status()
    scan = image_info.ok(repository=NAME, tag="one")["image"]["scan"]
    assert (scan["status"], scan["findings"]) == ("COMPLETE", {"CRITICAL": 1, "LOW": 4}) and scan["completed_at"]


def test_there_may_be_none(image_info: t.Any, digest: str) -> None:
    assert image_info.ok(repository=NAME, tag="three")["image"] == {}
    assert image_info.ok(repository="nobodys", tag="one")["image"] == {}


def test_one_of_both_is_needed(image_info: t.Any) -> None:
    assert "tag, digest" in image_info.refused(repository=NAME)
    assert "mutually exclusive" in image_info.refused(repository=NAME, tag="one", digest="sha256:0")


def test_a_denial_names_the_missing_action(image_info: t.Any, digest: str, faults: t.Any) -> None:
    faults.add("ecr", "DescribeImages", "AccessDeniedException", status=400, message="not today")
    assert "ecr:DescribeImages" in image_info.refused(repository=NAME, tag="one")


def test_throttling_is_ridden_out(image_info: t.Any, digest: str, faults: t.Any) -> None:
    faults.add("ecr", "DescribeImages", "ThrottlingException", times=2)
    assert image_info.ok(repository=NAME, tag="one")["image"]
