"""The engine's repository, and an image that is in it already; building one takes Docker (`make image-run`)."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests

from lab.context import LabContext

BASE = f"vllm/vllm-openai@sha256:{'0' * 64}"
VARIABLES = {
    "llm_stack": "team",
    "llm_account_id": "123456789012",
    "llm_image_base": BASE,
    "llm_image_scan_timeout": 1,
    # Nothing answers there: what is in the repository is not built.
    "llm_image_docker_host": "unix:///nowhere/docker.sock",
}
NAME = "team/engine"


@pytest.fixture
def ecr(lab: LabContext) -> t.Any:
    return lab.client("ecr")


def put_image(ecr: t.Any, tag: str) -> str:
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "x", "layers": [], "of": tag})
    put = ecr.put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)
    return str(put["image"]["imageId"]["imageDigest"])


def repository(ecr: t.Any) -> dict[str, t.Any]:
    return dict(ecr.describe_repositories(repositoryNames=[NAME])["repositories"][0])


def policy(ecr: t.Any) -> list[dict[str, t.Any]]:
    text = ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"]
    return list(json.loads(text)["rules"])


def scanned(lab: LabContext, digest: str, **findings: int) -> None:
    told = {"repository": NAME, "digest": digest, "findings": findings}
    requests.post(f"{lab.endpoint_url}/_lab/image-scans", json=told, timeout=10).raise_for_status()


def test_an_image_that_is_there_is_kept_and_not_built(
    role: t.Callable[[str], t.Any], lab: LabContext, ecr: t.Any
) -> None:
    image = role("llm_image")
    assert image.ok("drift", **VARIABLES).changed == 0
    other = image(**{**VARIABLES, "llm_image_base": f"vllm/vllm-openai@sha256:{'1' * 64}"}).output
    assert "no Docker Engine answers at unix:///nowhere/docker.sock" in other and "Nothing was touched" in other
    assert ecr.describe_repositories()["repositories"] == []

    # Somebody else's, of the same name, and with what somebody else has built.
    ecr.create_repository(repositoryName=NAME, tags=[{"Key": "owner", "Value": "them"}])
    assert image.ok("absent", **VARIABLES).changed == 0
    before = repository(ecr)
    assert "image_tag_mutability" in image.ok("drift", **VARIABLES).output and repository(ecr) == before
    tag = image("verify", **VARIABLES).output.partition("made of now (")[2][:12]
    # Upon another base it is another image.
    assert len(tag) == 12 and f"{NAME}:{tag}" not in other
    digest = put_image(ecr, tag)
    foretold = image.ok(check=True, **VARIABLES)
    # Nobody has scanned it, and nobody is going to.
    run = image.ok(**{**VARIABLES, "llm_image_scan_timeout": 5})
    assert run.changed == foretold.changed == 1 and run.out["scan"]["status"] == "NONE"
    made = repository(ecr)
    assert (made["imageTagMutability"], made["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    (rule,) = policy(ecr)
    assert (rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) == ("untagged", 14)
    assert (run.out["tag"], run.out["digest"], run.out["built"]) == (tag, digest, False)
    assert run.out["image"] == f"{made['repositoryUri']}@{digest}"

    scanned(lab, digest, HIGH=2, LOW=5)
    kept = {**VARIABLES, "llm_image_keep": 20, "llm_image_untagged_days": 0}
    run = image.ok(**kept, llm_image_refused_severities=["CRITICAL"])
    assert run.changed == 1 and run.out["scan"]["findings"] == {"HIGH": 2, "LOW": 5}
    (rule,) = policy(ecr)
    assert (rule["selection"]["countType"], rule["selection"]["countNumber"]) == ("imageCountMoreThan", 20)
    refused = image(**kept, llm_image_refused_severities=["CRITICAL", "HIGH"])
    assert refused.failed and '"HIGH": 2' in refused.output and "nobody was told to use it" in refused.output
    assert refused.changed == 0

    image.ok("verify", **VARIABLES)
    assert image.ok("absent", **VARIABLES).changed == 1
    assert ecr.describe_repositories()["repositories"] == [] and image.ok("absent", **VARIABLES).changed == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"llm_image_base": "vllm/vllm-openai:v0.33.0"}, "Name it by its digest"),
        ({"llm_image_base": ""}, "versions.yml"),
        ({"llm_image_repository": "Team/Engine"}, "lower-case letters"),
        ({"llm_image_refused_severities": ["SEVERE"]}, "CRITICAL, HIGH"),
        ({"llm_image_model": "/nowhere"}, "no config.json"),
        ({"llm_image_untagged_days": -1}, "0 or more"),
    ],
)
def test_what_cannot_be_built_stops_before_anything_is_made(
    role: t.Callable[[str], t.Any], lab: LabContext, ecr: t.Any, variables: dict[str, t.Any], words: str
) -> None:
    refused = role("llm_image")(**{**VARIABLES, **variables})
    assert refused.failed and words in refused.output and "Nothing was touched" in refused.output
    assert ecr.describe_repositories()["repositories"] == []
