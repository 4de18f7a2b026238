#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: price_info
version_added: 0.1.0
short_description: Ask AWS what instances, volumes and gateways cost
description:
  - Asks the Price List API for on-demand prices in one region, in US dollars.
  - Exactly one product must match each question. None or several fail and list the candidates, so that no price is
    ever taken from a product that merely looks alike.
  - The prices are AWS's public ones. Discounts, credits, savings plans and taxes of the account are not in them, spot
    capacity costs less.
  - The API answers in C(us-east-1), C(eu-central-1) and C(ap-south-1) for all regions; the nearest is asked. The
    caller needs C(pricing:GetProducts).
  - "AWS reference: U(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  instance_types:
    description:
      - Instance types whose hour is asked for, with Linux, on shared hardware.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - O(region) is the region whose prices are asked for.
"""

EXAMPLES = r"""
- name: Ask what a host costs
  central.llm.price_info:
    region: eu-central-1
    instance_types: [g6e.2xlarge]
  register: asked

- name: Say it
  ansible.builtin.debug:
    msg: "{{ asked.prices.instance_hour['g6e.2xlarge'] }} USD per hour"
"""

RETURN = r"""
prices:
  description: The prices in US dollars, of the first unit where more of them are cheaper.
  returned: always
  type: dict
  contains:
    instance_hour:
      description: An hour of each instance type.
      type: dict
      sample: {"g6e.2xlarge": 2.8035}
    network_lb_hour:
      description: An hour of a network load balancer.
      type: float
      sample: 0.027
    network_lb_capacity_unit_hour:
      description: An hour of one of its capacity units.
      type: float
      sample: 0.006
    gp3_gib_month:
      description: A GiB of a gp3 volume for a month.
      type: float
      sample: 0.0952
    gp3_iops_month:
      description: An I/O operation a second of a gp3 volume, beyond 3000, for a month.
      type: float
      sample: 0.006
    gp3_mibps_month:
      description: A MiB/s of a gp3 volume, beyond 125, for a month.
      type: float
      sample: 0.0476
    public_ipv4_hour:
      description: An hour of a public IPv4 address in use.
      type: float
      sample: 0.005
    rest_api_request:
      description: A request to a REST API of API Gateway.
      type: float
      sample: 0.0000037
products:
  description: What each price was read from.
  returned: always
  type: dict
  sample: {"network_lb_hour": {"usd": 0.027, "sku": "S8FHPXZUXNYMVTG4", "usage_type": "EUC1-LoadBalancerUsage"}}
"""

import functools
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._pricing import api, products


def ask(client: t.Any, region: str, wanted: dict[str, products.Product]) -> dict[str, products.Price]:
    """The price of each; products that one question finds are asked for once, and all questions at once."""
    questions = {_question(product, region): product for product in wanted.values()}
    answers = at_once(
        *[
            functools.partial(api.list_products, client, product.service, {**product.matches, "regionCode": region})
            for product in questions.values()
        ]
    )
    found = dict(zip(questions, answers, strict=True))
    return {
        name: products.price_of(name, product, found[_question(product, region)]) for name, product in wanted.items()
    }


def _question(product: products.Product, region: str) -> t.Hashable:
    return product.service, region, tuple(sorted(product.matches.items()))


def prices(found: dict[str, products.Price], instance_types: list[str]) -> Resource:
    others = {name: price.usd for name, price in found.items() if name not in instance_types}
    return {"instance_hour": {name: found[name].usd for name in instance_types}, **others}


def main() -> None:
    module = CollectionModule(
        argument_spec={"instance_types": {"type": "list", "elements": "str", "default": []}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        region, instance_types = module.region, list(dict.fromkeys(module.params["instance_types"]))
        if not region:
            raise InvalidInput("region: say which region's prices are asked for.")
        client = module.client("pricing", region=products.endpoint_region(region))
        wanted = {**products.PRODUCTS, **{name: products.instance(name) for name in instance_types}}
        try:
            found = ask(client, region, wanted)
        except products.NoSinglePrice as error:
            module.fail_json(msg=str(error))
        shown = {name: price._asdict() for name, price in found.items()}
        module.exit_json(changed=False, prices=prices(found, instance_types), products=shown)


if __name__ == "__main__":
    main()
