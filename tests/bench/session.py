"""A session's start on a converged stack: ours, the checklist's by hand, and what AWS takes in any case."""

from __future__ import annotations

import shutil
import subprocess
import time
import typing as t

from tests.sweep.stack import STACK, Stack

from .figures import Figure, median, ratio
from .peers import HERE
from .playing import succeed

_CLUSTER, _SERVICE = f"{STACK}-service-cluster", f"{STACK}-service"
_LOOK_EVERY_S = 0.05
_LIMIT_S = 120


def ours(stack: Stack) -> None:
    succeed(stack, "up")


def by_hand(stack: Stack) -> None:
    api = next(each for each in stack.client("apigateway").get_rest_apis()["items"] if each["name"].startswith(STACK))
    url = f"{stack.environment['LAB_EDGE_URL']}/restapis/{api['id']}/prod/_user_request_/v1"
    environment = {**stack.environment, "BENCH_URL": url, "AWS_PAGER": ""}
    subprocess.run(["bash", HERE / "launch.sh"], env=environment, check=True)


def at_once(stack: Stack) -> None:
    """The same two calls, looked at twenty times a second: boot, image, model, health checks, and nothing of ours."""
    ec2, ecs, elbv2 = (stack.client(service) for service in ("ec2", "ecs", "elbv2"))
    [group] = elbv2.describe_target_groups(Names=[f"{STACK}-nlb-tg"])["TargetGroups"]
    template = {"LaunchTemplateName": f"{STACK}-launch-template"}
    ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)
    ecs.update_service(cluster=_CLUSTER, service=_SERVICE, desiredCount=1)
    limit = time.monotonic() + _LIMIT_S
    while True:
        found = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        if [each["TargetHealth"]["State"] for each in found] == ["healthy"]:
            return
        if time.monotonic() > limit:
            raise SystemExit(f"no healthy target after {_LIMIT_S} s: {found}")
        time.sleep(_LOOK_EVERY_S)


def session(stack: Stack, rounds: int, report: t.Callable[[str], None]) -> list[Figure]:
    starts: dict[str, t.Callable[[Stack], None]] = {"central.llm": ours, "at once": at_once}
    if shutil.which("aws"):
        starts["by hand"] = by_hand
    times: dict[str, list[float]] = {name: [] for name in starts}
    # What other figures have changed is converged once: a session starts on a stack where nothing is left to do.
    ours(stack)
    for number in range(1, rounds + 1):
        for name, start in starts.items():
            succeed(stack, "down")
            began = time.perf_counter()
            start(stack)
            times[name].append(time.perf_counter() - began)
        report(f"  a session, round {number}: " + ", ".join(f"{name} {each[-1]:.2f} s" for name, each in times.items()))
    own, least, hand = times["central.llm"], times["at once"], times.get("by hand", [])
    missing = "" if hand else "the AWS CLI is not installed"
    return [
        Figure("session_s", median(own), "s"),
        Figure("session_least_s", median(least), "s"),
        Figure("session_overhead_s", median([our - aws for our, aws in zip(own, least, strict=True)]), "s", 8),
        Figure("session_by_hand_s", median(hand), "s", missing=missing),
        Figure("session_ratio_by_hand", ratio(own, hand), "", missing=missing),
    ]
