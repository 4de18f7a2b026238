"""Running a function: which environment it gets, with whose rights, and what its log says.

Where moto keeps a function is known here only. A function runs with its role's credentials, so that the lab's IAM
decides about every call it makes; its log is written with the same role, or not at all, as on AWS.
"""

from __future__ import annotations

import logging
import threading
import time
import typing as t
import uuid
from pathlib import Path

from botocore.exceptions import ClientError

from lab import roles
from lab.context import LabContext
from lab.functions.sandbox import Outcome, Sandbox
from lab.metrics import series

log = logging.getLogger("lab.functions")

SERVICE = "lambda.amazonaws.com"


class Invocations:
    def __init__(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._home = Path(ctx.home) / "functions"
        self._idle: dict[tuple[t.Any, ...], list[tuple[Sandbox, str]]] = {}
        self._lock = threading.Lock()

    def run(self, function: t.Any, payload: str) -> Outcome:
        """Run one event now, and wait for its answer."""
        request_id = str(uuid.uuid4())
        if not str(function.run_time or "").startswith("python") or function.package_type != "Zip":
            return _refused("Runtime.Unsupported", f"the lab runs python in zip packages only, not {function.run_time}")
        try:
            sandbox, stream = self._take(function)
        except roles.NotAssumed as reason:
            return _refused("AccessDeniedException", str(reason))
        outcome = sandbox.run(
            payload, request_id, function.function_arn, float(function.timeout), self._ctx.clock.now()
        )
        _measure(function, outcome)
        self._write(function, stream, _report(function, sandbox, request_id, outcome))
        if sandbox.alive:
            with self._lock:
                self._idle.setdefault(_identity(function), []).append((sandbox, stream))
        else:
            sandbox.close()
        return outcome

    def clear(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, {}
        for waiting in idle.values():
            for sandbox, _stream in waiting:
                sandbox.close()

    def _take(self, function: t.Any) -> tuple[Sandbox, str]:
        """A warm environment of just this code and configuration, or a new one."""
        identity = _identity(function)
        with self._lock:
            for other in [key for key in self._idle if key[0] == identity[0] and key != identity]:
                for sandbox, _stream in self._idle.pop(other):
                    sandbox.close()
            waiting = self._idle.get(identity)
            if waiting:
                return waiting.pop()
        given = roles.credentials(self._ctx, function.role, SERVICE, function.function_name)
        stream = f"{self._ctx.clock.utc():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        environment = {
            **function.environment_vars,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ENDPOINT_URL": self._ctx.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function),
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "TZ": ":UTC",
        }
        return Sandbox(self._home, function.code_bytes, function.handler, environment), stream

    def _write(self, function: t.Any, stream: str, lines: list[str]) -> None:
        group = log_group(function)
        resource = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{group}:log-stream:{stream}"
        if not all(roles.may(self._ctx, function.role, f"logs:{verb}", resource) for verb in _LOG_ACTIONS):
            log.warning("%s: its role does not allow %s", function.function_name, " and ".join(_LOG_ACTIONS))
            return
        logs = self._ctx.client("logs", function.region)
        try:
            if roles.may(self._ctx, function.role, "logs:CreateLogGroup", resource):
                _unless_there(lambda: logs.create_log_group(logGroupName=group))
            _unless_there(lambda: logs.create_log_stream(logGroupName=group, logStreamName=stream))
            now = int(time.time() * 1000)
            events = [{"timestamp": now, "message": line} for line in lines if line]
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except ClientError as error:
            log.warning("%s: its log was lost: %s", function.function_name, error)


_LOG_ACTIONS = ("CreateLogStream", "PutLogEvents")


def log_group(function: t.Any) -> str:
    given = getattr(function, "lab_logging_config", None) or {}
    return str(given.get("LogGroup") or f"/aws/lambda/{function.function_name}")


def _identity(function: t.Any) -> tuple[t.Any, ...]:
    return (
        function.function_arn,
        function.code_sha_256,
        function.handler,
        function.role,
        function.memory_size,
        log_group(function),
        tuple(sorted(function.environment_vars.items())),
    )


def _refused(kind: str, message: str) -> Outcome:
    import json

    log.warning("%s", message)
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}), "Unhandled", [], 0.0)


def _measure(function: t.Any, outcome: Outcome) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    values = {"Invocations": 1.0, "Errors": float(bool(outcome.error)), "Duration": outcome.seconds * 1000}
    for name, value in values.items():
        series.publish(function.region, "AWS/Lambda", name, {"FunctionName": function.function_name}, [value])


def _report(function: t.Any, sandbox: Sandbox, request_id: str, outcome: Outcome) -> list[str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html: the lines that Lambda itself writes."""
    took = outcome.seconds * 1000
    first = f"\tInit Duration: {took:.2f} ms" if sandbox.uses == 1 else ""
    return [
        f"START RequestId: {request_id} Version: $LATEST",
        *outcome.lines,
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
        f"Memory Size: {function.memory_size} MB\tMax Memory Used: {min(64, int(function.memory_size))} MB{first}",
    ]


def _unless_there(create: t.Callable[[], t.Any]) -> None:
    try:
        create()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
