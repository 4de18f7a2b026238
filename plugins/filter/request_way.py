# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: request_way
version_added: 0.1.0
short_description: Work out the security groups of a request's way, and their rules
description:
  - Works out which security groups the way of a request needs, from the gateway's link over the balancer to the hosts,
    and the rules of each, from what there is and what was asked for.
  - It calls nothing.
author:
  - The central.llm maintainers (@central-llm)
positional: _input, stack, names
options:
  _input:
    description:
      - The groups that there are, as M(central.llm.security_group_info) returns them.
    type: list
    elements: dict
    required: true
  stack:
    description:
      - Name of the stack. A group that carries it in the tag C(central-llm:stack) is its own; another one is adopted.
    type: str
    required: true
  names:
    description:
      - Names of the groups C(link), C(balancer), C(host) and C(endpoint); an empty one is not wanted.
    type: dict
    required: true
  port:
    description:
      - The port that the engine listens on.
    type: int
    required: true
  link_version:
    description:
      - Version of the gateway's VPC link, 1 or 2. Version 1 needs no way into the balancer.
    type: int
    default: 2
  subnet_cidrs:
    description:
      - The address ranges of the balancer's subnets, from which it comes where it has no group.
    type: list
    elements: str
    default: []
  ssh_cidrs:
    description:
      - The address ranges that may use SSH, and no others; left out, the rules of port 22 stay as they are.
    type: list
    elements: str
  purge:
    description:
      - Whether adopted groups have exactly these rules, too.
    type: bool
    default: false
  made:
    description:
      - Results of M(central.llm.security_group) for the items of RV(_value.groups), whose ids count from then on.
    type: list
    elements: dict
    default: []
  predicted:
    description:
      - What stands in rules for a group that has no id yet.
    type: str
    default: sg-00000000
"""

EXAMPLES = r"""
- name: Show the rules
  ansible.builtin.debug:
    msg: "{{ found.security_groups | central.llm.request_way('my-stack', names, port=8000) }}"
  vars:
    names: {link: my-stack-link-sg, balancer: my-stack-nlb-sg, host: my-stack-service-sg}
"""

RETURN = r"""
_value:
  description: The way of a request.
  type: dict
  contains:
    groups:
      description: The groups that are wanted, each with C(of), C(name), C(description) and C(adopted).
      type: list
      elements: dict
    ids:
      description: The id of each group, by what it is of; empty where it is not known.
      type: dict
    rules:
      description: What M(central.llm.security_group_rules) takes as O(central.llm.security_group_rules#module:groups).
      type: list
      elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.module_utils._ec2 import request_way as way


def request_way(
    found: list[dict[str, t.Any]],
    stack: str,
    names: dict[str, str],
    *,
    port: int,
    link_version: int = 2,
    subnet_cidrs: t.Sequence[str] = (),
    ssh_cidrs: t.Sequence[str] | None = None,
    purge: bool = False,
    made: t.Sequence[dict[str, t.Any]] = (),
    predicted: str = "sg-00000000",
) -> dict[str, t.Any]:
    unknown = sorted(set(names) - set(way.DESCRIPTIONS))
    if unknown:
        raise AnsibleFilterError(f"request_way: no group is called {', '.join(unknown)}.")
    try:
        numbers = {"port": int(port), "link_version": int(link_version)}
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"request_way: port and link_version are numbers: {error}") from error
    settings = way.Settings(
        stack=stack,
        names=names,
        subnet_cidrs=subnet_cidrs,
        ssh_cidrs=ssh_cidrs,
        purge=purge,
        predicted=predicted,
        **numbers,
    )
    return way.plan(found, made, settings)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"request_way": request_way}
