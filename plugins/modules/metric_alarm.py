#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: metric_alarm
version_added: 0.1.0
short_description: Manage a CloudWatch alarm on one metric
description:
  - Creates, changes and deletes an alarm. Only the options that are given are managed; of what AWS replaces as a whole,
    the rest is given back as it is.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the alarm.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the alarm, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the alarm is for.
    type: str
  namespace:
    description:
      - Namespace of the metric.
      - Required where the alarm does not exist, like O(metric), O(threshold) and O(comparison).
    type: str
  metric:
    description:
      - Name of the metric.
    type: str
  dimensions:
    description:
      - Which of the metric's series it is.
    type: dict
  statistic:
    description:
      - What is made of the values of a period. It takes the place of an extended one, such as C(p99).
    type: str
    choices: [SampleCount, Average, Sum, Minimum, Maximum]
  period:
    description:
      - How many seconds a period has, 10, 30 or a multiple of 60.
    type: int
  evaluation_periods:
    description:
      - How many periods are looked at. Fewer than C(DatapointsToAlarm) of the alarm lower that, too.
    type: int
  threshold:
    description:
      - What the statistic is compared with.
    type: float
  comparison:
    description:
      - How it is compared.
    type: str
    choices:
      - GreaterThanOrEqualToThreshold
      - GreaterThanThreshold
      - LessThanThreshold
      - LessThanOrEqualToThreshold
  missing_data:
    description:
      - What a period without values counts as.
    type: str
    choices: [breaching, notBreaching, ignore, missing]
  alarm_actions:
    description:
      - ARNs of what is told of an alarm, such as an SNS topic; an empty list is none.
    type: list
    elements: str
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Raise an alarm when anything waits in a queue
  central.llm.metric_alarm:
    name: my-dead-letters
    namespace: AWS/SQS
    metric: ApproximateNumberOfMessagesVisible
    dimensions:
      QueueName: my-dead-letters
    statistic: Maximum
    period: 60
    evaluation_periods: 1
    threshold: 0
    comparison: GreaterThanThreshold
    missing_data: notBreaching
"""

RETURN = r"""
alarm:
  description: The alarm as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the alarm.
      type: str
      returned: when it exists
      sample: arn:aws:cloudwatch:eu-central-1:123456789012:alarm:my-dead-letters
    name:
      description: Name of the alarm.
      type: str
      sample: my-dead-letters
    description:
      description: What it is for.
      type: str
      sample: ""
    namespace:
      description: Namespace of the metric.
      type: str
      sample: AWS/SQS
    metric:
      description: Name of the metric.
      type: str
      sample: ApproximateNumberOfMessagesVisible
    dimensions:
      description: Which of the metric's series it is.
      type: dict
      sample: {"QueueName": "my-dead-letters"}
    statistic:
      description: What is made of the values of a period, be it an extended statistic.
      type: str
      sample: Maximum
    period:
      description: Seconds of a period.
      type: int
      sample: 60
    evaluation_periods:
      description: How many periods are looked at.
      type: int
      sample: 1
    threshold:
      description: What the statistic is compared with.
      type: float
      sample: 0.0
    comparison:
      description: How it is compared.
      type: str
      sample: GreaterThanThreshold
    missing_data:
      description: What a period without values counts as.
      type: str
      sample: missing
    alarm_actions:
      description: ARNs of what is told of an alarm.
      type: list
      elements: str
      sample: []
    alarm_state:
      description: Whether it is raised, C(OK), C(ALARM) or C(INSUFFICIENT_DATA).
      type: str
      returned: when it exists
      sample: OK
    tags:
      description: Tags of the alarm.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput, members_of
from ansible_collections.central.llm.plugins.module_utils._cloudwatch import api
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags, replacement
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

DEFAULTS: Resource = {
    "description": "",
    "dimensions": {},
    "statistic": "Average",
    "period": 60,
    "evaluation_periods": 1,
    "missing_data": "missing",
    "alarm_actions": [],
}
NEEDED = ("namespace", "metric", "threshold", "comparison")
# What PutMetricAlarm calls the options.
MEMBERS = {
    "name": "AlarmName",
    "description": "AlarmDescription",
    "namespace": "Namespace",
    "metric": "MetricName",
    "dimensions": "Dimensions",
    "statistic": "Statistic",
    "period": "Period",
    "evaluation_periods": "EvaluationPeriods",
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "missing_data": "TreatMissingData",
    "alarm_actions": "AlarmActions",
}
# What it does not take beside MetricName: these belong to alarms on expressions, bands and queries.
OF_OTHER_ALARMS = ("Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval")


