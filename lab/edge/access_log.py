"""Access logs: one rendered line a request, written to the stage's log group behind the requests' backs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
import typing as t
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from lab.edge.configuration import AccessLog
from lab.edge.variables import Variables, render

LOG = logging.getLogger(__name__)

# PutLogEvents: 10 000 events and 1 MiB a batch, 26 bytes of overhead each.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
_MAXIMUM_EVENTS = 10_000
_MAXIMUM_BYTES = 1_048_576
_OVERHEAD = 26
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
_MOST_RECORDS = 500


class Line(t.NamedTuple):
    group: tuple[str, str]
    """Region and log group name, or the ARN of a delivery stream."""
    stream: str
    timestamp: int
    message: str


def render_line(format_: str, variables: Variables) -> str:
    """A format with its variables filled in; "-" stands for what a request does not have."""
    return render(format_, variables, missing="-")


def is_stream(destination: str) -> bool:
    return ":firehose:" in destination


def log_group_name(destination_arn: str) -> str | None:
    """`arn:aws:logs:<region>:<account>:log-group:<name>`, also with the `:*` that older APIs end it in."""
    _head, separator, name = destination_arn.partition(":log-group:")
    return name.removesuffix(":*") if separator else None


def batches(lines: list[Line]) -> t.Iterator[list[Line]]:
    """The lines of one stream in batches that PutLogEvents takes, oldest first as it demands."""
    batch: list[Line] = []
    size = 0
    for line in sorted(lines, key=lambda line: line.timestamp):
        weight = len(line.message.encode()) + _OVERHEAD
        if batch and (len(batch) == _MAXIMUM_EVENTS or size + weight > _MAXIMUM_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += weight
    if batch:
        yield batch


@dataclass
class AccessLogWriter:
    client: Callable[[str, str], t.Any]
    """The client of a service in a region."""
    executor: Executor

    def __post_init__(self) -> None:
        self._queue: asyncio.Queue[Line] = asyncio.Queue()
        self._streams: set[tuple[str, str, str]] = set()
        # AWS names streams by a digest as well; one of each edge, so that labs on one state do not share any.
        self._instance = f"{time.time_ns()}"

    def write(self, destination: AccessLog, api_id: str, stage: str, moment: float, variables: Variables) -> None:
        """Takes a request's line; never waits and never fails."""
        arn = destination.destination_arn
        name = arn if is_stream(arn) else log_group_name(arn)
        if name is None:
            LOG.warning("access log of %s/%s: no log group in %s", api_id, stage, destination.destination_arn)
            return
        stream = hashlib.sha256(f"{api_id}/{stage}/{self._instance}".encode()).hexdigest()[:32]
        line = render_line(destination.format, variables)
        self._queue.put_nowait(Line((destination.region, name), stream, int(moment * 1000), line))

    async def run(self) -> None:
        """Writes until cancelled; what is queued goes out in as few calls as its streams allow."""
        while True:
            await self._write_out([await self._queue.get()])

    async def flush(self) -> None:
        """Writes what is queued, when the edge stops."""
        if not self._queue.empty():
            await self._write_out([])

    async def _write_out(self, lines: list[Line]) -> None:
        while not self._queue.empty():
            lines.append(self._queue.get_nowait())
        by_stream: dict[tuple[tuple[str, str], str], list[Line]] = {}
        for line in lines:
            by_stream.setdefault((line.group, line.stream), []).append(line)
        loop = asyncio.get_running_loop()
        for stream_lines in by_stream.values():
            for batch in batches(stream_lines):
                await loop.run_in_executor(self.executor, self._put, batch)

    def _put(self, batch: list[Line]) -> None:
        (region, group), stream = batch[0].group, batch[0].stream
        if is_stream(group):
            self._deliver(region, group, [line.message for line in batch])
            return
        events = [{"timestamp": line.timestamp, "message": line.message} for line in batch]
        client = self.client("logs", region)
        try:
            self._create_stream(client, region, group, stream)
            try:
                client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
            except client.exceptions.ResourceNotFoundException:
                # The group was made anew meanwhile, and its streams with it.
                self._streams.discard((region, group, stream))
                self._create_stream(client, region, group, stream)
                client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            # As in AWS: delivery is best effort, and a group that is not there is not created.
            LOG.warning("access log: %d line(s) for %s were not written: %s", len(batch), group, error)

    def _deliver(self, region: str, arn: str, messages: list[str]) -> None:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html"""
        client = self.client("firehose", region)
        name = arn.rpartition("/")[2]
        try:
            for first in range(0, len(messages), _MOST_RECORDS):
                records = [{"Data": message.encode()} for message in messages[first : first + _MOST_RECORDS]]
                client.put_record_batch(DeliveryStreamName=name, Records=records)
        except (ClientError, BotoCoreError) as error:
            LOG.warning("access log: %d line(s) for %s were not delivered: %s", len(messages), arn, error)

    def _create_stream(self, client: t.Any, region: str, group: str, stream: str) -> None:
        if (region, group, stream) in self._streams:
            return
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_stream(logGroupName=group, logStreamName=stream)
        self._streams.add((region, group, stream))
