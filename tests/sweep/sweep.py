"""Works the chains off, in several labs side by side."""

from __future__ import annotations

import json
import queue
import threading
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from . import faults, judge
from .cases import BLANKET_KINDS, Chain, Draw
from .results import GREEN, RED, Result, Store
from .stack import ROOT, Interrupted, Run, Stack, Strike

Report = t.Callable[[str], None]

# A chain that strikes this many times what a clean run calls does not know calls again that it has struck.
ENDLESS = 6
# As many answers at most as end a run of a playbook that loses all of them.
MOST_RUNS = 40


@dataclass
class Recording:
    """What a clean `up`, and a clean `down` after it, call and leave."""

    calls: dict[str, list[str]]
    inventory: dict[str, list[str]]

    @property
    def ending(self) -> set[str]:
        """The operations of a failed run's way out: it ends the session as `down` does, then releases the lock."""
        return {*self.calls["down"], "dynamodb.GetItem", "dynamodb.DeleteItem"}

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"calls": self.calls, "inventory": self.inventory}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recording | None:
        if not path.exists():
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(document["calls"], document["inventory"])


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
    """What was complained of about a run or several, and what they said last."""

    stack: Stack
    problems: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def complain(self, about: str, run: Run, complaints: t.Sequence[str]) -> None:
        complaints = [*complaints, *judge.complaints_of_output(run, self.stack.secrets())]
        self.problems += [f"{about}: {complaint}" for complaint in complaints]
        if complaints:
            self.evidence.append(f"--- {about}\n{judge.tail(run.output)}")

    def require_whole(self, about: str, run: Run, inventory: judge.Inventory) -> None:
        """An `up` has finished, there is one of each, and nothing is left to do."""
        found = [f"it ended with the status {run.status}"] if run.status else []
        found += judge.differences(inventory, self.stack.inventory())
        hosts, deployments = self.stack.hosts(), self.stack.deployments()
        if len(hosts) != 1:
            found.append(f"hosts: {hosts}")
        if deployments > judge.MOST_DEPLOYMENTS:
            found.append(f"{deployments} deployments")
        self.complain(about, run, found)
        if not run.status:
            again = self.stack.play("up", "--check")
            self.complain("a check of it", again, judge.changes(again))

    def require_zero(self, about: str, run: Run) -> None:
        found = [f"it ended with the status {run.status}"] if run.status else []
        hosts = self.stack.hosts()
        self.complain(about, run, [*found, *([f"hosts: {hosts}"] if hosts else [])])


