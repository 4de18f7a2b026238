# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""CloudWatch alarms and dashboards, one function per API call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

_MISSING = ("ResourceNotFound", "ResourceNotFoundException")


@aws_call("look up the alarm {name}")
def find_alarm(client: t.Any, name: str) -> dict[str, t.Any] | None:
    found = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    return found[0] if found else None


@aws_call("read the tags of {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]}


@aws_call("put the alarm {AlarmName}")
def put_alarm(client: t.Any, request: dict[str, t.Any]) -> None:
    client.put_metric_alarm(**request)


@aws_call("delete the alarm {name}", missing=_MISSING)
def delete_alarm(client: t.Any, name: str) -> None:
    client.delete_alarms(AlarmNames=[name])


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)


@aws_call("read the dashboard {name}", missing=_MISSING)
def get_dashboard(client: t.Any, name: str) -> dict[str, t.Any] | None:
    return client.get_dashboard(DashboardName=name)


@aws_call("put the dashboard {DashboardName}")
def put_dashboard(client: t.Any, request: dict[str, t.Any]) -> list[str]:
    """What AWS has to say about a body that it takes all the same."""
    found = client.put_dashboard(**request).get("DashboardValidationMessages") or []
    return [f"{each.get('DataPath', '')}: {each.get('Message', '')}".lstrip(": ") for each in found]


@aws_call("delete the dashboard {name}", missing=_MISSING)
def delete_dashboard(client: t.Any, name: str) -> None:
    client.delete_dashboards(DashboardNames=[name])
