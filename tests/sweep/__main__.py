"""`python -m tests.sweep`: see README.md."""

from __future__ import annotations

import argparse
import datetime
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cases as all_cases
from . import leases
from .results import RED, Store, summary
from .stack import Stack
from .sweep import ROOT, Broken, Recording, Sweep, record, sweep, try_draws

# How many calls the sample draws from: about as many as a clean run makes.
SAMPLED_CALLS = 200


def report(line: str) -> None:
    print(line, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sweep", description=__doc__)
    parser.add_argument("--playbook", choices=all_cases.PLAYBOOKS, action="append", help="one of them only")
    parser.add_argument("--kind", choices=all_cases.KINDS, action="append", help="one kind of fault only")
    parser.add_argument("--operation", default="", help="one operation only, such as ec2.CreateSecurityGroup")
    parser.add_argument("--shard", default="1/1", help="i/n: the i-th of n parts of all cases")
    parser.add_argument("--labs", type=int, default=1, help="labs side by side")
    parser.add_argument("--chain", type=int, default=20, help="strikes on one stack before a run has to finish on it")
    parser.add_argument("--again", action="store_true", help="try green cases again, too")
    parser.add_argument(
        "--record", action="store_true", help="record the calls anew, as after a change of the playbooks"
    )
    parser.add_argument("--limit", type=int, help="at most so many task boundaries")
    parser.add_argument("--work", type=Path, default=ROOT / ".build" / "sweep", help="folder of results and labs")
    parser.add_argument("--sample", action="store_true", help="two faults, drawn by chance, in about two minutes")
    parser.add_argument(
        "--leases", action="store_true", help="crash a session at each task boundary and leave it; --shard takes a part"
    )
    parser.add_argument("--seed", type=int, help="what the sample draws with; without, today's date")
    return parser.parse_args()


def sample(work: Path, seed: int | None) -> int:
    seed = int(f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%d}") if seed is None else seed
    drawn = all_cases.draws(seed, 2, SAMPLED_CALLS)
    report(f"sample with the seed {seed} (python -m tests.sweep --sample --seed {seed})")
    stack = Stack(work / "lab-sample")
    try:
        problems = try_draws(stack, drawn, report)
    finally:
        stack.close()
    report("\n".join(problems) or "The next up finished, with one of each.")
    return 1 if problems else 0


def days_of_sessions(options: argparse.Namespace) -> int:
    work = options.work / "leases"
    if options.record:
        (work / "boundaries.txt").unlink(missing_ok=True)
    whole = leases.SAMPLE if options.sample else leases.all_boundaries(work, report)
    crashes = leases.chosen(whole, options.shard)
    # The sample is tried each time.
    store = Store(work / ("sample.jsonl" if options.sample else "results.jsonl"))
    known = {} if options.sample or options.again else store.latest()
    trying = [crash for crash in crashes if str(crash) not in known or known[str(crash)].verdict == RED]
    trying = trying[: options.limit]
    report(f"{len(crashes)} boundaries, trying {len(trying)}, in {options.labs} lab(s)")
    with ThreadPoolExecutor(options.labs) as labs:
        days = [
            labs.submit(leases.one_day, work / f"lab-{number}", trying[number :: options.labs], store, report)
            for number in range(options.labs)
        ]
    problems = [f"{result.case}: {problem}" for day in days for result in day.result() for problem in result.problems]
    report("\n".join(problems) or "No host outlived its lease.")
    return 1 if problems else 0


def recorded(options: argparse.Namespace) -> Recording:
    path = options.work / "recording.json"
    known = None if options.record else Recording.read(path)
    if known is not None:
        return known
    report("recording a clean up and down")
    stack = Stack(options.work / "lab-0")
    try:
        found = record(stack)
    finally:
        stack.close()
    found.write(path)
    return found


def chains_of_strikes(options: argparse.Namespace) -> int:
    index, _, count = options.shard.partition("/")
    parts = int(count or 1) * options.labs
    chosen = all_cases.chains(parts, options.playbook or all_cases.PLAYBOOKS, options.kind or all_cases.KINDS)
    chosen = all_cases.shard(chosen, int(index), int(count or 1))
    store = Store(options.work / "results.jsonl")
    done = set() if options.again else store.green()
    trying = [chain for chain in chosen if str(chain) not in done]
    report(f"{len(chosen)} chains, trying {len(trying)} in {options.labs} lab(s), {len(done)} cases are green already")
    try:
        todo = Sweep(recorded(options), store, options.work, report, options.chain, options.operation, done)
    except Broken as broken:
        report(str(broken))
        return 1
    broken = sweep(trying, todo, options.labs)
    known = store.latest().values()
    report(summary(known))
    red = [f"red: {result.case}" for result in known if result.verdict == RED]
    report("\n".join([*red, *broken]) or "no red case")
    return 1 if red or broken else 0


def main() -> int:
    options = arguments()
    # However it is ended, the labs end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.leases:
        return days_of_sessions(options)
    if options.sample:
        return sample(options.work, options.seed)
    return chains_of_strikes(options)


if __name__ == "__main__":
    sys.exit(main())
