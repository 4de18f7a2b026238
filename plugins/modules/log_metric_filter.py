#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_metric_filter
version_added: 0.1.0
short_description: Manage a metric filter of a CloudWatch Logs log group
description:
  - Creates, changes and deletes a metric filter, which makes a metric of the lines of a log group that a pattern lets
    through. Only the options that are given are managed. Of what AWS replaces as a whole, the rest is given back as it
    is.
  - Lines that were there before the filter are not counted.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  log_group:
    description:
      - The name of the log group, of class STANDARD.
    type: str
    required: true
  name:
    description:
      - The name of the filter, without colons and asterisks.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the filter, V(absent) deletes it. The metric's values stay.
    type: str
    choices: [present, absent]
    default: present
  pattern:
    description:
      - Which lines count. An empty pattern lets all through.
      - Required where the filter does not exist, like O(namespace) and O(metric).
    type: str
  namespace:
    description:
      - Namespace of the metric, without colons, asterisks and dollar signs.
    type: str
  metric:
    description:
      - Name of the metric, without colons, asterisks and dollar signs.
    type: str
  value:
    description:
      - What a line adds, a number or a field of the line such as V($.size). A new filter gets V(1) by default.
    type: str
  default_value:
    description:
      - What the metric is in a period whose lines all did not count. AWS takes none with O(dimensions).
    type: float
  dimensions:
    description:
      - Dimensions of the metric, by name the field of the line that each is taken from, three at most. Each combination
        of values is a metric of its own, and billed as one.
    type: dict
  unit:
    description:
      - Unit of the metric, such as V(Count) or V(Milliseconds).
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Count the errors of the engine
  central.llm.log_metric_filter:
    log_group: /ecs/central-llm-service
    name: engine-errors
    pattern: ERROR
    namespace: CentralLLM/central-llm
    metric: EngineErrors
    default_value: 0
"""

RETURN = r"""
filter:
  description: The filter as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    log_group:
      description: Name of the log group.
      type: str
      sample: /ecs/central-llm-service
    name:
      description: Name of the filter.
      type: str
      sample: engine-errors
    pattern:
      description: Which lines count.
      type: str
      sample: ERROR
    namespace:
      description: Namespace of the metric.
      type: str
      sample: CentralLLM/central-llm
    metric:
      description: Name of the metric.
      type: str
      sample: EngineErrors
    value:
      description: What a line adds.
      type: str
      sample: "1"
    default_value:
      description: What the metric is in a period whose lines all did not count; none for no value.
      type: float
      sample: 0.0
    dimensions:
      description: Dimensions of the metric, by name the field that each is taken from.
      type: dict
      sample: {}
    unit:
      description: Unit of the metric.
      type: str
      sample: None
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given
from ansible_collections.central.llm.plugins.module_utils._logs import metric_filters as api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

NEEDED = ("pattern", "namespace", "metric")
DEFAULTS: Resource = {"value": "1", "default_value": None, "dimensions": {}, "unit": "None"}
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html
MOST_DIMENSIONS = 3
_NAME = re.compile(r"[^:*]{1,512}\Z")
_METRIC = re.compile(r"[^:*$]{1,255}\Z")


def described(found: Resource) -> Resource:
    made = found["metricTransformations"][0]
    return {
        "log_group": found["logGroupName"],
        "name": found["filterName"],
        "pattern": found.get("filterPattern") or "",
        "namespace": made["metricNamespace"],
        "metric": made["metricName"],
        "value": made["metricValue"],
        "default_value": made.get("defaultValue"),
        "dimensions": dict(made.get("dimensions") or {}),
        "unit": made.get("unit") or "None",
    }


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    if not _NAME.match(options["name"]):
        raise InvalidInput(f"name: {options['name']!r} is not 1 to 512 characters without ':' and '*'.")
    for option in ("namespace", "metric"):
        if options[option] is not None and not _METRIC.match(options[option]):
            raise InvalidInput(f"{option}: {options[option]!r} is not 1 to 255 characters without ':', '*' and '$'.")
    if len(options["dimensions"] or {}) > MOST_DIMENSIONS:
        raise InvalidInput(f"dimensions: AWS takes {MOST_DIMENSIONS} at most.")


def put(client: t.Any, wanted: Resource) -> None:
    transformation = {
        "metricNamespace": wanted["namespace"],
        "metricName": wanted["metric"],
        "metricValue": wanted["value"],
        "defaultValue": wanted["default_value"],
        "dimensions": wanted["dimensions"] or None,
        "unit": wanted["unit"],
    }
    request = {
        "logGroupName": wanted["log_group"],
        "filterName": wanted["name"],
        "filterPattern": wanted["pattern"],
        "metricTransformations": [given(transformation)],
    }
    api.put_filter(client, request=request)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    desired = given({key: options[key] for key in (*NEEDED, *DEFAULTS)})
    if "dimensions" in desired:
        desired["dimensions"] = {str(name): str(field) for name, field in desired["dimensions"].items()}
    missing = [key for key in NEEDED if key not in desired]
    if before is None and missing:
        raise InvalidInput(f"There is no metric filter {options['name']}; {', '.join(missing)} must be given.")
    found = before or {"log_group": options["log_group"], "name": options["name"], **DEFAULTS}
    after = {**found, **desired}
    if after["dimensions"] and after["default_value"] is not None:
        raise InvalidInput("default_value: AWS takes none for a metric with dimensions.")
    changed = before is None or bool(differing(desired, before))
    if changed and not check_mode:
        put(client, after)
    return changed, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_filter(client, before["log_group"], before["name"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "log_group": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "pattern": {"type": "str"},
            "namespace": {"type": "str"},
            "metric": {"type": "str"},
            "value": {"type": "str"},
            "default_value": {"type": "float"},
            "dimensions": {"type": "dict"},
            "unit": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        validate(options)
        client = module.client("logs")
        there = api.list_filters(client, options["log_group"], options["name"])
        before = next((described(each) for each in there if each["filterName"] == options["name"]), None)
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, check_mode=module.check_mode)
        else:
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("filter", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
