"""What an image is made from, and how an engine to build it with is had."""

from __future__ import annotations

import json
import os
import shutil
import typing as t
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.make import content, engine, prove

DIGEST = "sha256:" + "0" * 64


def test_the_wheel_is_the_same_whenever_it_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = content.build_wheel(tmp_path / "first")
    sources = tmp_path / "image"
    shutil.copytree(content.HERE, sources, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sources.rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    monkeypatch.setattr(content, "HERE", sources)
    second = content.build_wheel(tmp_path / "second")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())
    names = zipfile.ZipFile(first).namelist()
    assert "central_llm_audit/middleware.py" in names
    assert not [name for name in names if "make" in name or "Dockerfile" in name]


def test_the_tag_follows_the_content_and_nothing_else(tmp_path: Path) -> None:
    dockerfile, wheel = tmp_path / "Dockerfile", tmp_path / "a-1-py3-none-any.whl"
    dockerfile.write_text("FROM x\n")
    wheel.write_bytes(b"wheel")
    tag = content.content_of(dockerfile, "base", wheel)
    assert content.content_of(dockerfile, "base", wheel) == tag
    assert content.content_of(dockerfile, "another", wheel) != tag
    wheel.write_bytes(b"changed")
    assert content.content_of(dockerfile, "base", wheel) != tag


@given(st.lists(st.binary(max_size=20), max_size=4), st.lists(st.binary(max_size=20), max_size=4))
def test_no_two_lists_of_parts_read_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (content.fingerprint(*one) == content.fingerprint(*other)) is (one == other)


def test_an_image_for_gpus_needs_a_digest_that_nobody_made_up() -> None:
    versions = content.Versions.read()
    assert versions.base and versions.tag
    with pytest.raises(content.NotPinned, match="make image-pin"):
        _ = content.Versions(versions.base, versions.tag, "").pinned
    assert content.Versions("a/b", "v1", DIGEST).pinned == f"a/b@{DIGEST}"
    text = (content.HERE / "versions.yml").read_text()
    changed = content.with_digest(text, DIGEST)
    assert f'digest: "{DIGEST}"' in changed and changed.count("\n") == text.count("\n")
    with pytest.raises(ValueError, match="no digest"):
        content.with_digest(text, "latest")


NOTHING = engine.Machine(False, False, True, True, True, False)


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ({}, ["install", "start"]),
        ({"answers": True, "may_install": False}, []),
        ({"installed": True, "may_install": False}, ["start"]),
    ],
)
def test_what_it_takes_to_have_an_engine(changed: dict[str, bool], steps: list[str]) -> None:
    assert engine.plan(NOTHING._replace(**changed)) == steps


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"may_install": False}, "Say yes"),
        ({"debian": False}, "install it yourself"),
        ({"root": False}, "install it yourself"),
        ({"installed": True, "root": False}, "does not answer"),
    ],
)
def test_where_none_can_be_had_the_way_is_said(changed: dict[str, bool], said: str) -> None:
    with pytest.raises(engine.NoEngine, match=said):
        engine.plan(NOTHING._replace(**changed))


def test_nobody_is_asked_in_ci_and_nobody_says_yes_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert engine.ask("?")
    monkeypatch.delenv("CI")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert not engine.ask("?")


ANSWER = {"usage": {"prompt_tokens": 5, "completion_tokens": 8}}
RECORD = {
    "central_llm_audit": 1,
    "gateway_request_id": "cHJvb2Y=",
    "source": "image",
    "user": "builder",
    "status": 200,
    "outcome": "completed",
    "prompt_tokens": 5,
    "completion_tokens": 8,
}


def line(**changed: t.Any) -> str:
    return json.dumps({**RECORD, **changed}, separators=(",", ":"))


def test_the_record_is_found_among_other_lines() -> None:
    assert prove.record_of(["INFO: ready", line(), line(gateway_request_id=None)], ANSWER) == RECORD


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["INFO: ready"], "0 audit lines"),
        ([line(), line()], "2 audit lines"),
        ([line(completion_tokens=7)], "completion_tokens"),
        ([line(), f"prompt: {prove.SAID}"], "shows the prompt"),
    ],
)
def test_an_image_that_does_not_account_for_the_question_is_none(lines: list[str], said: str) -> None:
    with pytest.raises(prove.Unproven, match=said):
        prove.record_of(lines, ANSWER)
