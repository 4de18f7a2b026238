"""Runs this collection's modules against the lab's control plane and reads back with plain boto3."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.central.llm.plugins.plugin_utils._shared_models import shared_models

sys.path.insert(0, str(Path(__file__).parents[3]))

from lab.context import ACCESS_KEY_ID, SECRET_ACCESS_KEY, LabContext
from lab.testing import reset, start_control, stop_control


class Outcome(dict[str, t.Any]):
    """What a module returned; a failure is an outcome too."""

    @property
    def failed(self) -> bool:
        return bool(self.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.get("changed"))


class ModuleRunner:
    """Runs the main() of a module in process, as Ansible would call it."""

    def __init__(self, ctx: LabContext, name: str) -> None:
        self._ctx = ctx
        self._name = name

    def __call__(self, *, check: bool = False, **options: t.Any) -> Outcome:
        module = importlib.import_module(f"ansible_collections.central.llm.plugins.modules.{self._name}")
        arguments = {
            "region": self._ctx.region,
            "endpoint_url": self._ctx.endpoint_url,
            "access_key": ACCESS_KEY_ID,
            "secret_key": SECRET_ACCESS_KEY,
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        printed, warnings = io.StringIO(), list[str]()
        with (
            patch_module_args(arguments),
            # Where the controller could run too, core shows warnings at once; elsewhere they are part of the result.
            mock.patch.object(AnsibleModule, "warn", lambda _, warning, **__: warnings.append(warning)),
            contextlib.redirect_stdout(printed),
            contextlib.suppress(SystemExit),
        ):
            module.main()
        return Outcome(json.loads(printed.getvalue()), warnings=warnings)

    def ok(self, *, check: bool = False, **options: t.Any) -> Outcome:
        outcome = self(check=check, **options)
        assert not outcome.failed, outcome.get("msg")
        return outcome

    def predicted(self, **options: t.Any) -> Outcome:
        """Check mode first, then the run: `changed` and the diff must be what check mode said.

        Values that AWS makes up at creation (ids, ARNs, dates) cannot be foretold: check mode leaves them out,
        everything that it does say must come true.
        """
        foretold = self.ok(check=True, **options)
        outcome = self.ok(**options)
        assert foretold.changed == outcome.changed, (foretold, outcome)
        assert foretold["diff"]["before"] == outcome["diff"]["before"]
        after = outcome["diff"]["after"]
        assert foretold["diff"]["after"].items() <= after.items() if _flat(after) else True, (foretold, outcome)
        for key, value in foretold["diff"]["after"].items():
            assert after.get(key) == value, f"{key}: check mode said {value!r}, the run gave {after.get(key)!r}"
        return outcome

    def settled(self, **options: t.Any) -> Outcome:
        """Nothing is left to do, neither in check mode nor in a run."""
        assert not self.ok(check=True, **options).changed
        outcome = self.ok(**options)
        assert not outcome.changed, outcome
        assert outcome["diff"]["before"] == outcome["diff"]["after"]
        return outcome

    def refused(self, *, check: bool = False, **options: t.Any) -> str:
        """The message of a run that fails."""
        outcome = self(check=check, **options)
        assert outcome.failed, outcome
        return str(outcome["msg"])


def _flat(value: dict[str, t.Any]) -> bool:
    return all(isinstance(item, (str, int, float, bool, type(None))) for item in value.values())


@pytest.fixture(scope="session", autouse=True)
def _models_parsed_once() -> t.Iterator[None]:
    """Every run of a module has a session of its own, and would parse botocore's models anew: most of what it costs."""
    with shared_models():
        yield


@pytest.fixture(scope="session")
def lab_session() -> t.Iterator[LabContext]:
    ctx = start_control(settle_seconds=0.05)
    yield ctx
    stop_control(ctx)


@pytest.fixture
def lab(lab_session: LabContext, monkeypatch: pytest.MonkeyPatch) -> LabContext:
    """An empty lab; waiters and retries do not really wait."""
    reset(lab_session)
    import time

    import botocore.endpoint
    import botocore.waiter

    class _Clock:
        def __getattr__(self, name: str) -> t.Any:
            return getattr(time, name)

        @staticmethod
        def sleep(seconds: float) -> None:
            time.sleep(min(seconds, 0.05))

    monkeypatch.setattr(botocore.waiter, "time", _Clock())
    monkeypatch.setattr(botocore.endpoint, "time", _Clock())
    return lab_session


@pytest.fixture
def run_module(lab: LabContext) -> t.Callable[[str], ModuleRunner]:
    return lambda name: ModuleRunner(lab, name)


class Faults:
    """Makes the lab refuse calls, and says which calls it has seen."""

    def __init__(self, ctx: LabContext) -> None:
        self._url = f"{ctx.endpoint_url}/_lab"

    def add(
        self, service: str, operation: str, code: str, *, status: int = 400, message: str = "", times: int = 1
    ) -> None:
        self._send(
            "POST",
            "faults",
            {
                "service": service,
                "operation": operation,
                "code": code,
                "status": status,
                "message": message or f"{code} on request of a test",
                "times": times,
            },
        )

    def lose(self, service: str, operation: str, *, kind: str = "lost", times: int = 1) -> None:
        """The next answers are lost; `closed` loses the calls themselves."""
        self.order(service=service, operation=operation, kind=kind, times=times)

    def order(self, **fault: t.Any) -> None:
        """Any fault that the lab knows, see lab/README.md."""
        self._send("POST", "faults", fault)

    def forget(self) -> None:
        self._send("DELETE", "faults")

    def seen(self) -> list[dict[str, t.Any]]:
        return t.cast("list[dict[str, t.Any]]", self._send("GET", "calls"))

    def calls(self) -> list[str]:
        return [call["operation"] for call in self.seen()]

    def forget_calls(self) -> None:
        self._send("DELETE", "calls")

    def _send(self, method: str, path: str, body: t.Any = None) -> t.Any:
        import urllib.request

        request = urllib.request.Request(
            f"{self._url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture
def faults(lab: LabContext) -> Faults:
    return Faults(lab)
