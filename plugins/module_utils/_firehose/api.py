# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Delivery streams of Amazon Data Firehose, one function per API call.

https://docs.aws.amazon.com/firehose/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._patience import patience
from .._waiter import on_error, on_path, wait_for, waiter_model

_MISSING = ("ResourceNotFoundException",)
_STATUS = "DeliveryStreamDescription.DeliveryStreamStatus"
_ENCRYPTION = "DeliveryStreamDescription.DeliveryStreamEncryptionConfiguration.Status || 'DISABLED'"
# IAM tells of a new role by and by.
_NOT_YET = ("Firehose is unable to assume role",)

Answer = dict[str, t.Any]


@aws_call("look up the delivery stream {name}", missing=_MISSING)
def find_stream(client: t.Any, name: str) -> Answer | None:
    return client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]


@aws_call("read the tags of the delivery stream {name}", missing=_MISSING, default={})
def list_tags(client: t.Any, name: str) -> dict[str, str]:
    """AWS takes 50 at most, and returns so many at once."""
    found = client.list_tags_for_delivery_stream(DeliveryStreamName=name, Limit=50)["Tags"]
    return {tag["Key"]: tag.get("Value", "") for tag in found}


@aws_call("create the delivery stream {DeliveryStreamName}")
def create_stream(client: t.Any, request: Answer, timeout: int) -> None:
    with patience(client, "CreateDeliveryStream", _NOT_YET, timeout):
        client.create_delivery_stream(**request)


@aws_call("change where the delivery stream {DeliveryStreamName} delivers to")
def update_destination(client: t.Any, request: Answer, timeout: int) -> None:
    with patience(client, "UpdateDestination", _NOT_YET, timeout):
        client.update_destination(**request)


@aws_call("encrypt the delivery stream {name}")
def start_encryption(client: t.Any, name: str) -> None:
    client.start_delivery_stream_encryption(
        DeliveryStreamName=name, DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"}
    )


@aws_call("stop encrypting the delivery stream {name}")
def stop_encryption(client: t.Any, name: str) -> None:
    client.stop_delivery_stream_encryption(DeliveryStreamName=name)


@aws_call("delete the delivery stream {name}", missing=_MISSING)
def delete_stream(client: t.Any, name: str) -> None:
    client.delete_delivery_stream(DeliveryStreamName=name)


@aws_call("tag the delivery stream {name}")
def tag(client: t.Any, name: str, tags: dict[str, str]) -> None:
    found = [{"Key": key, "Value": value} for key, value in tags.items()]
    client.tag_delivery_stream(DeliveryStreamName=name, Tags=found)


@aws_call("untag the delivery stream {name}")
def untag(client: t.Any, name: str, keys: list[str]) -> None:
    client.untag_delivery_stream(DeliveryStreamName=name, TagKeys=keys)


def wait_active(client: t.Any, name: str, *, encrypted: bool, timeout: int) -> None:
    """Until it takes records, and its encryption has become what was asked for."""
    encryption = "ENABLED" if encrypted else "DISABLED"
    ready = f"{_STATUS} == 'ACTIVE' && ({_ENCRYPTION}) == '{encryption}'"
    acceptors = [on_path(ready, True, "success"), on_error("ResourceNotFoundException", "retry")]
    acceptors += [on_path(_STATUS, "CREATING_FAILED", "failure"), on_path(_ENCRYPTION, "ENABLING_FAILED", "failure")]
    _wait(client, acceptors, name, "to be active", timeout)


def wait_gone(client: t.Any, name: str, *, timeout: int) -> None:
    acceptors = [on_error("ResourceNotFoundException", "success"), on_path(_STATUS, "DELETING_FAILED", "failure")]
    _wait(client, acceptors, name, "to be gone", timeout)


def _wait(client: t.Any, acceptors: list[t.Any], name: str, what: str, timeout: int) -> None:
    wait_for(
        client,
        waiter_model("DescribeDeliveryStream", acceptors),
        description=f"the delivery stream {name} {what}",
        timeout=timeout,
        reason="DeliveryStreamDescription.FailureDescription.Details || " + _STATUS,
        DeliveryStreamName=name,
    )
