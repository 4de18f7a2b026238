"""Dashboards: moto takes any JSON, and no tags.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
import typing as t

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.utils import make_arn_for_dashboard

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")
KINDS = ("alarm", "custom", "explorer", "log", "metric", "text")
WIDTH = 24
TALLEST = 1000
MOST_WIDGETS = 500
_tag = CloudWatchBackend.tag_resource


def apply() -> None:
    guards("cloudwatch", "PutDashboard")(check)
    guards("cloudwatch", "DeleteDashboards")(forget_tags)
    CloudWatchBackend.tag_resource = tag


def refuse(problem: str) -> AwsError:
    return AwsError("InvalidParameterInput", f"The field DashboardBody must be a valid JSON object: {problem}")


def check(call: Call, params: Params) -> None:
    if not _NAME.match(params["DashboardName"]):
        raise AwsError("InvalidParameterValue", "The value for field DashboardName is invalid.")
    try:
        body = json.loads(params["DashboardBody"])
        widgets = body["widgets"]
    except (ValueError, KeyError, TypeError) as error:
        raise refuse(str(error)) from None
    if len(widgets) > MOST_WIDGETS:
        raise refuse(f"more than {MOST_WIDGETS} widgets")
    for number, widget in enumerate(widgets):
        problem = problem_of(widget)
        if problem:
            raise refuse(f"/widgets/{number}: {problem}")
    cloudwatch: t.Any = backend("cloudwatch", call.region)
    # An update's tags are ignored.
    if params.get("Tags") and params["DashboardName"] not in cloudwatch.dashboards:
        arn = make_arn_for_dashboard(ACCOUNT_ID, call.region, params["DashboardName"])
        cloudwatch.tagger.tag_resource(arn, params["Tags"])


def problem_of(widget: dict[str, t.Any]) -> str | None:
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in KINDS:
        return f"type {kind!r} is none of {', '.join(KINDS)}"
    if not isinstance(properties, dict):
        return "properties are missing"
    width, height = widget.get("width", 6), widget.get("height", 6)
    if not (1 <= width <= WIDTH and 1 <= height <= TALLEST and widget.get("x", 0) + width <= WIDTH):
        return "it is wider or taller than the dashboard"
    if kind == "text" and not isinstance(properties.get("markdown"), str):
        return "markdown is missing"
    if kind == "alarm" and not properties.get("alarms"):
        return "alarms are missing"
    if kind == "metric":
        return problem_of_metrics(properties)
    return None


def problem_of_metrics(properties: dict[str, t.Any]) -> str | None:
    if not properties.get("region"):
        return "region is missing"
    metrics = properties.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        return "metrics are missing"
    for metric in metrics:
        names = [each for each in metric if not isinstance(each, dict)]
        rendering = [each for each in metric if isinstance(each, dict)]
        expression = bool(rendering) and "expression" in rendering[-1]
        # Namespace, name, and pairs of dimension and value; or an expression and nothing else.
        if expression if names else not expression:
            return f"{metric} is neither a metric nor an expression"
        if names and (len(names) < 2 or len(names) % 2):
            return f"{metric}: a dimension has no value"
    return None


def tag(self: t.Any, arn: str, tags: dict[str, str]) -> None:
    """moto knows alarms only."""
    if arn in {dashboard.arn for dashboard in self.dashboards.values()}:
        self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
    else:
        _tag(self, arn, tags)


def forget_tags(call: Call, params: Params) -> None:
    cloudwatch: t.Any = backend("cloudwatch", call.region)
    for name in params["DashboardNames"]:
        if name in cloudwatch.dashboards:
            cloudwatch.tagger.delete_all_tags_for_resource(cloudwatch.dashboards[name].arn)
