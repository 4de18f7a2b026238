from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import typing as t
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest
from ansible.module_utils import _internal, basic
from ansible.module_utils.common import warnings as module_warnings
from ansible_collections.central.llm.plugins.plugin_utils import _warm
from ansible_collections.central.llm.plugins.plugin_utils._warm import (
    WarmActionModule,
    reason_to_step_aside,
    run_as_a_module,
)

ROOT = Path(__file__).parents[4]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
NOTHING_ELSE_ASKED: dict[str, t.Any] = {
    "wanted": True,
    "transport": "local",
    "becomes": False,
    "in_background": False,
    "interpreter": "",
    "environment": {},
    "keeps_files": False,
}


class TestReasonToStepAside:
    def test_none_for_a_local_task_in_this_python(self) -> None:
        assert reason_to_step_aside(**NOTHING_ELSE_ASKED) == ""

    @pytest.mark.parametrize("interpreter", ["", "auto", "auto_silent", sys.executable])
    def test_none_for_this_interpreter(self, interpreter: str) -> None:
        assert reason_to_step_aside(**{**NOTHING_ELSE_ASKED, "interpreter": interpreter}) == ""

    @pytest.mark.parametrize(
        ("asked", "reason"),
        [
            ({"wanted": False}, "llm_warm is false"),
            ({"transport": "ssh"}, "its connection is ssh"),
            ({"becomes": True}, "it becomes another user"),
            ({"in_background": True}, "it runs in the background"),
            ({"interpreter": "/usr/bin/python2"}, "its interpreter is /usr/bin/python2"),
            # What a virtual environment's Python is a link to has other packages.
            ({"interpreter": str(Path(sys.executable).resolve())}, "its interpreter is"),
            ({"keeps_files": True}, "the files of modules are to be kept"),
            (
                {"environment": {"LD_PRELOAD": "x", "PYTHONPATH": "y", "AWS_PROFILE": "z"}},
                "sets LD_PRELOAD, PYTHONPATH",
            ),
        ],
    )
    def test_whatever_else_is_asked(self, asked: dict[str, t.Any], reason: str) -> None:
        assert reason in reason_to_step_aside(**{**NOTHING_ELSE_ASKED, **asked})

    def test_an_environment_that_boto3_reads_at_each_task_is_none(self) -> None:
        environment = {"AWS_PROFILE": "other", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "HTTPS_PROXY": "x"}
        assert reason_to_step_aside(**{**NOTHING_ELSE_ASKED, "environment": environment}) == ""


