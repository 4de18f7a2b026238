#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_dashboard
version_added: 0.1.0
short_description: Manage a CloudWatch dashboard
description:
  - Creates, changes and deletes a dashboard. Its body is compared by what it means, not by how it is written.
  - A dashboard is global. Its widgets name the region of their metrics.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the dashboard, 1 to 255 letters, digits, V(-) and V(_).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the dashboard, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  body:
    description:
      - What it shows. Required where the dashboard does not exist.
      - "Its structure is U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html)."
      - AWS replaces a body as a whole.
    type: json
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Show how many requests there are
  central.llm.cloudwatch_dashboard:
    name: my-requests
    body:
      widgets:
        - type: metric
          width: 12
          height: 6
          properties:
            title: Requests
            region: eu-central-1
            stat: Sum
            metrics: [[AWS/ApiGateway, Count, ApiName, my-api, Stage, prod]]
"""

RETURN = r"""
dashboard:
  description: The dashboard as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the dashboard.
      type: str
      returned: when it exists
      sample: arn:aws:cloudwatch::123456789012:dashboard/my-requests
    name:
      description: Name of the dashboard.
      type: str
      sample: my-requests
    body:
      description: What it shows.
      type: dict
      sample: {"widgets": []}
    tags:
      description: Tags of the dashboard.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import json
import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._cloudwatch import api
from ansible_collections.central.llm.plugins.module_utils._compare import given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")


def describe(client: t.Any, name: str) -> Resource | None:
    """The dashboard in the shape that this module returns."""
    found = api.get_dashboard(client, name)
    if found is None:
        return None
    return {
        "arn": found["DashboardArn"],
        "name": name,
        "body": json.loads(found["DashboardBody"]),
        "tags": api.list_tags(client, found["DashboardArn"]),
    }


def validate(options: Resource) -> Resource:
    """The options with the body read, or what AWS would refuse, before anything is touched."""
    if not _NAME.match(options["name"]):
        raise InvalidInput(f"name: {options['name']!r} is not 1 to 255 letters, digits, '-' and '_'.")
    if options["body"] is None:
        return options
    try:
        body = json.loads(options["body"])
    except ValueError as error:
        raise InvalidInput(f"body is no JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("widgets"), list):
        raise InvalidInput("body has no list of widgets.")
    return {**options, "body": body}


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource, list[str]]:
    name = options["name"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None and options["body"] is None:
        raise InvalidInput(f"The dashboard {name} does not exist; body must be given.")
    body = before["body"] if before and options["body"] is None else options["body"]
    after = {**(before or {"name": name}), "body": body, "tags": tags.after}
    differs = before is None or body != before["body"]
    said: list[str] = []
    if check_mode:
        return differs or tags.changes, after, said
    if differs:
        # AWS takes tags at creation only.
        new = [{"Key": key, "Value": value} for key, value in tags.after.items()] if before is None else []
        request = {"DashboardName": name, "DashboardBody": json.dumps(body), "Tags": new or None}
        said = api.put_dashboard(client, request=given(request))
    if before is None:
        return True, describe(client, name) or after, said
    if tags.put:
        api.tag(client, before["arn"], tags.put)
    if tags.remove:
        api.untag(client, before["arn"], tags.remove)
    return differs or tags.changes, after, said


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_dashboard(client, before["name"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "body": {"type": "json"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = validate(module.params)
        client = module.client("cloudwatch")
        before = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            changed, after, said = ensure_present(client, before, options, check_mode=module.check_mode)
            for each in said:
                module.warn(f"CloudWatch took the dashboard and says: {each}")
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("dashboard", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
