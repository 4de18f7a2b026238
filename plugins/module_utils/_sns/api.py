# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""SNS, one function per API call.

https://docs.aws.amazon.com/sns/latest/api/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

_MISSING = ("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")


@aws_call("look up the topic {name}")
def find_topic(client: t.Any, name: str) -> str | None:
    """The ARN of the topic of this name: SNS reads a topic by its ARN only, which has the account."""
    topics = (topic for page in client.get_paginator("list_topics").paginate() for topic in page["Topics"])
    return next((topic["TopicArn"] for topic in topics if topic["TopicArn"].rpartition(":")[2] == name), None)


@aws_call("read the topic {arn}", missing=_MISSING)
def read_attributes(client: t.Any, arn: str) -> dict[str, str] | None:
    return client.get_topic_attributes(TopicArn=arn)["Attributes"]


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceArn=arn).get("Tags", [])}


@aws_call("look up the subscriptions of {arn}", missing=_MISSING, default=[])
def list_subscriptions(client: t.Any, arn: str) -> list[dict[str, str]]:
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    return [found for page in pages for found in page["Subscriptions"]]


@aws_call("create the topic {Name}")
def create_topic(client: t.Any, request: dict[str, t.Any]) -> str:
    return client.create_topic(**request)["TopicArn"]


@aws_call("set {name} of the topic {arn}")
def set_attribute(client: t.Any, arn: str, name: str, value: str) -> None:
    client.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)


@aws_call("subscribe {endpoint} to the topic {arn}")
def subscribe(client: t.Any, arn: str, protocol: str, endpoint: str) -> None:
    """Who is subscribed already stays so; one that has not confirmed yet is asked once more."""
    client.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)


@aws_call("end the subscription {arn}", missing=_MISSING)
def unsubscribe(client: t.Any, arn: str) -> None:
    client.unsubscribe(SubscriptionArn=arn)


@aws_call("delete the topic {arn}", missing=_MISSING)
def delete_topic(client: t.Any, arn: str) -> None:
    client.delete_topic(TopicArn=arn)


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceArn=arn, TagKeys=keys)


__all__ = (
    "create_topic",
    "delete_topic",
    "find_topic",
    "list_subscriptions",
    "list_tags",
    "read_attributes",
    "set_attribute",
    "subscribe",
    "tag",
    "unsubscribe",
    "untag",
)
