# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Lines of a log once more, as CloudWatch Logs would bring them to the ingest function. Pure."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t

# An invocation takes 6 MB, and the lines of a batch shall take a minute at most.
MOST_LINES = 1000
MOST_BYTES = 2_000_000


def batches(events: t.Iterable[t.Mapping[str, t.Any]]) -> t.Iterator[list[t.Mapping[str, t.Any]]]:
    batch: list[t.Mapping[str, t.Any]] = []
    size = 0
    for event in events:
        size += len(event["message"].encode())
        if batch and (size > MOST_BYTES or len(batch) == MOST_LINES):
            yield batch
            batch, size = [], len(event["message"].encode())
        batch.append(event)
    if batch:
        yield batch


def payload(group: str, events: t.Iterable[t.Mapping[str, t.Any]]) -> bytes:
    document = {
        "messageType": "DATA_MESSAGE",
        "logGroup": group,
        "logStream": "replayed",
        "logEvents": [
            {"id": str(event.get("eventId", "")), "timestamp": event["timestamp"], "message": event["message"]}
            for event in events
        ],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()
    return json.dumps({"awslogs": {"data": packed}}).encode()


__all__ = ("batches", "payload")