def describe(client: t.Any, found: Resource | None) -> Resource | None:
    """The alarm in the shape that this module returns."""
    if found is None:
        return None
    name = found["AlarmName"]
    if "MetricName" not in found:
        raise InvalidInput(f"The alarm {name} is on several metrics, and none that this module manages.")
    return {
        "arn": found["AlarmArn"],
        "name": name,
        "description": found.get("AlarmDescription") or "",
        "namespace": found["Namespace"],
        "metric": found["MetricName"],
        "dimensions": {each["Name"]: each["Value"] for each in found.get("Dimensions") or []},
        "statistic": found.get("Statistic") or found.get("ExtendedStatistic") or "",
        "period": found["Period"],
        "evaluation_periods": found["EvaluationPeriods"],
        "threshold": float(found["Threshold"]),
        "comparison": found["ComparisonOperator"],
        "missing_data": found.get("TreatMissingData") or "missing",
        "alarm_actions": list(found.get("AlarmActions") or []),
        "alarm_state": found["StateValue"],
        "tags": api.list_tags(client, found["AlarmArn"]),
    }


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    period = options["period"]
    if period is not None and period not in (10, 20, 30) and (period < 60 or period % 60):
        raise InvalidInput(f"period: {period} is none of 10, 20, 30 and the multiples of 60.")
    if options["evaluation_periods"] is not None and options["evaluation_periods"] < 1:
        raise InvalidInput("evaluation_periods: at least one period is looked at.")


def request_of(found: Resource, changes: Resource, members: t.Collection[str]) -> Resource:
    """All that makes an alarm: AWS resets what it is put without, so that what is not managed is sent again."""
    managed: Resource = dict.fromkeys(OF_OTHER_ALARMS)
    managed |= {MEMBERS[option]: value for option, value in changes.items() if option in MEMBERS}
    if "dimensions" in changes:
        managed["Dimensions"] = [{"Name": name, "Value": value} for name, value in changes["dimensions"].items()]
    if "statistic" in changes:
        # AWS takes either statistic, and the last for percentiles alone.
        managed |= {"ExtendedStatistic": None, "EvaluateLowSampleCountPercentile": None}
    request = replacement(found, managed, members)
    if "DatapointsToAlarm" in request:
        # No more of them than there are periods.
        request["DatapointsToAlarm"] = min(request["DatapointsToAlarm"], request["EvaluationPeriods"])
    return request


def put(client: t.Any, found: Resource, changes: Resource, tags: dict[str, str]) -> None:
    """Tags are taken at creation only."""
    request = request_of(found, changes, members_of(client, "PutMetricAlarm"))
    request |= given({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()] or None})
    api.put_alarm(client, request=request)


def ensure_present(
    client: t.Any, found: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource]:
    before = describe(client, found)
    name = options["name"]
    desired = given({key: options[key] for key in (*NEEDED, *DEFAULTS)})
    if "dimensions" in desired:
        desired["dimensions"] = {str(key): str(value) for key, value in desired["dimensions"].items()}
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None or found is None:
        missing = [key for key in NEEDED if key not in desired]
        if missing:
            raise InvalidInput(f"The alarm {name} does not exist; {', '.join(missing)} must be given.")
        after = {"name": name, **DEFAULTS, **desired, "tags": tags.after}
        if check_mode:
            return True, None, after
        put(client, {}, after, tags.after)
        return True, None, describe(client, api.find_alarm(client, name)) or after
    changes = differing(desired, before)
    after = {**before, **changes, "tags": tags.after}
    if not check_mode:
        if changes:
            put(client, found, changes, {})
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or tags.changes), before, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_alarm(client, before["name"])
    return True, None


def main() -> None:
    comparisons = ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold"]
    comparisons += ["LessThanThreshold", "LessThanOrEqualToThreshold"]
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "namespace": {"type": "str"},
            "metric": {"type": "str"},
            "dimensions": {"type": "dict"},
            "statistic": {"type": "str", "choices": ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]},
            "period": {"type": "int"},
            "evaluation_periods": {"type": "int"},
            "threshold": {"type": "float"},
            "comparison": {"type": "str", "choices": comparisons},
            "missing_data": {"type": "str", "choices": ["breaching", "notBreaching", "ignore", "missing"]},
            "alarm_actions": {"type": "list", "elements": "str"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("cloudwatch")
        found = api.find_alarm(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, before, after = ensure_present(client, found, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(describe(client, found))
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("alarm", changed=changed, before=before, after=after, observed=["alarm_state"])


if __name__ == "__main__":
    main()
