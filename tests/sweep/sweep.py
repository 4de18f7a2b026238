"""Runs the cases, in several labs side by side."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import faults, judge
from .cases import Case, Draw, Place, places
from .results import GREEN, RED, UNREACHED, Result, Store
from .stack import ROOT, Run, Stack

Report = t.Callable[[str], None]


@dataclass
class Recording:
    """What a clean `up`, and a clean `down` after it, call and leave."""

    calls: dict[str, list[tuple[str, str]]]
    inventory: dict[str, list[str]]

    @property
    def ending(self) -> set[tuple[str, str]]:
        """The operations of a failed run's way out: it ends the session as `down` does, then releases the lock."""
        return {*self.calls["down"], ("dynamodb", "GetItem"), ("dynamodb", "DeleteItem")}

    def places(self, playbook: str) -> list[Place]:
        return places(self.calls[playbook])

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"calls": self.calls, "inventory": self.inventory}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recording | None:
        if not path.exists():
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        calls = {
            name: [(service, operation) for service, operation in each] for name, each in document["calls"].items()
        }
        return cls(calls, document["inventory"])


class Broken(Exception):
    """A clean run is not clean: there is nothing to sweep."""


def record(stack: Stack) -> Recording:
    stack.fresh()
    calls = {}
    for playbook in ("up", "down"):
        stack.forget_calls()
        run = stack.play(playbook)
        if run.status:
            raise Broken(f"{playbook} without any fault ended with {run.status}:\n{judge.tail(run.output)}")
        calls[playbook] = stack.calls()
    inventory = stack.inventory()
    twice = judge.duplicates(inventory)
    if twice:
        raise Broken(f"up without any fault makes duplicates: {'; '.join(twice)}")
    return Recording(calls, inventory)


@dataclass
class Trial:
    """One case as it goes: what was complained of, and what was said last."""

    stack: Stack
    problems: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def complain(self, about: str, run: Run, complaints: t.Sequence[str]) -> None:
        self.problems += [f"{about}: {complaint}" for complaint in complaints]
        if complaints:
            self.evidence.append(f"--- {about}\n{judge.tail(run.output)}")

    def require_recovery(self, inventory: judge.Inventory, *, check: bool = True) -> None:
        """The next `up` finishes, there is one of each, and nothing is left to do."""
        run = self.stack.play("up")
        found = judge.complaints_of_output(run, self.stack.secrets())
        if run.status:
            found.append(f"it ended with the status {run.status}")
        found += judge.differences(inventory, self.stack.inventory())
        hosts, deployments = self.stack.hosts(), self.stack.deployments()
        if len(hosts) != 1:
            found.append(f"hosts: {hosts}")
        if deployments > judge.MOST_DEPLOYMENTS:
            found.append(f"{deployments} deployments")
        self.complain("the next up", run, found)
        if check and not run.status:
            again = self.stack.play("up", "--check")
            found = (
                [] if again.status == 0 and again.changed == 0 else [f"status {again.status}, {again.changed} changes"]
            )
            self.complain("a check of it", again, found)

    def require_zero(self) -> None:
        run = self.stack.play("down")
        found = [f"it ended with the status {run.status}"] if run.status else []
        hosts = self.stack.hosts()
        self.complain("the next down", run, [*found, *([f"hosts: {hosts}"] if hosts else [])])


def state_of(stack: Stack, playbook: str) -> str:
    """What the writes of a run amount to. Runs that did the same, in the same order, left the same behind."""
    return hashlib.sha256("\n".join([playbook, *stack.done()]).encode()).hexdigest()[:16]


