# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: operator_policies
version_added: 0.1.0
short_description: Policies that allow what a playbook calls
description:
  - Takes the IAM actions that a playbook calls and returns what allows them and all that AWS checks besides, such as
    passing a role or tagging at creation.
author:
  - The central.llm maintainers (@central-llm)
positional: _input, scopes
options:
  _input:
    description:
      - The actions, as V(ecs:UpdateService) or, of API Gateway, as V(apigateway:PATCH /restapis/*).
    type: list
    elements: str
    required: true
  scopes:
    description:
      - Where which actions are allowed, as dictionaries with C(actions), C(resources) and, optionally, C(condition).
    type: list
    elements: dict
    required: true
  gateway:
    description:
      - How ARNs of API Gateway begin, up to the path.
    type: str
    required: true
  checks:
    description:
      - Return what to ask M(central.llm.iam_permissions_info) instead of policies.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the policy of a playbook that scales a service
  ansible.builtin.debug:
    msg: "{{ actions | central.llm.operator_policies(scopes, gateway='arn:aws:apigateway:eu-central-1::') }}"
  vars:
    actions: [ecs:UpdateService]
    scopes:
      - actions: [ecs:UpdateService]
        resources: ["arn:aws:ecs:eu-central-1:123456789012:service/mine/mine"]
"""

RETURN = r"""
_value:
  description: Policy documents, each within the size that IAM allows; or the questions for the policy simulator.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.module_utils._iam import operator


def operator_policies(
    actions: list[str], scopes: list[dict[str, t.Any]], *, gateway: str, checks: bool = False
) -> list[dict[str, t.Any]]:
    try:
        found = operator.statements(actions, scopes, gateway)
    except operator.NoScope as error:
        raise AnsibleFilterError(f"operator_policies: {error}") from error
    return operator.checks(found) if checks else operator.documents(found)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"operator_policies": operator_policies}
