# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""How far hosts and engines have come on their way from a launch to an answer. Pure.

Each phase is reached once the one before is. Where AWS notes when that was, its note counts, not the look at it.
"""

from __future__ import annotations

import datetime
import re
import typing as t

Answer = t.Mapping[str, t.Any]

INSTANCES, AGENTS, IMAGE, TASKS, ENGINE, TARGETS = PHASES = (
    "instances",
    "agents",
    "image",
    "tasks",
    "engine",
    "targets",
)
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
_CRASHES = ("EssentialContainerExited", "TaskFailedToStart")
# A registry that says so will say so again; a network that failed may not.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
_NO_IMAGE = re.compile(
    r"CannotPull\w+: .*(?:not found|not exist|manifest unknown|access denied|invalid reference)", re.DOTALL
)
_ALIVE = ("pending", "running")


class Wanted(t.NamedTuple):
    engines: int
    gpus: int
    crash_budget: int
    # What happened before belongs to another session.
    since: datetime.datetime | None


class Seen(t.NamedTuple):
    """AWS's answers; a later one is not asked for as long as an earlier phase is not reached."""

    instances: t.Sequence[Answer]
    container_instances: t.Sequence[Answer] = ()
    tasks: t.Sequence[Answer] = ()
    events: t.Sequence[Answer] = ()
    targets: t.Sequence[Answer] = ()


class Phase(t.NamedTuple):
    name: str
    reached: bool
    progress: str
    at: datetime.datetime | None = None


def judge(seen: Seen, wanted: Wanted) -> list[Phase]:
    """The phases in their order, up to the first that is not reached."""
    found: list[Phase] = []
    for step in (_instances, _agents, _image, _tasks, _engine, _targets):
        found.append(step(seen, wanted))
        if not found[-1].reached:
            break
    return found


def hopeless(seen: Seen, wanted: Wanted) -> str:
    """Why no patience will help; empty where it may."""
    alive = [each for each in seen.instances if _state(each) in _ALIVE]
    ended = [each for each in seen.instances if _state(each) not in _ALIVE and _is_new(each.get("LaunchTime"), wanted)]
    if ended and len(alive) < wanted.engines:
        reasons = [
            f"{each['InstanceId']}: {each.get('StateReason', {}).get('Message', _state(each))}" for each in ended
        ]
        return f"A host ended by itself. {'; '.join(reasons)}."
    without = [each for each in _connected(seen) if _gpus(each) < wanted.gpus]
    if without:
        told = ", ".join(f"{each.get('ec2InstanceId')} {_gpus(each)}" for each in without)
        return (
            f"The engine needs {wanted.gpus} GPU(s), and these hosts registered fewer: {told}. Their image must be one "
            "with ECS's GPU support, and their type one with GPUs."
        )
    crashed = crashes(seen, wanted)
    missing = [each for each in crashed if _NO_IMAGE.search(why(each))]
    if missing:
        return f"The engine's image cannot be had. {why(missing[0])}."
    if len(crashed) >= wanted.crash_budget:
        reasons = list(dict.fromkeys(why(each) for each in crashed))
        return f"{len(crashed)} crashes of the engine's task: {' | '.join(reasons)}."
    return ""


def crashes(seen: Seen, wanted: Wanted) -> list[Answer]:
    """Tasks that ended on their own in this session, not because they were told to."""
    stopped = (each for each in seen.tasks if each.get("lastStatus") == "STOPPED" and each.get("stopCode") in _CRASHES)
    return [each for each in stopped if _is_new(each.get("createdAt"), wanted)]


def why(task: Answer) -> str:
    """What AWS says about a stopped task, its containers' words too."""
    reasons = [task.get("stoppedReason") or task.get("stopCode") or "stopped"]
    for each in task.get("containers", []):
        code = f"exit code {each['exitCode']}" if each.get("exitCode") is not None else ""
        told = ", ".join(filter(None, [code, each.get("reason")]))
        if told and told not in reasons[0]:
            reasons.append(f"{each.get('name')}: {told}")
    return "; ".join(reasons)


def _instances(seen: Seen, wanted: Wanted) -> Phase:
    running = [each for each in seen.instances if _state(each) == "running"]
    return Phase(INSTANCES, len(running) >= wanted.engines, f"{len(running)} of {wanted.engines} hosts run")


