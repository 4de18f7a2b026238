"""The entrypoint of the process image lab/vllm-cpu: what `vllm serve` is to the container image.

Takes the task definition's command as it is, does what the image's file system and network would do (paths under
/models, the address to listen on), and becomes vLLM: same process, so that a stop reaches it as it does in a container.
"""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

from lab.engine import environment

MODELS = "/models/"
# A Unix socket's path has at most 107 bytes; multiprocessing appends some 35 to the folder for temporary files.
_LONGEST_TEMPORARY = 70


class BadCommand(Exception):
    pass


def to_host_path(argument: str, models: t.Mapping[str, Path]) -> str:
    """`/models/tiny` inside the image, also as `--model=/models/tiny`, is a folder of the engine on this machine."""
    option, separator, value = argument.rpartition("=") if argument.startswith("--") else ("", "", argument)
    if not value.startswith(MODELS):
        return argument
    name, _slash, rest = value.removeprefix(MODELS).partition("/")
    if name not in models:
        raise BadCommand(f"this image has no {MODELS}{name}; it has {', '.join(MODELS + known for known in models)}")
    return f"{option}{separator}{models[name] / rest if rest else models[name]}"


def vllm_command(vllm: Path, task: list[str], models: t.Mapping[str, Path], address: str) -> list[str]:
    # Of a repeated option the last one counts: whatever the task says, the host's own address is what it can have.
    return [str(vllm), "serve", *(to_host_path(argument, models) for argument in task), "--host", address]


def vllm_environ(environ: t.Mapping[str, str], engine: environment.Engine) -> dict[str, str]:
    """The task's environment, less what only this entrypoint needed or what would slow every start down."""
    result = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    search_path = [entry for entry in result.pop("PYTHONPATH", "").split(os.pathsep) if entry]
    kept = [entry for entry in search_path if Path(entry).resolve() != environment.REPOSITORY]
    if kept:
        result["PYTHONPATH"] = os.pathsep.join(kept)
    result.setdefault("VLLM_CACHE_ROOT", str(engine.cache))
    result.setdefault("HF_HOME", str(engine.cache / "huggingface"))
    # vLLM leaves a file behind at every start; its sockets stay where a path is short enough for one.
    result.setdefault("VLLM_RPC_BASE_PATH", environ.get("TMPDIR") or "/tmp")
    if len(str(engine.temporary)) <= _LONGEST_TEMPORARY:
        result.setdefault("TMPDIR", str(engine.temporary))
    return result


def main(task: list[str]) -> t.NoReturn:
    address = os.environ.get("LAB_BIND_ADDRESS")
    engine = environment.installed()
    if not address:
        sys.exit("serve_vllm: LAB_BIND_ADDRESS names no address to listen on")
    if engine is None:
        sys.exit("serve_vllm: the engine is not installed: run `python -m lab.engine install`")
    try:
        command = vllm_command(engine.vllm, task, engine.models, address)
    except BadCommand as reason:
        sys.exit(f"serve_vllm: {reason}")
    engine.temporary.mkdir(exist_ok=True)
    os.execve(command[0], command, vllm_environ(os.environ, engine))


if __name__ == "__main__":
    main(sys.argv[1:])
