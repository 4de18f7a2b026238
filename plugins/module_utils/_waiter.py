# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Waiting as data: botocore waiter models, with a limit in seconds and the reason of a failure in words."""

from __future__ import annotations

import copy
import typing as t

try:
    import jmespath
    from botocore.exceptions import ClientError, WaiterError
    from botocore.waiter import WaiterModel, create_waiter_with_client
except ImportError:  # AnsibleAWSModule reports a missing SDK.
    pass

from ._aws import AwsCallError, explain

Acceptor = dict[str, t.Any]


def on_path(argument: str, expected: t.Any, state: str, matcher: str = "path") -> Acceptor:
    """An acceptor on a value of the answer."""
    return {"matcher": matcher, "argument": argument, "expected": expected, "state": state}


def on_error(code: str, state: str) -> Acceptor:
    """An acceptor on an error code."""
    return {"matcher": "error", "expected": code, "state": state}


def waiter_model(operation: str, acceptors: t.Sequence[Acceptor], *, delay: int = 2) -> dict[str, t.Any]:
    """One waiter in botocore's own format."""
    return {"operation": operation, "delay": delay, "maxAttempts": 1, "acceptors": list(acceptors)}


def wait_for(
    client: t.Any,
    model: t.Mapping[str, t.Any],
    *,
    description: str,
    timeout: int,
    reason: str = "",
    **parameters: t.Any,
) -> t.Any:
    """Wait until the model's success state, at most `timeout` seconds, and return the last answer.

    `reason` is a JMESPath into the last answer that says why it failed or what it still waits for.
    """
    # Each try costs at least the delay, so that the limit is never undercut and overrun by one delay at most.
    attempts = 1 + -(-timeout // model["delay"])
    config = {"version": 2, "waiters": {"state": copy.deepcopy(dict(model))}}
    waiter = create_waiter_with_client("state", WaiterModel(config), client)
    try:
        waiter.wait(WaiterConfig={"MaxAttempts": attempts}, **parameters)
    except WaiterError as error:
        why = _why(client, model["operation"], error, description, timeout, reason)
        raise AwsCallError(message=why, exception=error) from error


def _why(client: t.Any, operation: str, error: WaiterError, description: str, timeout: int, reason: str) -> str:
    last = error.last_response if isinstance(error.last_response, dict) else {}
    timed_out = "Max attempts exceeded" in str(error)
    what = f"Gave up waiting {timeout} s for {description}" if timed_out else f"Failed waiting for {description}"
    failed = last.get("Error")
    if failed:
        return f"{what}: {explain(client, ClientError(last, operation))}"
    found = jmespath.search(reason, last) if reason else None
    if found:
        return f"{what}: {found if isinstance(found, str) else ', '.join(str(part) for part in found if part)}"
    return f"{what}: {explain(client, error)}"


__all__ = ("Acceptor", "on_error", "on_path", "wait_for", "waiter_model")
