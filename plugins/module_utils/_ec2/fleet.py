# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Starts hosts down the capacity ladder."""

from __future__ import annotations

import time
import typing as t

from .._aws import AwsCallError, error_code
from . import api
from .ladder import ATTEMPT_TIMEOUT, REFUSALS, Attempt, Rung, client_token, fleet_request, refusals, started
from .waiters import wait_settled, wait_visible

# A refusal that AWS repeats, though it was given before this run asked, is asked for again this often.
_MOST_ATTEMPTS = 10
# The Date of an answer has whole seconds.
_DATE_SLACK = 2.0

COUNTED = ("pending", "running")
NOT_COUNTED = ("stopping", "stopped", "shutting-down")


class Launch(t.NamedTuple):
    """What is to be started; `situation` is whatever makes this request another one than the last."""

    rungs: list[Rung]
    left_out: list[Attempt]
    wanted: int
    template: str
    version: str
    tags: dict[str, str]
    situation: dict[str, t.Any]
    attempt_timeout: int | None = None


class NotEnough(Exception):
    """The ladder has ended and hosts are still missing."""

    def __init__(self, count: int, instance_ids: t.Sequence[str], attempts: t.Sequence[Attempt]) -> None:
        self.instance_ids = list(instance_ids)
        self.attempts = list(attempts)
        got = f"only {len(instance_ids)} ({', '.join(instance_ids)})" if instance_ids else "none"
        reasons = "; ".join(str(attempt) for attempt in attempts)
        super().__init__(
            f"{count} host(s) were to be started, AWS started {got}. {reasons}. "
            "Try again later, or list further instance types and subnets in overrides; "
            "a VcpuLimitExceeded needs a higher quota (Service Quotas, EC2)."
        )


def launch_missing(client: t.Any, launch: Launch, *, timeout: int) -> tuple[list[str], list[Attempt]]:
    """Ask rung by rung until all are started; the ids of the new hosts, and why rungs gave none."""
    instance_ids: list[str] = []
    attempts = list(launch.left_out)
    for position, rung in enumerate(launch.rungs):
        missing = launch.wanted - len(instance_ids)
        if missing <= 0:
            break
        new, refused = _ask(client, launch, position, rung, missing)
        failed: list[Attempt] = []
        if new and launch.attempt_timeout is not None:
            new, failed = _settle(client, rung, new, launch.attempt_timeout)
        instance_ids += new
        attempts += [*refused, *failed]
    if instance_ids:
        wait_visible(client, instance_ids, timeout=timeout)
    if len(instance_ids) < launch.wanted:
        raise NotEnough(launch.wanted, instance_ids, attempts)
    return instance_ids, attempts


def host(instance: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """An instance of DescribeInstances in the shape that the module returns."""
    launched = instance.get("LaunchTime")
    return {
        "id": instance["InstanceId"],
        "type": instance["InstanceType"],
        "subnet_id": instance.get("SubnetId", ""),
        "availability_zone": instance.get("Placement", {}).get("AvailabilityZone", ""),
        "state": instance["State"]["Name"],
        "private_ip": instance.get("PrivateIpAddress", ""),
        "launched_at": launched.isoformat() if launched else "",
        "lifecycle": instance.get("InstanceLifecycle", "on-demand"),
    }


def _ask(client: t.Any, launch: Launch, position: int, rung: Rung, count: int) -> tuple[list[str], list[Attempt]]:
    new: list[str] = []
    refused: list[Attempt] = []
    for attempt in range(_MOST_ATTEMPTS):
        token = client_token(rung, count, position, attempt, now=time.time(), **launch.situation)
        request = fleet_request(
            rung, count, template=launch.template, version=launch.version, tags=launch.tags, token=token
        )
        asked = time.monotonic()
        try:
            answer = api.create_fleet(client, what=f"{count} host(s): {rung}", request=request)
        except AwsCallError as error:
            if error_code(error) not in REFUSALS:
                raise
            details = error.exception.response["Error"]
            return [], [Attempt(rung, details["Code"], details.get("Message", ""))]
        new, refused = started(answer), refusals(rung, answer)
        if new or not _is_repeated(client, answer, asked):
            break
    _raise_if_denied(refused)
    return new, refused


def _settle(client: t.Any, rung: Rung, instance_ids: list[str], timeout: int) -> tuple[list[str], list[Attempt]]:
    """Those of a rung's hosts that run in time, and why the others do not; what does not run is ended.

    A launch that AWS has accepted can still fail, and says so in the state reason alone.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
    """
    in_time = wait_settled(client, instance_ids, timeout=timeout)
    found = {item["InstanceId"]: item for item in api.read_instances(client, instance_ids)}
    running = [one for one in instance_ids if found.get(one, {}).get("State", {}).get("Name") == "running"]
    failed = [one for one in instance_ids if one not in running]
    alive = [one for one in failed if found.get(one, {}).get("State", {}).get("Name") != "terminated"]
    if alive:
        api.terminate_instances(client, alive)
    late = {"Code": ATTEMPT_TIMEOUT, "Message": f"The host did not run within {timeout} s and was terminated."}
    reasons = [found.get(one, {}).get("StateReason", late) if in_time else late for one in failed]
    told = {(reason.get("Code", ""), reason.get("Message", "")): None for reason in reasons}
    return running, [Attempt(rung, code, message) for code, message in told]


def _is_repeated(client: t.Any, answer: t.Mapping[str, t.Any], asked: float) -> bool:
    """Whether AWS gave an earlier run's refusal again: the fleet is then older than the request."""
    age = api.age_of_fleet(client, answer["FleetId"]) if answer.get("FleetId") else None
    return age is not None and age > time.monotonic() - asked + _DATE_SLACK


def _raise_if_denied(refused: t.Sequence[Attempt]) -> None:
    """CreateFleet was allowed, what it does in the caller's name was not; no other rung will help."""
    for attempt in refused:
        if attempt.error_code.startswith(("UnauthorizedOperation", "AuthFailure", "AccessDenied")):
            raise AwsCallError(
                message=f"Failed to start {attempt}. The caller lacks an IAM action that CreateFleet needs: "
                "ec2:RunInstances, ec2:CreateTags, iam:PassRole for the template's instance profile, or for spot hosts "
                "iam:CreateServiceLinkedRole"
            )


__all__ = ("COUNTED", "NOT_COUNTED", "Launch", "NotEnough", "host", "launch_missing")
