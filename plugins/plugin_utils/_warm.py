# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Runs the modules of this collection warm: in the controller's worker, instead of in a process of their own.

Nearly all that an AWS task costs is a new Python, which imports boto3 and parses botocore's models. Ansible loads an
action plugin once, in the parent, and runs it in a fork for each task. So the parent imports boto3 and the module and
parses the models that the module needs, and the fork only runs its main(): the same code with the same arguments and
the same result, at about a tenth of the time.

Everything else stays as Ansible does it: this is its own `normal` action with the three steps replaced that build the
module, decide how to send it and execute it. Where a task asks for more than a local run in this Python (see
`reason_to_step_aside`), or where this Ansible lacks what is leaned on here, the module runs the ordinary way.
`llm_warm: false` switches it off.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib.util
import io
import json
import os
import sys
import types
import typing as t
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalActionModule
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display

from ._shared_models import SDK_IS_HERE, parse_models, shared_models

try:
    # Names that Ansible keeps to itself: one that is gone is noticed here, once, not in the middle of a task.
    from ansible.executor.module_common import _BuiltModule
    from ansible.module_utils import _internal, basic
    from ansible.module_utils._internal._ansiballz._loader import _handle_exception
    from ansible.module_utils.common import warnings as module_warnings
    from ansible.module_utils.common.json import Direction, get_module_encoder

    for holder, names in (
        (basic, ("_ANSIBLE_ARGS", "_ANSIBLE_PROFILE", "_PARSED_MODULE_ARGS")),
        (module_warnings, ("_global_warnings", "_global_deprecations")),
        (_internal, ("is_controller",)),
    ):
        for name in names:
            getattr(holder, name)
    UNAVAILABLE = "" if SDK_IS_HERE else "this Python has no boto3"
except (ImportError, AttributeError) as error:
    UNAVAILABLE = f"this ansible-core keeps its modules otherwise ({error})"
    Display().warning(f"central.llm: every module runs in a process of its own, which is slower: {UNAVAILABLE}")

PROFILE = "legacy"  # How arguments and results are serialised: as for every module that does not ask for another.
PLUGINS = "ansible_collections.central.llm.plugins"


