"""Asynchronous invocations: tried up to three times, a minute and then two apart, then handed on or dropped.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import logging
import threading
import typing as t
import uuid
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from lab import roles
from lab.context import LabContext
from lab.functions.invocations import SERVICE, Invocations
from lab.functions.sandbox import Outcome

log = logging.getLogger("lab.functions")

_DELAYS = (60.0, 120.0)


Payload = str | t.Callable[[], str]
"""What a function gets, or what makes it when its turn has come."""


@dataclass
class Event:
    function: t.Any
    payload: Payload
    due: float
    came: float
    attempts: int = 0
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def text(self) -> str:
        """The same for every attempt."""
        if not isinstance(self.payload, str):
            self.payload = self.payload()
        return self.payload


class Queue:
    """A source of the lab's clock."""

    def __init__(self, ctx: LabContext, invocations: Invocations) -> None:
        self._ctx = ctx
        self._invocations = invocations
        self._waiting: list[Event] = []
        self._lock = threading.Lock()

    def put(self, function: t.Any, payload: Payload) -> None:
        now = self._ctx.clock.now()
        with self._lock:
            self._waiting.append(Event(function, payload, now, now))

    def next_due(self) -> float | None:
        with self._lock:
            return min((event.due for event in self._waiting), default=None)

    def fire(self, now: float) -> None:
        with self._lock:
            due = [event for event in self._waiting if event.due <= now]
            self._waiting = [event for event in self._waiting if event.due > now]
        for event in due:
            self._try(event, now)

    def restart(self, now: float) -> None:
        with self._lock:
            self._waiting.clear()

    def _try(self, event: Event, now: float) -> None:
        event.attempts += 1
        payload = event.text()
        outcome = self._invocations.run(event.function, payload)
        if not outcome.error:
            return
        config = _invoke_config(event.function)
        retries = int(config.get("MaximumRetryAttempts", 2))
        if event.attempts <= retries:
            event.due = now + _DELAYS[event.attempts - 1]
            if event.due - event.came <= int(config.get("MaximumEventAgeInSeconds", 21600)):
                with self._lock:
                    self._waiting.append(event)
                return
        self._hand_on(event, outcome, config)

    def _hand_on(self, event: Event, outcome: Outcome, config: dict[str, t.Any]) -> None:
        """To the on-failure destination, and to the dead-letter queue: AWS does both where both are set."""
        destination = ((config.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if destination:
            record = {
                "version": "1.0",
                "timestamp": self._ctx.clock.utc().isoformat(),
                "requestContext": {
                    "requestId": event.request_id,
                    "functionArn": f"{event.function.function_arn}:$LATEST",
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": event.attempts,
                },
                "requestPayload": json.loads(event.text()),
                "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": outcome.error},
                "responsePayload": json.loads(outcome.payload),
            }
            self._send(event, destination, json.dumps(record), {})
        dead_letters = (getattr(event.function, "lab_dead_letter_config", None) or {}).get("TargetArn")
        if dead_letters:
            message = str(json.loads(outcome.payload).get("errorMessage", ""))[:1024]
            attributes = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": message or "-"}
            self._send(event, dead_letters, event.text(), attributes)
        if not destination and not dead_letters:
            log.warning("%s: an event was dropped after %d attempts", event.function.function_name, event.attempts)

    def _send(self, event: Event, arn: str, body: str, attributes: dict[str, str]) -> None:
        try:
            send(self._ctx, event.function.role, SERVICE, arn, body, attributes)
        except (ClientError, roles.NotAssumed, NotImplementedError) as error:
            log.warning("%s: nothing reached %s: %s", event.function.function_name, arn, error)


def send(ctx: LabContext, role: str, service: str, arn: str, body: str, attributes: dict[str, str]) -> None:
    """Put a message into a queue with the rights of a role."""
    _arn, _aws, kind, region, account, name = arn.split(":", 5)
    if kind != "sqs":
        raise NotImplementedError(f"the lab hands on to SQS queues only, not to {arn}")
    sqs = roles.client(ctx, roles.credentials(ctx, role, service, "dead-letters"), "sqs", region)
    # The address of a queue follows from its name: looking it up would need a right that the role need not have.
    sqs.send_message(
        QueueUrl=f"{ctx.endpoint_url}/{account}/{name}",
        MessageBody=body,
        MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()},
    )


def _invoke_config(function: t.Any) -> dict[str, t.Any]:
    # moto appends a new configuration and reads the first.
    return t.cast("dict[str, t.Any]", function.event_invoke_config[0].config if function.event_invoke_config else {})
