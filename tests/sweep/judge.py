"""What a run has to show. Pure: each function returns the complaints in words."""

from __future__ import annotations

import re
import typing as t

from .cases import Chain
from .stack import Run, Strike

Inventory = t.Mapping[str, t.Sequence[str]]

# An unused snapshot more for the answer that was lost, and one for the run that was cut off after it.
MOST_DEPLOYMENTS = 3
_CRASHES = ("Traceback (most recent call last)", "MODULE FAILURE")
_MAY_RUN = "HOSTS MAY STILL RUN"
# A run that failed when there was something to end says so, and whether it did.
_ENDS = "The service did not come up"


def words(output: str) -> str:
    """The output without line breaks and indentation, which Ansible puts anywhere."""
    return " ".join(output.split())


def complaints_of_failure(
    chain: Chain, strike: Strike, run: Run, hosts: t.Sequence[str], before: t.Sequence[str] = ()
) -> list[str]:
    """About a run that was struck once, whether it failed or rode it out.

    Hosts that were there before are such that an earlier run was refused to end, and told of: one that failed before
    it came to anything that has to be ended answers for its own.
    """
    text, found = words(run.output), []
    if chain.kind in ("denied", "denied-on") and strike.action not in text:
        found.append(f"nothing names the missing action {strike.action}")
    if run.status == 0:
        alone = chain.playbook == "down" or len(hosts) == 1
        return found if alone else [*found, f"it succeeded with the hosts {hosts}"]
    if run.status not in (1, 2):
        found.append(f"it ended with the status {run.status}")
    ours = [host for host in hosts if host not in before or _ENDS in text]
    if ours and chain.playbook == "up" and not (chain.kind == "denied-on" and _MAY_RUN in text):
        found.append(f"hosts are left running: {ours}")
    return found


def complaints_of_output(run: Run, secrets: t.Iterable[str]) -> list[str]:
    found = [f"the output holds {crash!r}" for crash in _CRASHES if crash in run.output]
    if any(secret and secret in run.output for secret in secrets):
        found.append("the output shows a secret")
    return found


def differences(expected: Inventory, found: Inventory) -> list[str]:
    return [
        f"{kind}: {list(found.get(kind, []))} instead of {list(expected.get(kind, []))}"
        for kind in sorted({*expected, *found})
        if list(expected.get(kind, [])) != list(found.get(kind, []))
    ]


def duplicates(inventory: Inventory) -> list[str]:
    return [f"{kind}: {list(names)}" for kind, names in inventory.items() if len(set(names)) != len(names)]


def changes(run: Run) -> list[str]:
    """About a run that should have had nothing to do: each task that changed something, and on what."""
    found, task = [], ""
    for line in run.output.splitlines():
        if named := re.match(r"TASK \[(.*)\] \*", line):
            task = named[1]
        elif changed := re.match(r"changed: \[localhost\](?: => (.*))?", line):
            found.append(f"it changes: {task} {changed[1] or ''}".rstrip())
    if run.status or (run.changed and not found):
        found.append(f"it ended with the status {run.status} and {run.changed} changes")
    return found


def tail(output: str, count: int = 30) -> str:
    """The part that says what went wrong: the last lines with the last failed task in front of them."""
    lines = output.splitlines()
    failed = [index for index, line in enumerate(lines) if re.match(r"\[ERROR\]|fatal:", line)]
    start = min(failed[-1] if failed else len(lines), max(len(lines) - count, 0))
    return "\n".join(lines[start:])