def try_case(stack: Stack, case: Case, recording: Recording, proven: t.Collection[str]) -> tuple[Result, str]:
    """The result, and for a red one what the runs said.

    From a state that another case left as well, and from which a run has finished, none is required to again: calls
    that are refused one after the other leave the same, unless there is a write between them.
    """
    started = time.monotonic()
    trial = Trial(stack)
    if stack.ready_for != case.playbook:
        stack.fresh()
        if case.playbook == "down":
            prepared = stack.play("up")
            trial.complain("the up before it", prepared, ["it failed"] if prepared.status else [])
    stack.ready_for = None
    stack.forget_calls()
    for order in faults.orders(case):
        stack.order(order)
    run = stack.play(case.playbook)
    waiting = stack.waiting_faults()
    stack.forget_faults()
    result = Result(str(case), UNREACHED, trial.problems, run.status, state=state_of(stack, case.playbook))
    # The refusal that follows a lost answer may find no repetition to refuse.
    if len(waiting) < len(faults.orders(case)):
        found = judge.complaints_of_failure(case, run, stack.hosts())
        trial.complain("the faulted run", run, found + judge.complaints_of_output(run, stack.secrets()))
        result.recovered = result.state not in proven
        if result.recovered and case.playbook == "down":
            trial.require_zero()
        elif result.recovered:
            trial.require_recovery(recording.inventory)
        result.verdict = RED if trial.problems else GREEN
        # A run that failed before its first write left the stack as it was: the next case need not build it anew.
        if run.status and not result.recovered and not stack.done():
            stack.ready_for = case.playbook
    result.seconds = round(time.monotonic() - started, 1)
    return result, "\n".join(trial.evidence)


def try_draws(stack: Stack, drawn: t.Sequence[Draw], report: Report) -> list[str]:
    """The sample: one fault after the other on the same stack, then a run that must finish. Returns the problems."""
    stack.fresh()
    trial = Trial(stack)
    for draw in drawn:
        for order in faults.orders_of_draw(draw):
            stack.order(order)
        run = stack.play("up")
        stack.forget_faults()
        hosts = stack.hosts()
        report(f"call {draw.ordinal} {draw.kind}: up ended with {run.status}")
        left = [f"hosts are left running: {hosts}"] if run.status and hosts else []
        trial.complain(f"up with call {draw.ordinal} {draw.kind}", run, left)
        trial.complain(
            f"up with call {draw.ordinal} {draw.kind}", run, judge.complaints_of_output(run, stack.secrets())
        )
    run = stack.play("up")
    found = judge.duplicates(stack.inventory()) + ([f"status {run.status}"] if run.status else [])
    hosts = stack.hosts()
    trial.complain("the up after them", run, [*found, *([f"hosts: {hosts}"] if len(hosts) != 1 else [])])
    return [*trial.problems, *trial.evidence]


def sweep(
    cases: t.Sequence[Case],
    recording: Recording,
    store: Store,
    work: Path,
    report: Report,
    *,
    labs: int = 1,
    thorough: bool = False,
) -> None:
    """Try the cases, `labs` at a time; what is known of each is stored at once."""
    waiting: queue.Queue[Case] = queue.Queue()
    for case in cases:
        waiting.put(case)
    done = iter(range(1, len(cases) + 1))
    proven = set() if thorough else store.proven()

    def work_off(number: int) -> None:
        stack = Stack(work / f"lab-{number}")
        try:
            while True:
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return
                result, evidence = try_case(stack, case, recording, proven)
                store.add(result)
                if result.recovered and result.verdict == GREEN and not thorough:
                    proven.add(result.state)
                report(f"[{next(done)}/{len(cases)}] {result.verdict:9} {case} ({result.seconds:.0f} s)")
                if result.problems:
                    report("\n".join(f"    {problem}" for problem in result.problems))
                    (work / "red").mkdir(parents=True, exist_ok=True)
                    (work / "red" / f"{case}.txt").write_text(evidence, encoding="utf-8")
                    report(f"{evidence}\n    again: python -m tests.sweep --again --only '{case}'")
        finally:
            stack.close()

    threads = [threading.Thread(target=work_off, args=(number,)) for number in range(1, labs + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


__all__ = ("ROOT", "Broken", "Recording", "record", "sweep", "try_draws")
