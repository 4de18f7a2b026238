"""A day of sessions, each of which crashes somewhere and is then left alone: never does a host outlive its lease.

The playbook is killed before its n-th task, the laptop is gone for good, and the lab's clock goes on to five minutes
after the end of the lease. What is left then is read with plain boto3. The receipts, which a `down` or the next `up`
writes, are held against what EC2 says of the hosts.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .results import GREEN, RED, Result, Store
from .stack import ROOT, STACK, Run, Stack

# As short as a whole start on a slow machine allows.
HOURS = 0.15
GRACE = timedelta(minutes=5)
LEASE_TAG = "central-llm:lease-until"
_LIVE = ["pending", "running", "stopping", "stopped"]
# A run that was killed holds the lock until it lapses: the next one takes it.
_OPTIONS = {"llm_session_hours": HOURS, "llm_state_lock_force": True}
# An `up` that is to be killed goes through all of its tasks, also where nothing has changed since the last one.
_WHOLE = {"llm_session_converge": "always"}
Report = t.Callable[[str], None]
# "User initiated (2026-11-23 10:00:00 GMT)"
_ENDED = re.compile(r"\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) GMT\)")
# Receipts are rounded to four digits of an hour, and AWS tells whole seconds.
_EXACT_HOURS = 2 / 3600


class Crash(t.NamedTuple):
    playbook: str
    # The task's name, and the how-manieth of that name it is, from 1.
    at: str

    def __str__(self) -> str:
        return f"{self.playbook} killed before {self.at}"

    @classmethod
    def read(cls, text: str) -> Crash:
        playbook, _, at = text.partition(" killed before ")
        return cls(playbook, at)


class Day:
    def __init__(self, stack: Stack, report: Report, receipts: Path) -> None:
        self._stack = stack
        self._report = report
        self._receipts = receipts
        shutil.rmtree(receipts, ignore_errors=True)
        self._callbacks = {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/sweep/callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "crash",
        }

    def play(self, playbook: str, *, whole: bool = False, **environment: str) -> Run:
        options = {
            **_OPTIONS,
            **(_WHOLE if whole and playbook == "up" else {}),
            "llm_session_receipt_folder": str(self._receipts),
        }
        with self._stack.having({**self._callbacks, **environment}):
            return self._stack.play(playbook, "-e", json.dumps(options))

    def boundaries(self, work: Path) -> list[Crash]:
        """The task boundaries of an `up` and a `down` that go well."""
        found = []
        for playbook in ("up", "down"):
            names = work / f"tasks-of-{playbook}"
            names.parent.mkdir(parents=True, exist_ok=True)
            names.unlink(missing_ok=True)
            run = self.play(playbook, whole=True, SWEEP_TASKS=str(names))
            if run.status:
                raise RuntimeError(f"{playbook} without a crash ended with {run.status}:\n{run.output[-3000:]}")
            found += [Crash(playbook, task) for task in names.read_text(encoding="utf-8").splitlines()]
        return found

    def session(self, crash: Crash, *, down: bool) -> Result:
        """One session that crashes; finds what is wrong five minutes after its lease, and of the receipts by then.

        Without a `down` at the end, the next session begins on what this one has left, and writes its receipt.
        """
        started = time.monotonic()
        self._stack.move_clock(reset=True)
        problems = []
        if crash.playbook == "down":
            run = self.play("up")
            if run.status:
                problems.append(f"the up before it ended with {run.status}:\n{run.output[-3000:]}")
        run = self.play(crash.playbook, whole=True, SWEEP_CRASH_AT=crash.at)
        if run.status >= 0:
            problems.append(f"it was not killed, and ended with {run.status}:\n{run.output[-3000:]}")
        hosts = self._hosts()
        problems += [f"{host} runs without a lease" for host, until in hosts.items() if until is None]
        ends = [_moment(until) for until in hosts.values() if until]
        now = self._stack.move_clock()
        last = max(ends, default=now)
        self._stack.move_clock(advance_seconds=max(0.0, (last + GRACE - now).total_seconds()))
        problems += [f"{host} is alive {GRACE} after its lease" for host in self._hosts()]
        if hosts:
            problems += self._left()
        if down:
            run = self.play("down")
            problems += [f"the down after it ended with {run.status}:\n{run.output[-3000:]}"] if run.status else []
            unaccounted = hosts.keys() - self._accounted()
            problems += [f"no receipt tells of {host}" for host in unaccounted]
        problems += self._false_receipts()
        self._report(f"{crash}: {len(hosts)} host(s), {'; '.join(problems) or 'none is left'}")
        return Result(
            str(crash), RED if problems else GREEN, problems, run.status, round(time.monotonic() - started, 1)
        )

    def _hosts(self) -> dict[str, str | None]:
        """The live hosts and what their lease's tag says."""
        pages = (
            self._stack.client("ec2")
            .get_paginator("describe_instances")
            .paginate(
                Filters=[
                    {"Name": "tag:central-llm:stack", "Values": [STACK]},
                    {"Name": "instance-state-name", "Values": _LIVE},
                ]
            )
        )
        return {
            instance["InstanceId"]: {tag["Key"]: tag["Value"] for tag in instance["Tags"]}.get(LEASE_TAG)
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        }

    def _accounted(self) -> set[str]:
        return {host["id"] for receipt in self._receipts.glob("*.json") for host in _read(receipt)["hosts"]}

    def _false_receipts(self) -> list[str]:
        pages = self._stack.client("ec2").get_paginator("describe_instances").paginate()
        launches = (launch for page in pages for launch in page["Reservations"])
        there = {host["InstanceId"]: host for launch in launches for host in launch["Instances"]}
        return [
            f"{receipt.name} says of {host['id']} {host['hours']} hours, and EC2 {ran:.4f}"
            for receipt in sorted(self._receipts.glob("*.json"))
            for host in _read(receipt)["hosts"]
            if abs(host["hours"] - (ran := _hours(there[host["id"]]))) > _EXACT_HOURS
        ]

    def _left(self) -> list[str]:
        """What an expiry leaves beyond what `down` leaves."""
        left = [
            f"the schedule {each['Name']}" for each in self._stack.client("scheduler").list_schedules()["Schedules"]
        ]
        for queue in self._stack.client("sqs").list_queues().get("QueueUrls", []):
            asked = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"]}
            count = self._stack.client("sqs").get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"]
            left += [f"{count} dead letter(s)"] if count != "0" else []
        ecs = self._stack.client("ecs")
        for cluster in ecs.list_clusters()["clusterArns"]:
            names = ecs.list_services(cluster=cluster)["serviceArns"]
            services = ecs.describe_services(cluster=cluster, services=names)["services"] if names else []
            left += [f"{each['serviceName']} wants {each['desiredCount']}" for each in services if each["desiredCount"]]
        return [f"left: {what}" for what in left]


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _read(receipt: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(receipt.read_text(encoding="utf-8")))


