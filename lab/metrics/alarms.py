"""CloudWatch's alarms: moto keeps them and never looks at what they watch, nor tells anybody.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import json
import logging
import typing as t
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from moto import backends

from lab.clock import Ticking
from lab.context import LabContext
from lab.control.operations import backend
from lab.metrics import series

log = logging.getLogger("lab.metrics")

_COMPARISONS: dict[str, t.Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda seen, limit: seen > limit,
    "GreaterThanOrEqualToThreshold": lambda seen, limit: seen >= limit,
    "LessThanThreshold": lambda seen, limit: seen < limit,
    "LessThanOrEqualToThreshold": lambda seen, limit: seen <= limit,
}
_QUEUE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
SERVICE = "cloudwatch.amazonaws.com"
# Its policy is AWS's own, which lets no service in.
_AWS_KEY = "alias/aws/sns"


def verdict(seen: t.Sequence[float | None], comparison: str, limit: float, missing: str) -> str | None:
    """The state that these periods make, the last one last; None to leave it as it is. Pure.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
    """
    breach = _COMPARISONS[comparison]
    if all(value is None for value in seen):
        return {"breaching": "ALARM", "notBreaching": "OK", "ignore": None}.get(missing, "INSUFFICIENT_DATA")
    if missing in ("breaching", "notBreaching"):
        breaching = [missing == "breaching" if value is None else breach(value, limit) for value in seen]
    else:
        breaching = [breach(value, limit) for value in seen if value is not None]
    return "ALARM" if all(breaching) else "OK"


class Alarms(Ticking):
    """Each minute, as CloudWatch does."""

    def __init__(self, ctx: LabContext) -> None:
        super().__init__(ctx.clock)
        self._ctx = ctx

    def tick(self, now: float) -> None:
        for region, cloudwatch in list(backends.get_backend("cloudwatch")[self._ctx.account_id].items()):
            for alarm in list(cloudwatch.alarms.values()):
                if alarm.metric_name and alarm.comparison_operator in _COMPARISONS and alarm.statistic:
                    self._judge(region, alarm, now)

    def _judge(self, region: str, alarm: t.Any, now: float) -> None:
        dimensions = {each.name: each.value for each in alarm.dimensions}
        if (alarm.namespace, alarm.metric_name) == _QUEUE:
            queue = backend("sqs", region).queues.get(dimensions.get("QueueName", ""))
            seen: list[float | None] = [float(queue.approximate_number_of_messages)] if queue else [None]
        else:
            key = series.key_of(region, alarm.namespace, alarm.metric_name, dimensions)
            found = series.periods(key, now, int(alarm.period), int(alarm.evaluation_periods))
            seen = [sums.statistic(alarm.statistic) if sums else None for sums in found]
        limit = float(alarm.threshold)
        state = verdict(seen, alarm.comparison_operator, limit, alarm.treat_missing_data or "missing")
        if state is not None and state != alarm.state_value:
            self._change(region, alarm, state, f"{len(seen)} datapoints {seen} against the threshold ({limit}).")

    def _change(self, region: str, alarm: t.Any, state: str, why: str) -> None:
        before = alarm.state_value
        client = self._ctx.client("cloudwatch", region)
        try:
            client.set_alarm_state(AlarmName=alarm.name, StateValue=state, StateReason=f"Threshold Crossed: {why}")
        except ClientError as error:
            log.warning("alarm %s: %s", alarm.name, error)
            return
        actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}.get(state, alarm.insufficient_data_actions)
        for arn in (actions or []) if alarm.actions_enabled is not False else []:
            self._tell(region, arn, alarm, before, state, why)

    def _tell(self, region: str, arn: str, alarm: t.Any, before: str, state: str, why: str) -> None:
        """An action that leads nowhere is a line of the alarm's history, and nothing more."""
        topic = backend("sns", region).topics.get(arn)
        if topic is None or not admits(topic):
            log.warning("alarm %s: %s is not there, or does not let %s publish", alarm.name, arn, SERVICE)
            return
        message = {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": self._ctx.account_id,
            "OldStateValue": before,
            "NewStateValue": state,
            "NewStateReason": f"Threshold Crossed: {why}",
            "StateChangeTime": datetime.fromtimestamp(self._ctx.clock.now(), UTC).isoformat(timespec="milliseconds"),
            "Region": region,
            "AlarmArn": alarm.alarm_arn,
            "Trigger": {"MetricName": alarm.metric_name, "Namespace": alarm.namespace},
        }
        subject = f'{state}: "{alarm.name}" in {region}'[:100]
        self._ctx.client("sns", region).publish(TopicArn=arn, Subject=subject, Message=json.dumps(message))


def admits(topic: t.Any) -> bool:
    """Whether an alarm of the account may publish: by the policy that SNS gives a topic, or one that names the service.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    if (topic.kms_master_key_id or "").endswith(_AWS_KEY):
        return False
    statements = json.loads(topic.policy)["Statement"] if isinstance(topic.policy, str) else topic.policy["Statement"]
    for statement in statements:
        principal = statement.get("Principal")
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        owner = statement.get("Condition", {}).get("StringEquals", {})
        if statement["Effect"] == "Allow" and (SERVICE in [named, *named] or "AWS:SourceOwner" in owner):
            return True
    return False


__all__ = ("Alarms", "admits", "verdict")
