"""Every module, in the controller's worker and in a process of its own: results, displays and failures are the same."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from lab.context import LabContext
from lab.exports import lines
from lab.testing import reset, start_control, stop_control

from .same import Renaming, differences

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES: list[dict[str, t.Any]] = yaml.safe_load((HERE / "cases.yml").read_text())
# The oldest core that is supported and the newest, each on its own processor, where the tests run side by side.
BOTH_CORES = pytest.mark.parametrize(
    "python", [pytest.param(python, marks=pytest.mark.xdist_group(python)) for python in ("3.11", "3.13")]
)
# Both cores run the same code of a module; what differs between them is the mechanism.
WHOLE_ON = "3.11"
STEPPED_ASIDE = "runs in a process of its own"


def cases_on(python: str) -> list[dict[str, t.Any]]:
    """All on the one core; on the other the first of each module, and each that asks the mechanism for something."""
    if python == WHOLE_ON:
        return CASES
    seen: set[str] = set()
    chosen = []
    for case in CASES:
        asks = case.get("also", {}).keys() - {"diff", "check_mode"} or "as" in case
        if asks or case["module"] not in seen:
            chosen.append(case)
        seen.add(case["module"])
    return chosen


def core_of(python: str) -> Path:
    """The folder of an environment with the Ansible for this Python, made once; a skip where there is none."""
    made = subprocess.run([ROOT / "tests/tools/core.sh", python], stdout=subprocess.PIPE, text=True)
    if made.returncode == 3:
        pytest.skip(f"this machine has no Python {python}")
    assert made.returncode == 0
    return Path(made.stdout.strip())


@pytest.fixture(scope="session")
def lab() -> t.Iterator[LabContext]:
    ctx = start_control(settle_seconds=0.05)
    yield ctx
    stop_control(ctx)


class Run(t.NamedTuple):
    shown: str
    results: list[dict[str, t.Any]]


def play(core: Path, ctx: LabContext, folder: Path, tasks: list[dict[str, t.Any]], *arguments: str) -> Run:
    """Run tasks, each of which may fail, against an empty account; what was shown and what was registered."""
    reset(ctx)
    subnet = ctx.client("ec2").describe_subnets()["Subnets"][0]
    group = ctx.client("ec2").describe_security_groups()["SecurityGroups"][0]
    results = folder / "results.json"
    registered = [task["register"] for task in tasks]
    written = {"content": "{{ [" + ", ".join(registered) + "] | to_json }}", "dest": str(results), "mode": "0600"}
    playbook = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "ignore_errors": True,
            "module_defaults": {"group/central.llm.aws": {"region": ctx.region}},
            "vars": {
                "subnet_id": subnet["SubnetId"],
                "vpc_id": subnet["VpcId"],
                "group_id": group["GroupId"],
                "function_source": str(ROOT / "functions/reaper"),
            },
            "tasks": [*tasks, {"ansible.builtin.copy": written, "no_log": True}],
        }
    ]
    (folder / "playbook.yml").write_text(yaml.safe_dump(playbook))
    exports = dict(line.removeprefix("export ").split("=", 1) for line in lines({"endpoint_url": ctx.endpoint_url})[1:])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    finished = subprocess.run(
        [core / "bin/ansible-playbook", *arguments, folder / "playbook.yml"],
        env={
            **inherited,
            **exports,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "home"),
            # The banner of a task comes before what its worker says.
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stdout
    return Run(finished.stdout, json.loads(results.read_text()))


def task(case: dict[str, t.Any], number: int) -> dict[str, t.Any]:
    module = f"central.llm.{case['module']}"
    return {
        "name": f"Case {number}",
        module: case["args"],
        "register": case.get("as", f"r{number}"),
        **case.get("also", {}),
    }


@BOTH_CORES
def test_every_module_gives_the_same_both_ways(python: str, lab: LabContext, tmp_path: Path) -> None:
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    assert modules == {case["module"] for case in CASES}, "every module has a case"
    core = core_of(python)
    cases = cases_on(python)
    tasks = [task(case, number) for number, case in enumerate(cases)]
    warm = play(core, lab, tmp_path, tasks, "-v")
    ordinary = play(core, lab, tmp_path, tasks, "-v", "-e", "llm_warm=false")

    renaming = Renaming()
    wrong = {}
    for number, (case, one, other) in enumerate(zip(cases, warm.results, ordinary.results, strict=True)):
        if found := differences(one, other, renaming):
            wrong[f"case {number}, {case['module']}"] = found
    assert wrong == {}
    assert differences(warm.shown.splitlines(), ordinary.shown.splitlines(), renaming) == []

    assert sum(result.get("failed", False) for result in warm.results) > 10, "failures are compared too"
    key = next(result["value"] for result in warm.results if result.get("value"))
    assert key not in warm.shown and "not-to-be-seen" not in warm.shown


ASIDE: dict[str, tuple[dict[str, t.Any], str]] = {
    "nothing": ({}, ""),
    "background": ({"async": 30, "poll": 1}, "it runs in the background"),
    "interpreter": ({"vars": {"ansible_python_interpreter": "{{ link_to_python }}"}}, "its interpreter is"),
    "environment": ({"environment": {"PYTHONPATH": "/nowhere"}}, "its environment sets PYTHONPATH"),
    "delegated": ({"delegate_to": "elsewhere", "vars": {"ansible_connection": "local"}}, ""),
    "off": ({"vars": {"llm_warm": False}}, "llm_warm is false"),
    "off-by-a-template": ({"vars": {"llm_warm": "{{ 1 == 2 }}"}}, "llm_warm is false"),
}


@BOTH_CORES
def test_it_steps_aside_where_a_task_asks_for_more(python: str, lab: LabContext, tmp_path: Path) -> None:
    core = core_of(python)
    link = tmp_path / "another-python"
    link.write_text(f'#!/bin/sh\nexec "{core}/bin/python" "$@"\n')
    link.chmod(0o700)
    tasks = [
        {
            "name": f"Case {name}",
            "central.llm.log_group": {"name": "/aside"},
            "register": f"r_{name.replace('-', '_')}",
            **also,
        }
        for name, (also, _) in ASIDE.items()
    ]
    run = play(core, lab, tmp_path, tasks, "-vvv", "-e", f"link_to_python={link}")
    assert [result.get("failed", False) for result in run.results] == [False] * len(ASIDE), run.shown
    assert [result["changed"] for result in run.results] == [True] + [False] * (len(ASIDE) - 1)
    shown = run.shown.split("TASK [Case ")[1:]
    for text, (name, (_, reason)) in zip(shown, ASIDE.items(), strict=True):
        assert text.startswith(name)
        assert (f"{STEPPED_ASIDE}: {reason}" in text) if reason else (STEPPED_ASIDE not in text), text


def test_a_limit_on_a_task_gets_through(lab: LabContext, tmp_path: Path) -> None:
    """The alarm of `timeout` ends a module that waits in the worker, and the next task runs."""
    core = core_of("3.11")
    waits = {
        "central.llm.log_group": {"name": "/late", "endpoint_url": "http://192.0.2.1:9"},
        "timeout": 1,
        "register": "late",
    }
    run = play(core, lab, tmp_path, [waits, {"central.llm.log_group": {"name": "/after"}, "register": "after"}])
    assert "Timed out after 1 second" in json.dumps(run.results[0])
    assert run.results[1]["changed"]
