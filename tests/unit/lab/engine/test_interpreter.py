"""Which Python is taken, and what is said where there is no engine to be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.engine import __main__ as cli
from lab.engine import environment, interpreter
from lab.engine.interpreter import EngineUnavailable

TORCH = "torch==2.13.0+cpu"


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """pip with one empty source and no network: nothing can be had."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.delenv("TORCH_INDEX_URL", raising=False)
    return tmp_path


def test_the_version_of_a_real_interpreter_and_of_none(tmp_path: Path) -> None:
    assert interpreter.version_of(sys.executable) == "%d.%d" % sys.version_info[:2]  # noqa: UP031 - a pair
    assert interpreter.version_of(str(tmp_path / "none")) is None
    broken = tmp_path / "python3.12"
    broken.write_text("#!/bin/sh\necho not found >&2\nexit 127\n")
    broken.chmod(0o755)
    assert interpreter.version_of(str(broken)) is None


def test_the_running_python_comes_first_and_unsuited_ones_never(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"/a/python": "3.13", "/b/python3.11": "3.11", "/c/python": "3.10", "/d/python3.13": "3.13"}
    monkeypatch.setattr(interpreter, "candidates", lambda: iter(versions))
    monkeypatch.setattr(interpreter, "version_of", versions.get)
    assert interpreter.find_pythons() == [("/a/python", "3.13"), ("/b/python3.11", "3.11")]


def test_the_first_python_with_a_wheel_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "can_have", lambda python, _torch: (python == "/b", "no match"))
    assert interpreter.choose(TORCH, [("/a", "3.13"), ("/b", "3.11")]) == ("/b", "3.11")


@pytest.mark.usefixtures("no_index")
def test_without_torch_the_message_says_what_to_do() -> None:
    with pytest.raises(EngineUnavailable) as refusal:
        interpreter.choose(TORCH, [(sys.executable, "3.11")])
    said = str(refusal.value)
    for part in (TORCH, "pip's configured sources", "Python 3.11", "No matching distribution", "TORCH_INDEX_URL"):
        assert part in said
    assert "LAB_ENGINE=stub" in said


def test_without_a_python_the_message_says_which_ones_do() -> None:
    with pytest.raises(EngineUnavailable, match=r"3\.11, 3\.12, 3\.13(?s:.*)LAB_ENGINE=stub"):
        interpreter.choose(TORCH, [])


def test_the_named_index_is_asked_beside_the_configured_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_INDEX_URL", "https://index.example/cpu")
    assert interpreter.index_arguments() == ["--extra-index-url", "https://index.example/cpu"]
    monkeypatch.delenv("TORCH_INDEX_URL")
    assert interpreter.index_arguments() == []


@pytest.mark.usefixtures("no_index")
def test_the_command_fails_before_it_writes_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "engines"
    monkeypatch.setenv("LAB_ENGINE_HOME", str(home))
    monkeypatch.delenv("LAB_ENGINE", raising=False)
    monkeypatch.setattr(interpreter, "find_pythons", lambda: [(sys.executable, "3.11")])
    assert cli.main(["check"]) == 1
    assert cli.main(["install"]) == 1
    assert cli.main(["status"]) == 1
    assert cli.main(["path"]) == 1
    assert "TORCH_INDEX_URL" in capsys.readouterr().err
    assert not home.exists()


def test_the_stand_in_needs_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_ENGINE", "stub")
    monkeypatch.setenv("LAB_ENGINE_HOME", str(tmp_path / "engines"))
    assert cli.main(["check"]) == 0
    assert cli.main(["install"]) == 0
    assert not (tmp_path / "engines").exists()


def test_pins_are_read_from_the_requirements() -> None:
    assert interpreter.pinned(environment.REQUIREMENTS, "torch").endswith("+cpu")
    with pytest.raises(LookupError):
        interpreter.pinned(environment.REQUIREMENTS, "torchvision")
