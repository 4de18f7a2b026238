"""The awslogs log driver: a container's output becomes events of a log stream.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
import typing as t

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger("lab.compute")

BATCH_SECONDS = 0.5
# PutLogEvents takes 10,000 events and 1,048,576 bytes, 26 of them for each event.
MAX_EVENTS = 1000
MAX_EVENT_BYTES = 200_000


class LogDriverError(Exception):
    """The log stream could not be made ready, so the container does not start."""


class LogStream:
    """Where one container's lines go."""

    def __init__(self, client: t.Any, group: str, stream: str) -> None:
        self._client = client
        self.group = group
        self.stream = stream

    @classmethod
    def open(cls, client: t.Any, options: dict[str, str], container: str, task_id: str) -> LogStream:
        """Create the stream `prefix/container/task`; the group only with awslogs-create-group."""
        group = options.get("awslogs-group")
        if not group:
            raise LogDriverError(
                "failed to initialize logging driver: must specify a value for log opt 'awslogs-group'"
            )
        prefix = options.get("awslogs-stream-prefix")
        # Without a prefix Docker names the stream for the container's id, which the task id stands for here.
        stream = f"{prefix}/{container}/{task_id}" if prefix else task_id
        try:
            if options.get("awslogs-create-group") == "true":
                _unless_there(lambda: client.create_log_group(logGroupName=group))
            _unless_there(lambda: client.create_log_stream(logGroupName=group, logStreamName=stream))
        except ClientError as error:
            what = error.response["Error"]
            raise LogDriverError(
                "failed to initialize logging driver: failed to create Cloudwatch log stream: "
                f"{what['Code']}: {what['Message']}"
            ) from error
        return cls(client, group, stream)

    def put(self, events: list[dict[str, t.Any]]) -> None:
        try:
            self._client.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            # Docker's driver drops them as well, and the container goes on.
            log.warning("%d lines for %s:%s were lost: %s", len(events), self.group, self.stream, error)


def _unless_there(create: t.Callable[[], t.Any]) -> None:
    try:
        create()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise


class OutputPump(threading.Thread):
    """Reads a container's output to its end and sends the lines in batches; sleeps while there is nothing to do."""

    def __init__(self, output: t.IO[bytes], stream: LogStream | None, name: str) -> None:
        super().__init__(name=f"output-{name}", daemon=True)
        self._output = output
        self._stream = stream
        self._rest = b""
        self._events: list[dict[str, t.Any]] = []

    def run(self) -> None:
        descriptor = self._output.fileno()
        flush_at: float | None = None
        while True:
            wait = None if flush_at is None else max(0.0, flush_at - time.monotonic())
            ready, _, _ = select.select([descriptor], [], [], wait)
            if ready:
                chunk = os.read(descriptor, 65536)
                if not chunk:
                    break
                self._take(chunk)
                if self._events and flush_at is None:
                    flush_at = time.monotonic() + BATCH_SECONDS
            if flush_at is not None and (time.monotonic() >= flush_at or len(self._events) >= MAX_EVENTS):
                self._flush()
                flush_at = None
        if self._rest:
            self._add(self._rest)
        self._flush()
        self._output.close()

    def _take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._add(line)

    def _add(self, line: bytes) -> None:
        # An event needs a message; Docker's driver skips empty lines too.
        text = line.rstrip(b"\r").decode(errors="replace")
        for start in range(0, len(text), MAX_EVENT_BYTES):
            message = text[start : start + MAX_EVENT_BYTES]
            self._events.append({"timestamp": int(time.time() * 1000), "message": message})

    def _flush(self) -> None:
        events, self._events = self._events, []
        if self._stream is not None:
            while events:
                batch: list[dict[str, t.Any]] = []
                size = 0
                while events and len(batch) < MAX_EVENTS and size < 500_000:
                    size += len(events[0]["message"].encode()) + 26
                    batch.append(events.pop(0))
                self._stream.put(batch)
