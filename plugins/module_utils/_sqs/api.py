# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""SQS, one function per API call.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._patience import patience

_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# A name is free again a minute after its queue was deleted.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_NOT_YET = ("QueueDeletedRecently",)


@aws_call("look up the queue {name}", missing=_MISSING)
def find_queue(client: t.Any, name: str) -> str | None:
    return client.get_queue_url(QueueName=name)["QueueUrl"]


@aws_call("read the queue {url}", missing=_MISSING)
def read_attributes(client: t.Any, url: str) -> dict[str, str] | None:
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


@aws_call("read the tags of the queue {url}", missing=_MISSING, default={})
def list_tags(client: t.Any, url: str) -> dict[str, str]:
    return client.list_queue_tags(QueueUrl=url).get("Tags", {})


@aws_call("create the queue {QueueName}")
def create_queue(client: t.Any, request: dict[str, t.Any], timeout: int) -> str:
    with patience(client, "CreateQueue", _NOT_YET, timeout):
        return client.create_queue(**request)["QueueUrl"]


def arn_of(client: t.Any, url: str) -> str:
    """A queue's URL ends in its account and its name."""
    account, name = url.split("/")[-2:]
    return f"arn:{client.meta.partition}:sqs:{client.meta.region_name}:{account}:{name}"


@aws_call("change the queue {url}")
def set_attributes(client: t.Any, url: str, attributes: dict[str, str]) -> None:
    client.set_queue_attributes(QueueUrl=url, Attributes=attributes)


@aws_call("delete the queue {url}", missing=_MISSING)
def delete_queue(client: t.Any, url: str) -> None:
    client.delete_queue(QueueUrl=url)


@aws_call("tag the queue {url}")
def tag(client: t.Any, url: str, tags: dict[str, str]) -> None:
    client.tag_queue(QueueUrl=url, Tags=tags)


@aws_call("untag the queue {url}")
def untag(client: t.Any, url: str, keys: list[str]) -> None:
    client.untag_queue(QueueUrl=url, TagKeys=keys)
