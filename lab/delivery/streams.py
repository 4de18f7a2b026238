"""Streams of Firehose: what is put waits until there is enough of it, or long enough, and is then one object in S3.

Written with the rights of the stream's role. What cannot be written stays, and is tried again for a day.
https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
"""

from __future__ import annotations

import logging
import threading
import typing as t
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from lab import roles
from lab.context import LabContext
from lab.control.operations import backend
from lab.delivery import objects

log = logging.getLogger("lab.delivery")

SERVICE = "firehose.amazonaws.com"
AGAIN_SECONDS = 60.0
GIVES_UP_SECONDS = 24 * 3600.0
_MIB = 1024 * 1024


@dataclass
class Buffer:
    first: float
    due: float
    records: list[bytes] = field(default_factory=list)
    size: int = 0


class Streams:
    """A source of the lab's clock."""

    def __init__(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._buffers: dict[tuple[str, str], Buffer] = {}
        self._lock = threading.Lock()

    def put(self, region: str, stream: t.Any, records: t.Sequence[bytes]) -> None:
        hints = destination_of(stream).get("BufferingHints") or {}
        now = self._ctx.clock.now()
        with self._lock:
            key = (region, stream.delivery_stream_name)
            buffer = self._buffers.setdefault(key, Buffer(now, now + hints.get("IntervalInSeconds", 300)))
            buffer.records += records
            buffer.size += sum(map(len, records))
            if buffer.size >= hints.get("SizeInMBs", 5) * _MIB:
                buffer.due = now

    def next_due(self) -> float | None:
        with self._lock:
            return min((buffer.due for buffer in self._buffers.values()), default=None)

    def fire(self, now: float) -> None:
        with self._lock:
            due = {key: buffer for key, buffer in self._buffers.items() if buffer.due <= now}
            for key in due:
                del self._buffers[key]
        for (region, name), buffer in due.items():
            stream = backend("firehose", region).delivery_streams.get(name)
            if stream is None:
                log.warning("%d records of %s are lost: it was deleted", len(buffer.records), name)
                continue
            try:
                self._write(region, stream, buffer.records)
            except (roles.NotAssumed, ClientError, BotoCoreError, ValueError) as error:
                self._keep((region, name), buffer, now, error)

    def _keep(self, key: tuple[str, str], buffer: Buffer, now: float, error: Exception) -> None:
        if now - buffer.first > GIVES_UP_SECONDS:
            log.warning("%d records of %s are lost: %s", len(buffer.records), key[1], error)
            return
        log.warning("%d records of %s wait: %s", len(buffer.records), key[1], error)
        buffer.due = now + AGAIN_SECONDS
        with self._lock:
            later = self._buffers.get(key)
            if later is not None:
                buffer.records += later.records
                buffer.size += later.size
            self._buffers[key] = buffer

    def _write(self, region: str, stream: t.Any, records: list[bytes]) -> None:
        to = destination_of(stream)
        given = roles.credentials(self._ctx, to["RoleARN"], SERVICE, stream.delivery_stream_name)
        s3 = roles.client(self._ctx, given, "s3", region)
        good, bad = [], []
        for record in records:
            try:
                good.append(objects.processed(record, to))
            except objects.Unprocessed:
                bad.append(record)
        for kind, prefix, some in (
            ("", to.get("Prefix") or "", good),
            ("processing-failed", to.get("ErrorOutputPrefix") or "", bad),
        ):
            if some:
                self._put(s3, stream, to, objects.prefix_of(prefix, self._moment(), kind), some)

    def _put(self, s3: t.Any, stream: t.Any, to: dict[str, t.Any], prefix: str, records: list[bytes]) -> None:
        compression = to.get("CompressionFormat") or "UNCOMPRESSED"
        name, version = stream.delivery_stream_name, stream.version_id
        key = objects.key_of(prefix, name, version, self._moment(), str(uuid.uuid4()), compression)
        s3.put_object(Bucket=to["BucketARN"].rpartition(":")[2], Key=key, Body=objects.body_of(records, compression))

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._ctx.clock.now(), UTC)

    def restart(self, now: float) -> None:
        with self._lock:
            self._buffers.clear()


def destination_of(stream: t.Any) -> dict[str, t.Any]:
    found: dict[str, t.Any] = stream.destinations[0]["ExtendedS3"]
    return found


class DeliveryPlane:
    name = "delivery"

    def start(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._streams = Streams(ctx)
        ctx.delivery = self._streams
        ctx.clock.follow(self._streams)

    def stop(self) -> None:
        self._ctx.clock.leave(self._streams)
        self._ctx.delivery = None
