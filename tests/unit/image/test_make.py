"""What an image is made from, and how an engine to build it with is had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from image.make import content, engine

ROOT = Path(__file__).parents[3]
DIGEST = "sha256:" + "0" * 64


def build_wheel(sources: Path, into: Path) -> Path:
    """As the role does it."""
    variables = yaml.safe_load((ROOT / "roles/llm_image/vars/main.yml").read_text())
    into.mkdir()
    built = subprocess.run(
        [sys.executable, "-c", variables["_llm_image_wheel_script"], str(into)],
        cwd=sources,
        env={**os.environ, "SOURCE_DATE_EPOCH": variables["_llm_image_epoch"]},
        check=True,
        capture_output=True,
        text=True,
    )
    return into / built.stdout.split()[-1]


def test_the_wheel_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    first = build_wheel(content.HERE, tmp_path / "first")
    sources = tmp_path / "image"
    shutil.copytree(content.HERE, sources, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sources.rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    second = build_wheel(sources, tmp_path / "second")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())
    names = zipfile.ZipFile(first).namelist()
    assert "central_llm_audit/middleware.py" in names
    assert not [name for name in names if "make" in name or "Dockerfile" in name]


@given(st.lists(st.binary(max_size=20), max_size=4), st.lists(st.binary(max_size=20), max_size=4))
def test_no_two_lists_of_parts_read_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (content.fingerprint(*one) == content.fingerprint(*other)) is (one == other)


def test_the_digest_of_the_base_is_written_where_it_belongs() -> None:
    versions = content.Versions.read()
    assert versions.base and versions.tag
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
