# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: lasting_resources
version_added: 0.1.0
short_description: Tell what of a stack stays while nobody changes it
description:
  - Leaves out what comes and goes with sessions, images and keys, such as instances, volumes, tasks, task definitions,
    schedules, API keys, images and snapshots.
author:
  - The central.llm maintainers (@central-llm)
positional: _input
options:
  _input:
    description: The resources, as M(central.llm.stack_info) returns them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Look at a stack
  central.llm.stack_info:
    stack: central-llm
  register: whole

- name: Show what stays of it when its session ends
  ansible.builtin.debug:
    msg: "{{ whole.resources | central.llm.lasting_resources | map(attribute='arn') }}"
"""

RETURN = r"""
_value:
  description: Those that stay, in the order given.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.module_utils._tagging.lasting import lasting

Resources = list[dict[str, t.Any]]


def lasting_resources(resources: Resources) -> Resources:
    try:
        return [dict(each) for each in lasting(resources)]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(f"lasting_resources takes the resources of stack_info: {error!r}") from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"lasting_resources": lasting_resources}
