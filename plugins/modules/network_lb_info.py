#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: network_lb_info
version_added: 0.1.0
short_description: Show Network Load Balancers
description:
  - Reads the Network Load Balancers of account and Region, all of them or those of some names.
  - A load balancer that does not exist is left out; that is no error. So is one of another type.
  - "AWS reference:
    U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  names:
    description:
      - Names of the load balancers to show, one or several.
      - Left out, all are shown.
    type: list
    elements: str
    aliases: [name]
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for the internal load balancer
  central.llm.network_lb_info:
    name: central-llm-nlb
  register: found

- name: Require that it serves
  ansible.builtin.assert:
    that: found.network_lbs | map(attribute='state') == ['active']
"""

RETURN = r"""
network_lbs:
  description: The load balancers as M(central.llm.network_lb) returns one, sorted by name.
  returned: always
  type: list
  elements: dict
  sample:
    - name: central-llm-nlb
      arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/central-llm-nlb/9ee1ea123d16308e
      dns_name: central-llm-nlb-9ee1ea123d16308e.elb.eu-central-1.amazonaws.com
      scheme: internal
      state: active
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api
from ansible_collections.central.llm.plugins.module_utils._elbv2.transformations import load_balancer
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def find(client: t.Any, names: list[str] | None) -> list[Resource]:
    """What AWS answers. Names are asked one by one: one that is missing fails a request for several."""
    if names is None:
        return api.list_load_balancers(client)
    return [found for name in dict.fromkeys(names) if (found := api.find_load_balancer(client, name))]


def describe(client: t.Any, found: Resource) -> Resource:
    arn = found["LoadBalancerArn"]
    attributes, tags = at_once(lambda: api.load_balancer_attributes(client, arn), lambda: api.list_tags(client, arn))
    return load_balancer(found, attributes, tags)


def main() -> None:
    module = CollectionModule(
        argument_spec={"names": {"type": "list", "elements": "str", "aliases": ["name"]}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("elbv2")
        networks = [found for found in find(client, module.params["names"]) if found["Type"] == "network"]
        shown = sorted((describe(client, found) for found in networks), key=lambda one: one["name"])
        module.exit_json(changed=False, network_lbs=shown)


if __name__ == "__main__":
    main()