def _hours(instance: dict[str, t.Any]) -> float:
    """How long a host ran, by EC2."""
    said = _ENDED.search(instance["StateTransitionReason"])
    if not said:
        raise ValueError(f"EC2 does not say when {instance['InstanceId']} ended: {instance['StateTransitionReason']!r}")
    ended = _moment(f"{said[1]}T{said[2]}Z")
    return float((ended - instance["LaunchTime"]).total_seconds() / 3600)


def chosen(crashes: t.Sequence[Crash], part: str) -> list[Crash]:
    """`i/n`: the i-th of n parts, each of which goes through the whole of `up` and `down`."""
    index, _, count = part.partition("/")
    return list(crashes)[int(index) - 1 :: int(count or 1)]


def one_day(work: Path, crashes: t.Sequence[Crash], store: Store, report: Report) -> list[Result]:
    """The sessions one after the other in a lab of its own, which is left for a new one where something went wrong."""
    stack = Stack(work / "lab-leases")
    results: list[Result] = []
    try:
        for number, crash in enumerate(crashes, 1):
            if not results or results[-1].verdict == RED:
                stack.fresh()
                day = Day(stack, report, work / "receipts")
            # Every second session is left to the next one, and the last one to nobody.
            results.append(day.session(crash, down=number % 2 == 0 or number == len(crashes)))
            store.add(results[-1])
    finally:
        stack.close()
    return results


def all_boundaries(work: Path, report: Report) -> list[Crash]:
    """Those of a clean run, which are kept: a day that was interrupted goes on where it was."""
    kept = work / "boundaries.txt"
    if not kept.exists():
        stack = Stack(work / "lab-leases")
        try:
            stack.fresh()
            found = Day(stack, report, work / "receipts").boundaries(work)
        finally:
            stack.close()
        kept.write_text("".join(f"{crash}\n" for crash in found), encoding="utf-8")
    return [Crash.read(line) for line in kept.read_text(encoding="utf-8").splitlines()]


# Where most is at stake: right after the launch, before there is a schedule; with one, before there is a service; in
# the middle of ending.
SAMPLE = (
    Crash("up", "Hold the lease, before anything else#1"),
    Crash("up", "central.llm.llm_balancer : Keep only live hosts registered#1"),
    Crash("down", "central.llm.llm_host : Terminate every host of the stack#1"),
)
