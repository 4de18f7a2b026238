# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: client_keys
version_added: 0.1.0
short_description: Tell which API keys are a client's, and what each is for
description:
  - Takes API keys and returns the clients of a stack, each with its keys by their state. Only tags decide, so that this
    needs no memory of a rotation.
author:
  - The central.llm maintainers (@central-llm)
positional: _input, clients, stack, now
options:
  _input:
    description:
      - The keys, as M(central.llm.api_gateway_api_key_info) returns them.
    type: list
    elements: dict
    required: true
  clients:
    description:
      - The clients that there shall be, with C(name) and, optionally, C(enabled), C(plan) and C(key_id), the id of a
        key that was made otherwise.
    type: list
    elements: dict
    required: true
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
  now:
    description:
      - The time, in ISO 8601.
    type: str
    required: true
  grace_hours:
    description:
      - How many hours a retired key is kept.
    type: float
    default: 0
"""

EXAMPLES = r"""
- name: Show the phase of each client's rotation
  ansible.builtin.debug:
    msg: "{{ found.api_keys | central.llm.client_keys([{'name': 'a'}], 'central-llm', now(utc=true).isoformat()) }}"
"""

RETURN = r"""
_value:
  description:
    - The clients that were given, in their order, then others that have keys of this stack.
  type: list
  elements: dict
  contains:
    name:
      description: Name of the client.
      type: str
    listed:
      description: Whether it was given.
      type: bool
    enabled:
      description: Whether it shall be let in.
      type: bool
    plan:
      description: Its own plan, as it was given.
      type: dict
    phase:
      description:
        - V(steady) with one key, V(begun) while a new one is being proven, V(overlap) while two are in use, V(retired)
          while one waits to be deleted, V(missing) without any.
      type: str
    current:
      description: The key to publish, with C(id), C(name), C(state), C(enabled), C(created_date) and C(age_days).
      type: dict
    pending:
      description: Keys that nobody has been given yet.
      type: list
      elements: dict
    previous:
      description: Keys that clients may still use.
      type: list
      elements: dict
    retired:
      description: Keys that are disabled for good; C(due) says whether their time is over.
      type: list
      elements: dict
    keys:
      description: All of them.
      type: list
      elements: dict
    wanted:
      description:
        - The keys that there shall be, with C(client), C(id) (empty for one that is to be made), C(state), C(enabled),
          C(own_plan) and C(label).
      type: list
      elements: dict
    return_to:
      description: The key that was current before; empty where there is none.
      type: dict
"""

import datetime
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.module_utils._apigateway import client_keys as keys_of
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput


def client_keys(
    keys: list[dict[str, t.Any]],
    clients: list[dict[str, t.Any]],
    stack: str,
    now: str,
    *,
    grace_hours: float = 0,
) -> list[dict[str, t.Any]]:
    try:
        moment = datetime.datetime.fromisoformat(now)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return keys_of.of_clients(keys, clients, stack, moment, float(grace_hours))
    except (InvalidInput, ValueError) as error:
        raise AnsibleFilterError(f"client_keys: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"client_keys": client_keys}
