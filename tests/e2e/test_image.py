"""The engine's image by a real Docker Engine: built, asked, pushed into the lab's registry, pulled by its digest."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import boto3
import pytest

from image.make import base, content, engine
from lab.engine import environment

from .playing import Run, a_lab, play
from .test_session import ask_lab, told

REPOSITORY = "central-llm/engine"
WORK = content.ROOT / ".build" / "image"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    with a_lab(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def parent() -> str:
    """The base for the CPU, on a Docker Engine that answers."""
    WORK.mkdir(parents=True, exist_ok=True)
    engine.ensure(print)
    return base.ensure(WORK, print)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ready = environment.installed()
    assert ready is not None, "run `make engine`"
    return environment.readable_copy(ready.models["tiny"], tmp_path_factory.mktemp("model") / "tiny")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make(lab: dict[str, str], parent: str, *arguments: str, **variables: t.Any) -> Run:
    given = {"llm_image_base": parent, "llm_image_scan_timeout": 10, **variables}
    return play(lab, "image", "-e", json.dumps(given), *arguments)


def pushed() -> dict[str, str]:
    """The digest of each tag."""
    try:
        found = boto3.client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    except boto3.client("ecr").exceptions.RepositoryNotFoundException:
        return {}
    return {tag: image["imageDigest"] for image in found for tag in image.get("imageTags", [])}


def test_built_asked_pushed_and_pulled_by_its_digest(
    lab: dict[str, str], parent: str, model: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    given = {"llm_image_model": str(model), "llm_image_report": str(report)}
    foretold = make(lab, parent, "--check", **given)
    assert foretold.status == 0 and pushed() == {} and not report.exists(), foretold.output
    run = make(lab, parent, **given)
    # The report is a file that is written, too.
    assert run.status == 0 and run.changed == foretold.changed, run.output
    out = json.loads(report.read_text())
    assert pushed() == {out["tag"]: out["digest"]} and out["built"]
    assert f"llm_service_image: {out['image']}" in told(run)
    # Nothing that lets anybody in is left, on Docker or on disk.
    assert docker("ps", "--all", "--quiet", "--filter", "name=image-proof") == ""
    # A host pulls it, and gets what was built.
    identity = docker("image", "inspect", "--format", "{{.Id}}", out["name"])
    docker("image", "rm", out["name"])
    registry = out["name"].partition("/")[0]
    token = boto3.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry: {"auth": token}}}))
    docker("--config", str(tmp_path), "pull", "--quiet", out["image"])
    assert docker("image", "inspect", "--format", "{{.Id}}", out["image"]) == identity
    docker("image", "rm", out["image"])
    assert docker("images", "--quiet", out["name"]) == ""


def test_what_is_pushed_is_not_built_again(lab: dict[str, str], parent: str) -> None:
    before = pushed()
    again = make(lab, parent, llm_image_docker_host="unix:///nowhere")
    assert again.status == 0 and again.changed == 0 and pushed() == before, again.output


def sources(folder: Path) -> Path:
    shutil.copytree(content.HERE, folder, ignore=shutil.ignore_patterns("__pycache__", "make", "base"))
    return folder


def test_another_middleware_is_another_image(lab: dict[str, str], parent: str, tmp_path: Path) -> None:
    changed = sources(tmp_path / "image")
    (changed / "central_llm_audit/output.py").open("a").write("\n# Changed.\n")
    before = pushed()
    run = make(lab, parent, llm_image_folder=str(changed))
    assert run.status == 0 and len(pushed()) == len(before) + 1 and before.items() < pushed().items(), run.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("USER 10001:10001", "USER 0", "a user that is not root"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "SIGTERM to stop it"),
        ("--no-index --no-deps", "--no-index --no-deps --target /elsewhere", "does not import the middleware"),
    ],
)
def test_what_does_not_do_what_it_is_for_is_not_pushed(
    lab: dict[str, str], parent: str, tmp_path: Path, old: str, new: str, words: str
) -> None:
    changed = sources(tmp_path / "image")
    dockerfile = changed / "Dockerfile"
    text = dockerfile.read_text()
    assert old in text
    dockerfile.write_text(text.replace(old, new))
    before = pushed()
    run = make(lab, parent, llm_image_folder=str(changed))
    assert run.status != 0 and words in told(run) and pushed() == before, run.output


def test_an_engine_that_does_not_start_says_its_last_words(
    lab: dict[str, str], parent: str, model: Path, tmp_path: Path
) -> None:
    changed = sources(tmp_path / "image")
    (changed / "central_llm_audit/output.py").open("a").write("\n# Changed once more.\n")
    before = pushed()
    arguments = ["--max-model-len", "none"]
    run = make(
        lab, parent, llm_image_folder=str(changed), llm_image_model=str(model), llm_image_model_arguments=arguments
    )
    said = told(run)
    assert run.status != 0 and "is not proven" in said and "max-model-len" in said and pushed() == before, run.output
    assert docker("ps", "--all", "--quiet", "--filter", "name=image-proof") == ""


def test_what_the_scan_may_not_find_is_refused(lab: dict[str, str], parent: str) -> None:
    for digest in pushed().values():
        ask_lab(lab, "image-scans", repository=REPOSITORY, digest=digest, findings={"CRITICAL": 1})
    run = make(lab, parent, llm_image_refused_severities=["CRITICAL"])
    assert run.status != 0 and "nobody was told to use it" in told(run), run.output
    assert make(lab, parent).status == 0


def test_teardown_takes_the_repository_along(lab: dict[str, str], parent: str) -> None:
    listed = play(lab, "status")
    assert listed.status == 0 and REPOSITORY in listed.output, listed.output
    run = play(lab, "teardown", "-e", "llm_teardown=central-llm")
    assert run.status == 0 and pushed() == {}, run.output
