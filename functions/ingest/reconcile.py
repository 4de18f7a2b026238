"""Looks, period by period, whether each line of both logs has its record, and brings in what is missing.

It reads the lines themselves and remembers nothing: a period is looked at twice, so that a run that failed is made good
by the next one. What it brings in is written as the ingest function writes it, and so never twice.
"""

from __future__ import annotations

import logging
import os
import time
import typing as t

from botocore.exceptions import ClientError
from core import KEY, LINE, MORE, Batch, LogEvent, Record, is_held, read
from handler import client, publish, settings, write_all

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

# What is younger may be on its way: a batch that fails comes again after a minute, and after two more.
LAG_S = 900
PATTERNS = {"gateway": "", "engine": '"central_llm_audit"'}
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_KEYS = 100
_SHOWN = {f"#{number}": name for number, name in enumerate((KEY, *LINE.values(), *MORE.values()))}


def period(now: float, seconds: int) -> tuple[int, int]:
    """The two last whole periods, in seconds since 1970; their bounds are the same whenever the function runs."""
    end = int(now - LAG_S) // seconds * seconds
    return end - 2 * seconds, end


def batches(side: str, group: str, begin: int, end: int) -> t.Iterator[Batch]:
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, filterPattern=PATTERNS[side], startTime=begin * 1000, endTime=end * 1000 - 1)
    )
    try:
        for page in pages:
            events = [LogEvent(each["eventId"], each["timestamp"], each["message"]) for each in page["events"]]
            yield Batch(group, "", events)
    except ClientError as error:
        # An engine that has never run has no log.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def lacking(records: list[Record]) -> list[Record]:
    """Those that the table does not hold, and those that DynamoDB left unread: to write them again harms none."""
    table, found = os.environ["TABLE"], []
    for start in range(0, len(records), MOST_KEYS):
        some = records[start : start + MOST_KEYS]
        keys = [{KEY: {"S": key}} for key in sorted({record.key for record in some})]
        wanted = {"Keys": keys, "ProjectionExpression": ",".join(_SHOWN), "ExpressionAttributeNames": _SHOWN}
        answer = client("dynamodb").batch_get_item(RequestItems={table: wanted})
        items = {item[KEY]["S"]: item for item in answer["Responses"].get(table, [])}
        found += [record for record in some if not is_held(record, items.get(record.key, {}))]
    return found


def measure(lines: int, repaired: int, missing: int) -> None:
    """A period without a request has nothing to measure."""
    if not lines:
        return
    values = {
        "AuditLines": lines,
        "AuditRepaired": repaired,
        "AuditCompleteness": round(100 * (lines - missing) / lines, 3),
    }
    publish(values, {"AuditCompleteness": "Percent"})


def handle(event: t.Any, context: t.Any) -> dict[str, int]:
    groups = {"gateway": settings().gateway_log_group, "engine": os.environ["ENGINE_LOG_GROUP"]}
    begin, end = period(time.time(), int(os.environ["PERIOD_SECONDS"]))
    lines, repaired, failures = 0, 0, list[Exception]()
    for side, group in groups.items():
        for batch in batches(side, group, begin, end):
            records, _poison = read(batch, settings())
            outcomes = write_all(lacking(records))
            lines += len(records)
            repaired += sum(found == "new" or found == "another" for found in outcomes)
            failures += [found for found in outcomes if isinstance(found, Exception)]
    measure(lines, repaired, len(failures))
    log.info("%d to %d: %d lines, %d brought in, %d could not be", begin, end, lines, repaired, len(failures))
    if failures:
        raise RuntimeError(f"{len(failures)} records could not be written: {failures[0]}")
    return {"lines": lines, "repaired": repaired}