def run(source: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    code = compile(source, "/modules/example.py", "exec")
    return run_as_a_module(code, b'{"ANSIBLE_MODULE_ARGS": {}}', environment or {})


def surroundings() -> tuple[t.Any, ...]:
    return dict(os.environ), Path.cwd(), list(sys.argv), sys.modules["__main__"], _internal.is_controller


class TestRunAsAModule:
    def test_it_runs_as_the_script_of_a_process(self) -> None:
        source = "import sys\nprint(__name__, sys.argv)\nsys.stderr.write('oh')\nsys.exit(0)"
        assert run(source) == (0, "__main__ ['/modules/example.py']\n", "oh")

    @pytest.mark.parametrize(("end", "status"), [("3", 3), ("None", 0), ("'words'", 1), ("", 0)])
    def test_the_status_is_what_it_exits_with(self, end: str, status: int) -> None:
        assert run(f"import sys\nsys.exit({end})")[0] == status

    def test_an_error_is_a_failed_result(self) -> None:
        status, stdout, _ = run("raise ValueError('broken')")
        assert status == 1
        assert '"failed": true' in stdout and "broken" in stdout

    def test_a_module_that_just_ends_has_failed(self) -> None:
        status, stdout, _ = run("print('done')")
        assert status == 1 and "did not handle its own exit" in stdout

    def test_what_is_no_ordinary_error_gets_through(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            run("raise KeyboardInterrupt")
        assert sys.modules["__main__"].__name__ == "__main__" and not hasattr(sys.modules["__main__"], "leftover")

    def test_code_is_compiled_once_for_all_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
        with _warm._compiled_once():
            code = _warm._code_of("log_group")
        assert Path(code.co_filename).resolve() == ROOT / "plugins/modules/log_group.py"
        kept = Path(importlib.util.cache_from_source(code.co_filename))
        before = kept.stat().st_mtime_ns
        with _warm._compiled_once():
            assert _warm._code_of("log_group") == code and kept.stat().st_mtime_ns == before

    def test_only_what_is_in_this_collection_is_found_for_pythons_loader(self) -> None:
        finder = _warm._Compiled()
        folder = str(ROOT / "plugins/module_utils")
        found = finder.find_spec(f"{_warm.PLUGINS}.module_utils._at_once", [folder])
        assert found and isinstance(found.loader, SourceFileLoader)
        # Without __init__.py, not there, of others, or the top: for Ansible's own finder.
        for name, path in (
            (f"{_warm.PLUGINS}.modules", [str(ROOT / "plugins")]),
            (f"{_warm.PLUGINS}.module_utils._nothing", [folder]),
            ("ansible_collections.amazon.aws.plugins.module_utils._at_once", [folder]),
            (f"{_warm.PLUGINS}.module_utils._at_once", None),
        ):
            assert finder.find_spec(name, path) is None

    def test_nothing_is_found_for_it_outside(self) -> None:
        before = list(sys.meta_path)
        with pytest.raises(KeyError), _warm._compiled_once():
            assert len(sys.meta_path) == len(before) + 1
            raise KeyError
        assert sys.meta_path == before

    def test_a_rehearsal_is_refused_and_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[int, str, str]] = []

        def noted(*args: t.Any) -> tuple[int, str, str]:
            seen.append(run_as_a_module(*args))
            return seen[-1]

        monkeypatch.setattr(_warm, "run_as_a_module", noted)
        before = surroundings()
        _warm._rehearse.__wrapped__()
        assert surroundings() == before
        [(status, stdout, _)] = seen
        assert status == 1 and "Unsupported parameters" in stdout

    def test_nothing_is_left_for_the_next_one(self, tmp_path: Path) -> None:
        before = surroundings()
        module_warnings.warn("of the task before")
        source = (
            "import atexit, os, sys\n"
            "from ansible.module_utils.common.warnings import get_warning_messages, warn\n"
            "assert os.environ['OF_THE_TASK'] == '1' and not get_warning_messages()\n"
            f"os.environ['LEFT'] = '1'; os.chdir({str(tmp_path)!r}); warn('of this one')\n"
            f"atexit.register(open, {str(tmp_path / 'tidied')!r}, 'w')\n"
            "leftover = 1\n"
            "sys.exit(0)"
        )
        status, stdout, _ = run(source, {"OF_THE_TASK": "1"})
        assert (status, stdout) == (0, "")
        assert (tmp_path / "tidied").exists(), "what is to be done when the process ends is done"
        assert surroundings() == before
        assert module_warnings.get_warning_messages() == ()
        assert basic._ANSIBLE_ARGS is None and basic._PARSED_MODULE_ARGS is None


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_an_action_that_knows_its_services(module: str) -> None:
    action = importlib.import_module(f"ansible_collections.central.llm.plugins.action.{module}").ActionModule
    assert issubclass(action, WarmActionModule)
    source = (ROOT / f"plugins/modules/{module}.py").read_text()
    named = set(re.findall(r'\bclient\(\s*"([a-z0-9-]+)"', source)) | set(
        re.findall(r'SERVICE = "([a-z0-9-]+)"', source)
    )
    if module == "api_gateway_vpc_link":  # Its two versions are two services, chosen at run time.
        named |= {"apigateway", "apigatewayv2"}
    assert set(action.services) == named


def test_no_action_is_without_its_module() -> None:
    assert sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py")) == MODULES