class WarmActionModule(NormalActionModule):
    """The base of each module's action. A subclass is made in the parent, and warms up what its forks will use."""

    services: t.ClassVar[tuple[str, ...]] = ()
    _code: t.ClassVar[types.CodeType]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A base class of several actions names no services: it has no module.
        if not UNAVAILABLE and cls.services:
            with _all_to_stay(), _compiled_once():
                cls._code = _code_of(cls.__module__.rpartition(".")[2])
                parse_models(cls.services)
                _find_filters()
                _rehearse()

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self._cold_because = UNAVAILABLE or self._reason_to_step_aside(task_vars or {})
        if self._cold_because:
            Display().vvv(f"central.llm: {self._task.action} runs in a process of its own: {self._cold_because}")
        return super().run(tmp, task_vars)

    def _reason_to_step_aside(self, task_vars: dict[str, t.Any]) -> str:
        if self._task.delegate_to:
            task_vars = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        return reason_to_step_aside(
            wanted=boolean(self._templar.template(task_vars.get("llm_warm", True))),
            transport=self._connection.transport,
            becomes=bool(self._connection.become),
            in_background=bool(self._task.async_val),
            interpreter=str(self._templar.template(task_vars.get("ansible_python_interpreter", ""))),
            environment=environment,
            keeps_files=constants.DEFAULT_KEEP_REMOTE_FILES,
        )

    def _configure_module(
        self, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> tuple[t.Any, t.Any]:
        if self._cold_because:
            return super()._configure_module(module_name, module_args, task_vars)
        self._environment: dict[str, t.Any] = {}
        self._compute_environment_string(self._environment)
        # Encoded as the controller does, before anything pretends to be the other side.
        encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
        self._arguments = json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, cls=encoder).encode()
        built = _BuiltModule(
            b_module_data=b"", module_style="new", shebang=f"#!{sys.executable}", serialization_profile=PROFILE
        )
        return built, self._code.co_filename

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        # Nothing is sent anywhere, so no temporary directory is needed.
        return not self._cold_because or super()._is_pipelining_enabled(module_style, wrap_async)

    def _low_level_execute_command(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if self._cold_because:
            return super()._low_level_execute_command(*args, **kwargs)
        status, stdout, stderr = run_as_a_module(self._code, self._arguments, self._environment)
        return {
            "rc": status,
            "stdout": stdout,
            "stdout_lines": stdout.splitlines(),
            "stderr": stderr,
            "stderr_lines": stderr.splitlines(),
        }


def reason_to_step_aside(
    *,
    wanted: bool,
    transport: str,
    becomes: bool,
    in_background: bool,
    interpreter: str,
    environment: t.Mapping[str, t.Any],
    keeps_files: bool,
) -> str:
    """Why a task has to run the ordinary way; empty where it may run warm."""
    if not wanted:
        return "llm_warm is false"
    if transport != "local":
        return f"its connection is {transport}"
    if becomes:
        return "it becomes another user"
    if in_background:
        return "it runs in the background"
    if not _is_this_python(interpreter):
        return f"its interpreter is {interpreter}"
    if keeps_files:
        return "the files of modules are to be kept"
    # What Python and the dynamic linker read once, when a process starts, and what a process of its own may not keep.
    late = sorted(name for name in environment if name.startswith(("PYTHON", "LD_")))
    if late:
        return f"its environment sets {', '.join(late)}"
    return ""


def _is_this_python(interpreter: str) -> bool:
    # Unset, or one of the words that leave the choice to Ansible (auto, auto_silent, …).
    if not interpreter or interpreter.startswith("auto"):
        return True
    # A virtual environment's Python is a link to the one that it was made from: its folder is what tells them apart.
    named, this = Path(interpreter), Path(sys.executable)
    return named.parent.resolve() == this.parent.resolve() and named.resolve() == this.resolve()


def run_as_a_module(code: types.CodeType, arguments: bytes, environment: t.Mapping[str, t.Any]) -> tuple[int, str, str]:
    """Run a module's code as if it were the script of a new process: its status, and what it printed and complained."""
    stdout, stderr, status = io.StringIO(), io.StringIO(), 1
    with (
        _like_a_new_process(code, environment),
        _like_a_managed_node(arguments),
        shared_models(),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            # Not BaseException: the alarm of a task's 'timeout' has to get through.
            try:
                exec(code, sys.modules["__main__"].__dict__)
                raise RuntimeError("New-style module did not handle its own exit.")
            except Exception as error:
                _handle_exception(error, PROFILE)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return status, stdout.getvalue(), stderr.getvalue()


@contextlib.contextmanager
def _like_a_new_process(code: types.CodeType, environment: t.Mapping[str, t.Any]) -> t.Iterator[None]:
    """What one module leaves behind, the next one, of a loop in this very fork, must not find."""
    before = dict(os.environ)
    directory, argv, register = os.getcwd(), sys.argv, atexit.register  # noqa: PTH109
    main = sys.modules["__main__"]
    at_exit = contextlib.ExitStack()
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [code.co_filename]
    os.environ.update({name: str(value) for name, value in environment.items()})
    # A fork of the controller ends without its exit handlers, or, from Python 3.13 on, with those of the parent.
    atexit.register = at_exit.callback
    try:
        with at_exit:
            yield
    finally:
        atexit.register = register
        if dict(os.environ) != before:
            os.environ.clear()
            os.environ.update(before)
        sys.argv = argv
        sys.modules["__main__"] = main
        os.chdir(directory)


@contextlib.contextmanager
def _like_a_managed_node(arguments: bytes) -> t.Iterator[None]:
    """Where modules run, nothing can be shown at once: warnings travel with the result, which starts empty."""
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, PROFILE
    module_warnings._global_warnings.clear()
    module_warnings._global_deprecations.clear()
    is_controller, _internal.is_controller = _internal.is_controller, False
    try:
        yield
    finally:
        _internal.is_controller = is_controller
        module_warnings._global_warnings.clear()
        module_warnings._global_deprecations.clear()
        basic._ANSIBLE_ARGS = basic._ANSIBLE_PROFILE = basic._PARSED_MODULE_ARGS = None


@contextlib.contextmanager
def _all_to_stay() -> t.Iterator[None]:
    """What is made within it is for all forks: nobody need look through it for garbage, nor copy it by doing so."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def _code_of(name: str) -> types.CodeType:
    """A module's code; what it uses is imported here, for all forks."""
    spec: t.Any = importlib.util.find_spec(f"{PLUGINS}.modules.{name}")
    code = t.cast(types.CodeType, spec.loader.get_code(spec.name))
    exec(code, {"__name__": spec.name})
    return code


class _Compiled(MetaPathFinder):
    """Finds what is in this collection's folders for Python's own loader, which keeps what it has compiled."""

    def find_spec(
        self, fullname: str, path: t.Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{PLUGINS}.") or not path:
            return None
        found = FileFinder(path[0], (SourceFileLoader, [".py"])).find_spec(fullname)
        # A folder without __init__.py is no package to Python, and one to Ansible.
        return found if found and found.loader else None


@contextlib.contextmanager
def _compiled_once() -> t.Iterator[None]:
    """Ansible's loader of collections would compile all that is imported within it anew in each run."""
    finder = _Compiled()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@functools.cache
def _rehearse() -> None:
    """Let a module run until it is refused, for an argument that it has not: so far do all of them take the same way.

    What is imported late is then here for all forks, and Python has made faster what it runs often.
    """
    run_as_a_module(_code_of("caller_info"), b'{"ANSIBLE_MODULE_ARGS": {"rehearsal": true}}', {})


@functools.cache
def _find_filters() -> None:
    """Find the filters and tests, which every fork does that evaluates a template before the parent has.

    Of Ansible's, and of this collection's, the first that is asked for finds all the others.
    """
    filter_loader.get("ansible.builtin.combine")
    test_loader.get("ansible.builtin.defined")
    # Where nothing finds collections, nothing uses their filters either.
    with contextlib.suppress(KeyError):
        filter_loader.get("central.llm.resources")


__all__ = ("WarmActionModule", "reason_to_step_aside", "run_as_a_module")
