"""What the image's entrypoint makes of a task's command and environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.engine import environment, serve_vllm

MODELS = {"tiny": Path("/home/engine/models/tiny-abc")}


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("/models/tiny", "/home/engine/models/tiny-abc"),
        ("--model=/models/tiny", "--model=/home/engine/models/tiny-abc"),
        ("/models/tiny/tokenizer.json", "/home/engine/models/tiny-abc/tokenizer.json"),
        ("--model", "--model"),
        ("tiny", "tiny"),
        ("/elsewhere/models/tiny", "/elsewhere/models/tiny"),
        ('{"a":"b=/models/x"}', '{"a":"b=/models/x"}'),
    ],
)
def test_paths_inside_the_image(argument: str, expected: str) -> None:
    assert serve_vllm.to_host_path(argument, MODELS) == expected


def test_a_model_that_the_image_lacks_is_refused() -> None:
    with pytest.raises(serve_vllm.BadCommand, match="no /models/huge; it has /models/tiny"):
        serve_vllm.to_host_path("/models/huge", MODELS)


def test_the_address_of_the_host_wins() -> None:
    task = ["--model", "/models/tiny", "--host", "0.0.0.0", "--port", "8000"]
    command = serve_vllm.vllm_command(Path("/e/bin/vllm"), task, MODELS, "127.9.9.9")
    assert command[:2] == ["/e/bin/vllm", "serve"]
    assert command[-2:] == ["--host", "127.9.9.9"]
    assert str(MODELS["tiny"]) in command


def test_the_environment_of_the_task_arrives_and_the_entrypoints_own_does_not(tmp_path: Path) -> None:
    given = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(environment.REPOSITORY), "/audit"]),
        "VLLM_CACHE_ROOT": "/task/cache",
        "SOME": "thing",
    }
    result = serve_vllm.vllm_environ(given, environment.Engine(tmp_path))
    assert "PYTHONDONTWRITEBYTECODE" not in result
    assert result["PYTHONPATH"] == "/audit"
    assert result["VLLM_CACHE_ROOT"] == "/task/cache"
    assert result["SOME"] == "thing"


def test_temporary_files_stay_out_of_paths_too_long_for_sockets(tmp_path: Path) -> None:
    short = serve_vllm.vllm_environ({}, environment.Engine(Path("/short")))
    assert short["TMPDIR"] == "/short/tmp"
    long = serve_vllm.vllm_environ({}, environment.Engine(Path("/" + "long/" * 20)))
    assert "TMPDIR" not in long


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_ENGINE_HOME", str(tmp_path))
    monkeypatch.delenv("LAB_BIND_ADDRESS", raising=False)
    with pytest.raises(SystemExit, match="LAB_BIND_ADDRESS"):
        serve_vllm.main([])
    monkeypatch.setenv("LAB_BIND_ADDRESS", "127.9.9.9")
    with pytest.raises(SystemExit, match="not installed"):
        serve_vllm.main([])
