# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: unasked_resources
version_added: 0.1.0
short_description: Tell what a stack has that nobody asks for
description:
  - Of what stays while nobody changes the stack (see P(central.llm.lasting_resources#filter)), leaves what none of the
    known resources is, such as what a former setting has left behind.
author:
  - The central.llm maintainers (@central-llm)
positional: _input, known
options:
  _input:
    description: The resources, as M(central.llm.stack_info) returns them.
    type: list
    elements: dict
    required: true
  known:
    description: What is asked for, as P(central.llm.resources#filter) tells it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How it is called.
        type: str
        required: true
      id:
        description: Its id or ARN; may be empty.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Look at a stack
  central.llm.stack_info:
    stack: central-llm
  register: whole

- name: Show what the network's room does not know
  ansible.builtin.debug:
    msg: "{{ whole.resources | central.llm.unasked_resources(llm_network_drift) | map(attribute='arn') }}"
"""

RETURN = r"""
_value:
  description: Those that nobody asks for, in the order given.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.module_utils._tagging.lasting import unasked

Resources = list[dict[str, t.Any]]


def unasked_resources(resources: Resources, known: Resources) -> Resources:
    try:
        return [dict(each) for each in unasked(resources, known)]
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(f"unasked_resources takes what stack_info and resources return: {error!r}") from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"unasked_resources": unasked_resources}
