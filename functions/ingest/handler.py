"""Takes the lines of gateway and engine from CloudWatch Logs into the audit's table, one call a record.

A batch may come again, in another order, and in part: what is written is the same. What cannot be understood goes to
the dead-letter queue by itself, never in the way of the rest; what could not be written is tried once more on its own,
and then lets the batch fail, so that Lambda brings it again and, in the end, puts it into the same queue.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from core import LINE, Batch, NoBatch, Poison, Record, Settings, decode, note_another, read, update

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

CONCURRENCY = 8
# SQS takes ten messages and 1 MiB a call: of a line, and of why it is set aside, so many bytes in JSON go into one.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MOST_MESSAGES = 10
LONGEST_LINE = 96_000
LONGEST_REASON = 4_000
NAMESPACE = "CentralLLM"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
MOST_VALUES = 100


@functools.cache
def client(service: str) -> t.Any:
    retries = {"mode": "standard", "total_max_attempts": 6}
    return boto3.client(service, config=Config(retries=retries, max_pool_connections=CONCURRENCY))


@functools.cache
def queue_url() -> str:
    return str(client("sqs").get_queue_url(QueueName=os.environ["DEAD_LETTER_QUEUE"])["QueueUrl"])


@functools.cache
def settings() -> Settings:
    form = [tuple(field) for field in json.loads(os.environ["GATEWAY_FORMAT"])]
    return Settings(os.environ["GATEWAY_LOG_GROUP"], form, int(os.environ["RETENTION_DAYS"]))


def write(record: Record) -> str:
    """One call, unless another line of this side has told of the same request before."""
    table = os.environ["TABLE"]
    try:
        answer = client("dynamodb").update_item(**update(table, record))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        client("dynamodb").update_item(**note_another(table, record))
        return "another"
    return "again" if LINE[record.side] in answer.get("Attributes", {}) else "new"


def attempt(record: Record) -> str | Exception:
    try:
        return write(record)
    except (ClientError, BotoCoreError) as error:
        return error


def write_all(records: list[Record]) -> list[str | Exception]:
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        outcomes = list(pool.map(attempt, records))
    return [
        attempt(record) if isinstance(found, Exception) else found
        for record, found in zip(records, outcomes, strict=True)
    ]


def set_aside(batch: Batch, poison: list[Poison]) -> None:
    for start in range(0, len(poison), MOST_MESSAGES):
        entries = [
            {"Id": str(number), "MessageBody": message(batch, each)}
            for number, each in enumerate(poison[start : start + MOST_MESSAGES])
        ]
        answer = client("sqs").send_message_batch(QueueUrl=queue_url(), Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(
                f"{len(answer['Failed'])} lines could not be set aside: {answer['Failed'][0].get('Code')}"
            )


def cut(text: str, most: int) -> str:
    """As much of its beginning as takes at most so many bytes in JSON, where a character takes up to twelve."""
    while (size := len(json.dumps(text))) > most:
        text = text[: len(text) * most // size]
    return text


def message(batch: Batch, poison: Poison) -> str:
    return json.dumps(
        {
            "why": cut(poison.why, LONGEST_REASON),
            "logGroup": batch.log_group,
            "logStream": batch.log_stream,
            "id": poison.event.id,
            "timestamp": poison.event.timestamp,
            "message": cut(poison.event.message, LONGEST_LINE),
        }
    )


def publish(values: dict[str, t.Any], units: t.Mapping[str, str]) -> None:
    """Write metrics as CloudWatch reads them from a function's log; what has no unit of its own is a count."""
    definitions = [{"Name": name, "Unit": units.get(name, "Count")} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": definitions}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": aws, "Stack": os.environ["STACK"], **values}))


def measure(records: list[Record], outcomes: list[str | Exception], poison: int) -> None:
    """What came for the first time, as metrics, which CloudWatch reads from the function's log."""
    fresh = [record for record, found in zip(records, outcomes, strict=True) if found == "new"]
    side = records[0].side if records else "none"
    values: dict[str, t.Any] = {f"{side.capitalize()}Records": len(fresh), "Poison": poison}
    if side == "engine":
        for name, attribute in (("PromptTokens", "prompt_tokens"), ("CompletionTokens", "completion_tokens")):
            values[name] = sum(int(record.attributes.get(attribute, 0)) for record in fresh)
        first = [
            record.attributes["engine_first_byte_ms"] for record in fresh if "engine_first_byte_ms" in record.attributes
        ]
        if first:
            values["FirstByteMs"] = first[:MOST_VALUES]
    publish(values, {"FirstByteMs": "Milliseconds"})


def handle(event: t.Any, context: t.Any) -> dict[str, int]:
    try:
        batch = decode(event)
    except NoBatch as reason:
        # Tried again it stays so: Lambda does that, and then keeps it in the dead-letter queue.
        raise RuntimeError(f"this is no batch of log events: {reason}") from None
    records, poison = read(batch, settings())
    outcomes = write_all(records)
    set_aside(batch, poison)
    counts = {name: sum(found == name for found in outcomes) for name in ("new", "again", "another")}
    counts["poison"] = len(poison)
    if records or poison:
        measure(records, outcomes, len(poison))
        log.info("%s: %s", batch.log_group, ", ".join(f"{count} {name}" for name, count in counts.items()))
    failures = [found for found in outcomes if isinstance(found, Exception)]
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(records)} records could not be written: {failures[0]}")
    if not batch.whole:
        raise RuntimeError("the batch was cut: what could be read of it is written, the rest is not there")
    return counts
