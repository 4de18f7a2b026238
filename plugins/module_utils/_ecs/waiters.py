# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What Amazon ECS takes its time for, as waiter models."""

from __future__ import annotations

import typing as t

from .._aws import AwsCallError
from .._waiter import Acceptor, on_path, wait_for, waiter_model
from . import api
from .transformations import why_stopped

# botocore's own services_stable gives up after 10 minutes, passes a failed deployment, and cannot say why.
_STABLE: t.Sequence[Acceptor] = (
    on_path("failures[].reason", "MISSING", "failure", "pathAny"),
    on_path("services[].status", "DRAINING", "failure", "pathAny"),
    on_path("services[].status", "INACTIVE", "failure", "pathAny"),
    on_path(
        "services[0].runningCount == services[0].desiredCount && length(services[0].deployments) == `1`",
        True,
        "success",
    ),
)
_IDLE: t.Sequence[Acceptor] = (
    on_path("failures[].reason", "MISSING", "success", "pathAny"),
    on_path("services[0].desiredCount > `0`", True, "failure"),
    on_path("services[0].runningCount == `0` && services[0].pendingCount == `0`", True, "success"),
)
_INACTIVE: t.Sequence[Acceptor] = (
    on_path("failures[].reason", "MISSING", "success", "pathAny"),
    on_path("services[].status", "INACTIVE", "success", "pathAny"),
)

# A cluster that never had a capacity provider has no such status.
_ATTACHED: t.Sequence[Acceptor] = (
    on_path("clusters[0].attachmentsStatus", "UPDATE_FAILED", "failure"),
    on_path("clusters[0].attachmentsStatus != 'UPDATE_IN_PROGRESS'", True, "success"),
)

_FAILED = "services[0].deployments[?rolloutState=='FAILED'].rolloutStateReason"
_LAST_EVENTS = f"[{_FAILED}, services[0].events[:3].message, failures[].reason][]"
# More would hide the message that matters.
_STOPPED_TASKS = 3


def wait_until_stable(client: t.Any, cluster: str, name: str, timeout: int, wanted: api.Answer) -> api.Answer:
    """Until as many tasks run as are desired, all of the one deployment that is wanted; the service as it is then.

    A failure says what stopped the tasks.
    """
    description = f"the service {name} to run its desired count"
    deployment = next((one["id"] for one in wanted["deployments"] if one["status"] == "PRIMARY"), "")
    try:
        _wait(client, _stable(deployment), cluster, name, description, timeout)
        return _same_revision(api.find_service(client, cluster, name), wanted)
    except AwsCallError as error:
        stopped = _stopped_tasks(client, cluster, name)
        if not stopped:
            raise
        message = f"{error.message}. Tasks that stopped: {' | '.join(stopped)}"
        raise AwsCallError(message=message, exception=error.exception) from error


def wait_until_idle(client: t.Any, cluster: str, name: str, timeout: int) -> None:
    _wait(client, _IDLE, cluster, name, f"the tasks of the service {name} to stop", timeout)


def wait_until_inactive(client: t.Any, cluster: str, name: str, timeout: int) -> None:
    _wait(client, _INACTIVE, cluster, name, f"the service {name} to be deleted", timeout)


def wait_until_attached(client: t.Any, cluster: str, timeout: int) -> None:
    """Until the cluster has its capacity providers: AWS takes no other change of them before."""
    wait_for(
        client,
        waiter_model("DescribeClusters", _ATTACHED, delay=3),
        description=f"the capacity providers of the cluster {cluster} to be attached",
        timeout=timeout,
        reason="clusters[].attachments[].[type, status][] || failures[].reason",
        clusters=[cluster],
        include=["ATTACHMENTS"],
    )


def _stable(deployment: str) -> list[Acceptor]:
    """Where the circuit breaker goes back, the failed deployment is no longer PRIMARY.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    judged = f"services[].deployments[?status=='PRIMARY' || id=='{deployment}'][].rolloutState"
    return [on_path(judged, "FAILED", "failure", "pathAny"), *_STABLE]


def _same_revision(now: api.Answer | None, wanted: api.Answer) -> api.Answer:
    """A failed deployment is shown no longer than its tasks: a service that went back may look stable at once."""
    if now is None:
        raise AwsCallError(message=f"The service {wanted['serviceName']} was deleted meanwhile", exception=None)
    runs, asked = now.get("taskDefinition"), wanted.get("taskDefinition")
    if runs != asked:
        failed = [one for one in now["deployments"] if one.get("rolloutState") == "FAILED"]
        said = [*(one["rolloutStateReason"] for one in failed), *(event["message"] for event in now["events"][:3])]
        message = f"The service {now['serviceName']} runs {runs}, and was asked to run {asked}: {', '.join(said)}"
        raise AwsCallError(message=message, exception=None)
    return now


def _wait(
    client: t.Any, acceptors: t.Sequence[Acceptor], cluster: str, name: str, description: str, timeout: int
) -> None:
    wait_for(
        client,
        waiter_model("DescribeServices", acceptors, delay=3),
        description=description,
        timeout=timeout,
        reason=_LAST_EVENTS,
        cluster=cluster,
        services=[name],
    )


def _stopped_tasks(client: t.Any, cluster: str, name: str) -> list[str]:
    try:
        arns = api.list_tasks(client, cluster, name, "STOPPED")
        tasks = api.describe_tasks(client, cluster, arns)
    except AwsCallError:
        # The failure that is being explained matters more than its explanation.
        return []
    newest_first = sorted(tasks, key=lambda task: str(task.get("stoppedAt", "")), reverse=True)
    return [why_stopped(task) for task in newest_first[:_STOPPED_TASKS]]


__all__ = ("wait_until_attached", "wait_until_idle", "wait_until_inactive", "wait_until_stable")
