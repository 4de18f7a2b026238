"""`python -m tests.bench`: see README.md."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import yaml

from tests.sweep.stack import ROOT, Stack

from . import ingest, middleware
from .edge import edge
from .figures import Figure, median, ratio, table
from .growth import growth
from .latency import delayed
from .peers import HERE, Central, Cli, Foundation, Peer, Terraform, taking_part
from .playing import succeed
from .session import session

Times = dict[str, list[float]]
# So many tasks more make the difference whose share is a task.
_MORE_TASKS = 40


def report(line: str) -> None:
    print(line, flush=True)


def rounds_of(peers: dict[str, Peer], rounds: int, what: str, run: t.Callable[[Peer], float]) -> Times:
    """One after the other, round by round, so that what slows the machine slows all of them."""
    times: Times = {name: [] for name in peers}
    for number in range(1, rounds + 1):
        for name, peer in peers.items():
            times[name].append(run(peer))
        report(f"  {what}, round {number}: " + ", ".join(f"{name} {each[-1]:.2f} s" for name, each in times.items()))
    return times


def race(work: Path, rounds: int, milliseconds: float) -> list[Figure]:
    why = {kind.name: kind.missing() for kind in (Cli, Terraform)}
    with taking_part((Central, Cli, Terraform, Foundation), work) as peers:
        report("fourteen resources: making them once, and once more until nothing is left to do")
        for peer in peers.values():
            peer.timed()
            peer.timed()
        noop = rounds_of(peers, rounds, "nothing to do", lambda peer: peer.timed())
        calls = {name: peer.calls for name, peer in peers.items()}
        racing = {name: peer for name, peer in peers.items() if name != Foundation.name}

        def far(peer: Peer) -> float:
            with delayed(peer.endpoint, milliseconds) as endpoint:
                return peer.timed(endpoint)

        distant = rounds_of(racing, rounds, f"nothing to do, {milliseconds:g} ms a call", far)
        # Terraform waits for a load balancer at intervals of its own, a minute here: making is no race with it.
        quick = {name: peer for name, peer in racing.items() if name != Terraform.name}

        def anew(peer: Peer) -> float:
            peer.reset()
            return peer.timed()

        create = rounds_of(quick, rounds, "from nothing", anew)

    def against(name: str, times: Times, other: str, limit: float, ours: str = Central.name) -> Figure:
        return Figure(name, ratio(times[ours], times.get(other, [])), "", limit, why[other])

    return [
        against("noop_ratio_terraform", noop, "terraform", 0.33),
        against("noop_ratio_cli", noop, "cli", 0.5),
        against("noop_far_ratio_terraform", distant, "terraform", 0.33),
        against("create_ratio_cli", create, "cli", 0.5),
        # What five seconds are where Terraform takes 8.84 and the script 6.43, at whatever speed the machine is now.
        against("foundation_ratio_terraform", noop, "terraform", 0.56, Foundation.name),
        against("foundation_ratio_cli", noop, "cli", 0.77, Foundation.name),
        *[Figure(f"noop_s_{name.replace('.', '_')}", median(each), "s") for name, each in noop.items()],
        *[Figure(f"noop_calls_{name.replace('.', '_')}", float(count), "") for name, count in calls.items()],
    ]


def timed(stack: Stack, command: t.Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=stack.environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def warm_task(stack: Stack, work: Path, rounds: int) -> Figure:
    """What one more task costs a playbook that has some."""
    task = {"name": "Look", "central.llm.log_group": {"name": "/bench/warm", "retention_days": 7}}
    commands = []
    for count in (1, 1 + _MORE_TASKS):
        path = work / f"warm-{count}.yml"
        variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables}
        path.write_text(yaml.safe_dump([{**play, "tasks": [task] * count}]), encoding="utf-8")
        commands.append(["ansible-playbook", "-i", "localhost,", str(path)])
    few, many = commands
    timed(stack, few)
    differences = [timed(stack, many) - timed(stack, few) for _round in range(rounds)]
    found = median([difference / _MORE_TASKS * 1000 for difference in differences])
    return Figure("warm_task_ms", found, "ms", 70)


def foundation(stack: Stack, rounds: int) -> list[Figure]:
    """The rooms with nothing to do, and `up` on a session that is up: what is ours of a start."""
    for _once in range(2):
        succeed(stack, "up")
    rooms = ["ansible-playbook", "-i", "inventories/local", str(HERE / "foundation.yml")]
    up = ["ansible-playbook", "-i", "inventories/local", "playbooks/up.yml"]
    timed(stack, rooms)
    stack.forget_calls()
    seconds = [timed(stack, rooms) for _round in range(rounds)]
    calls = len(stack.calls()) / rounds
    return [
        Figure("foundation_noop_s", median(seconds), "s", 5),
        Figure("foundation_noop_calls", calls, ""),
        Figure("up_again_s", median([timed(stack, up) for _round in range(rounds)]), "s", 8),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=80, help="milliseconds that a distant call takes longer")
    parser.add_argument("--only", choices=("race", "own", "audit", "growth"), help="one part")
    parser.add_argument("--work", type=Path, default=ROOT / ".build" / "bench")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    if options.only in (None, "race"):
        figures += race(options.work, options.rounds, options.latency)
    if options.only in (None, "audit"):
        figures += middleware.figures(options.rounds) + ingest.figures(options.rounds)
    if options.only in (None, "own"):
        report("the collection's own times")
        stack = Stack(options.work / "lab")
        try:
            stack.fresh()
            figures.append(warm_task(stack, options.work, options.rounds))
            figures += foundation(stack, options.rounds)
            figures += edge(stack, options.rounds, report)
            figures += session(stack, options.rounds, report)
        finally:
            stack.close()
    if options.only in (None, "growth"):
        stack = Stack(options.work / "growth")
        try:
            stack.fresh()
            figures += growth(stack, report)
        finally:
            stack.close()
    document = {each.name: {"value": each.value, "unit": each.unit, "limit": each.limit} for each in figures}
    (options.work / "results.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    (options.work / "results.md").write_text(table(figures) + "\n", encoding="utf-8")
    report(table(figures))
    report("\n".join(each.line for each in figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
