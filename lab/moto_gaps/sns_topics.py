"""SNS: moto takes every attribute, and counts a mail address or a web page as confirmed before it has been asked.

Such a subscription is pending, has no ARN that anybody could end it by, and is told nothing until whoever it belongs to
confirms; `POST /_lab/subscriptions {topic_arn, endpoint}` does that in their place.
https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
"""

from __future__ import annotations

import json
import typing as t

from moto.core.request import Request
from moto.sns.models import Subscription

from lab.control import hooks
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

ASKED_FIRST = ("email", "email-json", "http", "https")
PENDING = "PendingConfirmation"
MUTABLE = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
)
LONGEST_DISPLAY_NAME = 100
_publish = Subscription.publish


def apply() -> None:
    guards("sns", "CreateTopic")(check_creation)
    guards("sns", "SetTopicAttributes")(check_change)
    guards("sns", "Unsubscribe")(check_end)
    amends("sns", "Subscribe")(ask)
    amends("sns", "ListSubscriptionsByTopic", "ListSubscriptions")(show)
    hooks.route("POST", "subscriptions")(confirm)
    Subscription.publish = publish


def invalid(what: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {what}")


def check_creation(call: Call, params: Params) -> None:
    attributes = params.get("Attributes") or {}
    for name, value in attributes.items():
        check(name, value, (*MUTABLE, "FifoTopic"))
    topics = backend("sns", call.region).topics
    there = next((each for each in topics.values() if each.name == params["Name"]), None)
    wanted = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}
    if there is not None and params.get("Tags") is not None and there._tags != wanted:
        raise invalid("Tags Reason: Topic already exists with different tags")


def check_change(_call: Call, params: Params) -> None:
    check(params["AttributeName"], params.get("AttributeValue") or "", MUTABLE)


def check(name: str, value: str, known: tuple[str, ...]) -> None:
    if name not in known and not name.endswith(("SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SampleRate")):
        raise invalid("AttributeName")
    if name == "DisplayName" and len(value) > LONGEST_DISPLAY_NAME:
        raise invalid("DisplayName Reason: must be at most 100 characters long")
    if name == "Policy":
        try:
            statements = json.loads(value)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise invalid("Policy Error: null") from None
        if any("Principal" not in each for each in statements):
            raise invalid("Policy statement must contain principals")


def check_end(_call: Call, params: Params) -> None:
    if not params["SubscriptionArn"].startswith("arn:"):
        raise invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")


def pending(subscription: t.Any) -> bool:
    return subscription.protocol in ASKED_FIRST and not subscription.confirmed


def ask(call: Call, params: Params, output: Params) -> None:
    if pending(backend("sns", call.region).subscriptions[output["SubscriptionArn"]]) and not params.get(
        "ReturnSubscriptionArn"
    ):
        output["SubscriptionArn"] = "pending confirmation"


def show(call: Call, _params: Params, output: Params) -> None:
    known = backend("sns", call.region).subscriptions
    for each in output["Subscriptions"]:
        if pending(known[each["SubscriptionArn"]]):
            each["SubscriptionArn"] = PENDING


def publish(self: t.Any, *arguments: t.Any, **keywords: t.Any) -> None:
    if not pending(self):
        _publish(self, *arguments, **keywords)


def confirm(request: Request, _groups: tuple[str, ...]) -> dict[str, t.Any]:
    body = hooks.body_of(request)
    arn = str(body.get("topic_arn", ""))
    if len(arn.split(":")) != 6:
        raise hooks.BadHook("topic_arn is no ARN")
    for each in backend("sns", arn.split(":")[3]).subscriptions.values():
        if each.topic.arn == arn and each.endpoint == body.get("endpoint"):
            each.confirmed = True
            return {"subscription_arn": each.arn}
    raise LookupError(f"nobody of {body.get('endpoint')} was asked for {arn}")
