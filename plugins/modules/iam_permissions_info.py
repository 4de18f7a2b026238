#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_permissions_info
version_added: 0.1.0
short_description: Say which IAM actions the caller lacks
description:
  - Asks IAM's policy simulator which of some actions a user or role is not allowed, without calling any of them.
  - The simulator knows identity policies, permissions boundaries and service control policies. It knows no
    resource-based policies of a role and no session policies, so that its answer may differ from what then happens.
  - Who cannot be simulated, such as the root user or a caller without C(iam:SimulatePrincipalPolicy), is no error
    but a warning; RV(simulated) then is V(false).
  - "AWS reference: U(https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  principal:
    description:
      - ARN of the user or role.
      - Left out, it is the caller, or the role whose session the caller is.
    type: str
  checks:
    description:
      - What to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      actions:
        description:
          - The IAM actions. Those of one check should be of one service and take the same kinds of resources.
        type: list
        elements: str
        required: true
      resources:
        description:
          - ARNs that the actions are asked for. An action is missing if it is allowed on none of them.
        type: list
        elements: str
        default: ["*"]
      context:
        description:
          - Condition keys and their values, such as C(iam:PassedToService).
        type: dict
        default: {}
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Ask before anything is changed
  central.llm.iam_permissions_info:
    checks:
      - actions: [ecs:UpdateService]
        resources: ["arn:aws:ecs:eu-central-1:123456789012:service/mine/mine"]
      - actions: [iam:PassRole]
        resources: ["arn:aws:iam::123456789012:role/mine"]
        context:
          iam:PassedToService: ecs-tasks.amazonaws.com
  register: permissions

- name: Stop where something is missing
  ansible.builtin.assert:
    that: permissions.missing == []
"""

RETURN = r"""
principal:
  description: ARN of the user or role that was asked about; empty where there is none.
  returned: always
  type: str
  sample: arn:aws:iam::123456789012:role/operator
simulated:
  description: Whether IAM could answer.
  returned: always
  type: bool
  sample: true
missing:
  description: The actions that are not allowed, each with the first of its resources; empty where IAM could not answer.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The action.
      type: str
      sample: ecs:UpdateService
    resource:
      description: The first resource that it was asked for.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:service/mine/mine
    decision:
      description: V(implicitDeny) where no policy allows it, V(explicitDeny) where one denies it.
      type: str
      sample: implicitDeny
    reason:
      description: The decision in words.
      type: str
      sample: no policy allows it
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput, aws_call
from ansible_collections.central.llm.plugins.module_utils._iam import api, simulation
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule

_ACTION = re.compile(r"^[\w-]+:\w+$", re.ASCII)


@aws_call("ask who is calling")
def caller_arn(client: t.Any) -> str:
    return client.get_caller_identity()["Arn"]


def validate(checks: list[dict[str, t.Any]]) -> None:
    for check in checks:
        for action in check["actions"]:
            if not _ACTION.match(action):
                raise InvalidInput(f"{action!r} is no IAM action, which looks like ecs:UpdateService.")
        if not check["actions"] or not check["resources"]:
            raise InvalidInput("Each of the checks needs actions, and resources where they are given.")


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "principal": {"type": "str"},
            "checks": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "actions": {"type": "list", "elements": "str", "required": True},
                    "resources": {"type": "list", "elements": "str", "default": ["*"]},
                    "context": {"type": "dict", "default": {}},
                },
            },
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params["checks"])
        client = module.client("iam")
        principal, missing, simulated = module.params["principal"] or "", [], False
        try:
            if not principal:
                caller = caller_arn(module.client("sts"))
                principal = simulation.principal_of(caller, lambda name: api.find_role(client, name))
            missing = simulation.missing(client, principal, module.params["checks"])
            simulated = True
        except simulation.CannotSimulate as error:
            module.warn(f"The permissions were not checked: {error}.")
        module.exit_json(changed=False, principal=principal, simulated=simulated, missing=missing)


if __name__ == "__main__":
    main()