@dataclass
class Sweep:
    """What all chains share: what clean runs are like, what is known, and what is asked for."""

    recording: Recording
    store: Store
    work: Path
    report: Report
    # How many strikes one stack takes before a run has to finish on it. With 1 each strike stands alone.
    length: int = 20
    operation: str = ""
    # The cases of this sweep and the green ones of earlier ones: red ones are tried again, once.
    tried: set[str] = field(default_factory=set)

    def spare(self, chain: Chain) -> list[str]:
        """The calls at which a run was struck so already, by whichever part of the chain."""
        start = chain.case("")
        return [case.removeprefix(start) for case in list(self.tried) if case.startswith(start)]

    def note(self, case: str, started: float, trial: Trial, status: int) -> None:
        verdict = RED if trial.problems else GREEN
        self.tried.add(case)
        seconds = time.monotonic() - started
        self.store.add(Result(case, verdict, trial.problems, status, round(seconds, 1)))
        self.report(f"{verdict:6} {case} ({seconds:.0f} s)")
        if trial.problems:
            red = self.work / "red"
            red.mkdir(parents=True, exist_ok=True)
            evidence = "\n".join([*trial.problems, *trial.evidence])
            (red / f"{case.replace('/', '-')}.txt").write_text(evidence, encoding="utf-8")
            self.report(evidence)

    def prepare(self, stack: Stack, playbook: str) -> None:
        """An empty account for `up`, a running service for `down`."""
        stack.fresh()
        if playbook == "down":
            run = stack.play("up")
            if run.status:
                raise Broken(f"the up before a down ended with {run.status}:\n{judge.tail(run.output)}")

    def judged(self, stack: Stack, chain: Chain, about: str, run: Run) -> Trial:
        """A run that nothing ended: it has to have done all of its work."""
        trial = Trial(stack)
        if chain.playbook == "up":
            trial.require_whole(about, run, self.recording.inventory)
        else:
            trial.require_zero(about, run)
        return trial

    def one_run(self, stack: Stack, chain: Chain, spare: t.Collection[str]) -> tuple[Run, list[Strike]]:
        stack.forget_calls()
        stack.order(faults.order(chain, spare, self.recording.ending, self.operation))
        run = stack.play(chain.playbook)
        stack.forget_faults()
        return run, stack.struck()

    def work_off(self, stack: Stack, chain: Chain) -> None:
        if chain.kind in BLANKET_KINDS:
            self._blanket(stack, chain)
        else:
            self._strikes(stack, chain)

    def _blanket(self, stack: Stack, chain: Chain) -> None:
        """One run that strikes all calls; where an answer was lost it may end there, and the next one goes on."""
        started, trial = time.monotonic(), Trial(stack)
        self.prepare(stack, chain.playbook)
        for _ in range(MOST_RUNS if chain.kind == "lost" else 1):
            run, strikes = self.one_run(stack, chain, ())
            if run.status == 0:
                break
            found = judge.complaints_of_failure(chain, strikes[-1], run, stack.hosts()) if strikes else []
            trial.complain("a struck run", run, found)
        judged = self.judged(stack, chain, "the last run", run)
        trial.problems += judged.problems
        trial.evidence += judged.evidence
        self.note(str(chain), started, trial, run.status)

    def _strikes(self, stack: Stack, chain: Chain) -> None:
        """Strike run after run, until there is one that makes no call that was not struck."""
        most, in_row = ENDLESS * len(self.recording.calls[chain.playbook]), 0
        left: list[str] = []
        self.prepare(stack, chain.playbook)
        for _ in range(most):
            started = time.monotonic()
            run, strikes = self.one_run(stack, chain, self.spare(chain))
            if not strikes:
                name = f"{chain} {self.operation}" if self.operation else str(chain)
                self.note(name, started, self.judged(stack, chain, "the last run", run), run.status)
                return
            trial, hosts = Trial(stack), stack.hosts()
            found = judge.complaints_of_failure(chain, strikes[0], run, hosts, left)
            trial.complain("the struck run", run, found + judge.duplicates(stack.inventory()))
            case, in_row = chain.case(strikes[0].name), in_row + 1
            # A run that did without what it was refused leaves nothing to come to: the next one makes good for it.
            through = run.status == 0
            if through or (in_row >= self.length and not trial.problems):
                judged = self.judged(stack, chain, "the next run", stack.play(chain.playbook))
                trial.problems += judged.problems
                trial.evidence += judged.evidence
            self.note(case, started, trial, run.status)
            left = hosts
            if through or in_row >= self.length or trial.problems:
                # What a mistake has left would be held against the calls that come next.
                self.prepare(stack, chain.playbook)
                left, in_row = [], 0
        raise Broken(f"{chain} has struck {most} calls and knows none of them again")


def try_draws(stack: Stack, drawn: t.Sequence[Draw], report: Report) -> list[str]:
    """The sample: one fault after the other on the same stack, then a run that must finish. Returns the problems."""
    stack.fresh()
    trial, before = Trial(stack), list[str]()
    for draw in drawn:
        stack.order(faults.order_of_draw(draw))
        run = stack.play("up")
        stack.forget_faults()
        hosts = stack.hosts()
        report(f"call {draw.ordinal} {draw.kind}: up ended with {run.status}")
        # What a run before it has proven goes on.
        left = [host for host in hosts if host not in before] if run.status else []
        found = [f"hosts are left running: {left}"] if left else []
        trial.complain(f"up with call {draw.ordinal} {draw.kind}", run, found)
        before = hosts
    run = stack.play("up")
    found = judge.duplicates(stack.inventory()) + ([f"status {run.status}"] if run.status else [])
    hosts = stack.hosts()
    trial.complain("the up after them", run, [*found, *([f"hosts: {hosts}"] if len(hosts) != 1 else [])])
    return [*trial.problems, *trial.evidence]


def sweep(chains: t.Sequence[Chain], todo: Sweep, labs: int = 1) -> list[str]:
    """Work the chains off, `labs` at a time. Returns what could not be tried at all, and why."""
    waiting: queue.Queue[Chain] = queue.Queue()
    for chain in chains:
        waiting.put(chain)
    broken: list[str] = []

    stacks = [Stack(todo.work / f"lab-{number}") for number in range(1, labs + 1)]

    def one_lab(stack: Stack) -> None:
        try:
            while True:
                try:
                    chain = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    todo.work_off(stack, chain)
                except Broken as why:
                    broken.append(f"{chain}: {why}")
        except Interrupted:
            return
        finally:
            stack.close()

    threads = [threading.Thread(target=one_lab, args=(stack,)) for stack in stacks]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except (KeyboardInterrupt, SystemExit):
        for stack in stacks:
            stack.interrupt()
        for thread in threads:
            thread.join()
        raise
    return broken


__all__ = ("ROOT", "Broken", "Recording", "Sweep", "record", "sweep", "try_draws")