def _agents(seen: Seen, wanted: Wanted) -> Phase:
    connected = [each for each in _connected(seen) if _gpus(each) >= wanted.gpus]
    progress = f"{len(connected)} of {wanted.engines} agents are connected"
    return Phase(AGENTS, len(connected) >= wanted.engines, progress, _last(connected, "registeredAt"))


def _image(seen: Seen, wanted: Wanted) -> Phase:
    tasks = _asked_for(seen)
    # An image that was baked in is not pulled, and then nothing is noted.
    present = [each for each in tasks if each.get("pullStoppedAt") or each.get("lastStatus") == "RUNNING"]
    progress = f"{len(present)} of {wanted.engines} hosts have the image"
    if len(present) < wanted.engines:
        states = ", ".join(sorted(each.get("lastStatus", "") for each in tasks)) or "none placed yet"
        progress += f"; tasks: {states}{_complaint(seen, wanted)}"
    return Phase(IMAGE, len(present) >= wanted.engines, progress, _last(present, "pullStoppedAt"))


def _tasks(seen: Seen, wanted: Wanted) -> Phase:
    running = _running(seen)
    progress = f"{len(running)} of {wanted.engines} tasks run{_complaint(seen, wanted)}"
    return Phase(TASKS, len(running) >= wanted.engines, progress, _last(running, "startedAt"))


def _engine(seen: Seen, wanted: Wanted) -> Phase:
    """The container's own health check says so, or, where there is none, the balancer's."""
    healthy = [each for each in _running(seen) if each.get("healthStatus") == "HEALTHY"]
    reached = max(len(healthy), len(_healthy(seen)))
    crashed = len(crashes(seen, wanted))
    note = f"; crashed so far: {crashed}" if crashed else ""
    progress = f"{reached} of {wanted.engines} engines have loaded the model{note}"
    return Phase(ENGINE, reached >= wanted.engines, progress)


def _targets(seen: Seen, wanted: Wanted) -> Phase:
    healthy = _healthy(seen)
    others = {each["TargetHealth"].get("Description", "") for each in _own(seen) if each not in healthy} - {""}
    note = f"; {' | '.join(sorted(others))}" if others else ""
    progress = f"{len(healthy)} of {wanted.engines} targets are healthy{note}"
    return Phase(TARGETS, len(healthy) >= wanted.engines, progress)


def _complaint(seen: Seen, wanted: Wanted) -> str:
    """What the service says last, where it is a complaint of this session."""
    new = [each for each in seen.events if _is_new(each.get("createdAt"), wanted)]
    last = max(new, key=lambda each: each["createdAt"], default=None)
    return f"; {last['message']}" if last and "unable" in last["message"] else ""


def _connected(seen: Seen) -> list[Answer]:
    return [each for each in seen.container_instances if each.get("agentConnected") and each.get("status") == "ACTIVE"]


def _gpus(container_instance: Answer) -> int:
    resources = container_instance.get("registeredResources", [])
    return sum(len(each.get("stringSetValue") or []) for each in resources if each.get("name") == "GPU")


def _asked_for(seen: Seen) -> list[Answer]:
    return [each for each in seen.tasks if each.get("desiredStatus") == "RUNNING"]


def _running(seen: Seen) -> list[Answer]:
    return [each for each in _asked_for(seen) if each.get("lastStatus") == "RUNNING"]


def _healthy(seen: Seen) -> list[Answer]:
    return [each for each in _own(seen) if each["TargetHealth"]["State"] == "healthy"]


def _own(seen: Seen) -> list[Answer]:
    """The targets that are hosts: another instance that answers says nothing about these."""
    hosts = {each["InstanceId"] for each in seen.instances if _state(each) == "running"}
    return [each for each in seen.targets if each["Target"]["Id"] in hosts]


def _state(instance: Answer) -> str:
    return str(instance["State"]["Name"])


def _is_new(moment: datetime.datetime | None, wanted: Wanted) -> bool:
    return wanted.since is None or (moment is not None and moment >= wanted.since)


def _last(answers: t.Iterable[Answer], name: str) -> datetime.datetime | None:
    return max((each[name] for each in answers if each.get(name)), default=None)


__all__ = ("PHASES", "Phase", "Seen", "Wanted", "crashes", "hopeless", "judge", "why")
