#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_permission
version_added: 0.1.0
short_description: Manage a statement of a Lambda function's policy
description:
  - Lets an AWS service invoke a function on behalf of one of its resources, or takes that back.
  - AWS cannot change a statement; one that differs is removed and made anew.
  - "AWS reference: U(https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The id of the statement.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the statement, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  function:
    description:
      - The name of the function.
    type: str
    required: true
  principal:
    description:
      - Who may invoke it, such as C(events.amazonaws.com). Required with O(state=present).
    type: str
  source_arn:
    description:
      - ARN of the resource on whose behalf it is invoked. Required with O(state=present), so that no other account's
        resource can be named to it.
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let a rule invoke a function
  central.llm.lambda_permission:
    name: my-rule
    function: my-reaper
    principal: events.amazonaws.com
    source_arn: arn:aws:events:eu-central-1:123456789012:rule/my-reaper
"""

RETURN = r"""
permission:
  description: The statement as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    name:
      description: The id of the statement.
      type: str
      sample: my-rule
    function:
      description: The name of the function.
      type: str
      sample: my-reaper
    principal:
      description: Who may invoke it.
      type: str
      sample: events.amazonaws.com
    source_arn:
      description: ARN of the resource on whose behalf it is invoked.
      type: str
      sample: arn:aws:events:eu-central-1:123456789012:rule/my-reaper
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._compare import differing
from ansible_collections.central.llm.plugins.module_utils._lambda import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def describe(client: t.Any, function: str, name: str) -> Resource | None:
    """The statement in the shape that this module returns."""
    statements = api.list_permissions(client, function)
    found = next((each for each in statements if each.get("Sid") == name), None)
    if found is None:
        return None
    principal = found.get("Principal") or {}
    sources = (found.get("Condition") or {}).get("ArnLike") or {}
    return {
        "name": name,
        "function": function,
        "principal": principal if isinstance(principal, str) else str(principal.get("Service", "")),
        "source_arn": next((value for key, value in sources.items() if key.lower() == "aws:sourcearn"), ""),
    }


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    after = {key: options[key] for key in ("name", "function", "principal", "source_arn")}
    if before is not None and not differing(after, before):
        return False, before
    if not check_mode:
        if before is not None:
            api.remove_permission(client, options["function"], options["name"])
        request = {
            "FunctionName": options["function"],
            "StatementId": options["name"],
            "Action": "lambda:InvokeFunction",
            "Principal": options["principal"],
            "SourceArn": options["source_arn"],
        }
        api.add_permission(client, request=request)
    return True, after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.remove_permission(client, before["function"], before["name"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "function": {"type": "str", "required": True},
            "principal": {"type": "str"},
            "source_arn": {"type": "str"},
        },
        required_if=[("state", "present", ["principal", "source_arn"])],
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("lambda")
        before = describe(client, module.params["function"], module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("permission", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
