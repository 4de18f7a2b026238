#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_usage_plan_info
version_added: 0.1.0
short_description: Show usage plans of API Gateway
description:
  - Reads the usage plans of a region, all of them or those with certain tags. Their keys are not read.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsagePlans.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  tags:
    description:
      - Show only plans that have all of these tags.
    type: dict
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look at the usage plans of a stack
  central.llm.api_gateway_usage_plan_info:
    tags:
      central-llm:stack: central-llm
  register: found
"""

RETURN = r"""
usage_plans:
  description: The plans as M(central.llm.api_gateway_usage_plan) returns one, but for their keys, sorted by name.
  returned: always
  type: list
  elements: dict
  sample:
    - id: flyode
      name: central-llm-usage-plan
      throttle: {rate_limit: 5.0, burst_limit: 10}
      quota: {limit: 5000, offset: 0, period: DAY}
      api_stages: [{api_id: xvbo5tab12, stage: prod, throttle: []}]
      tags: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import usage_plan_model, usage_plans
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def describe(plan: t.Mapping[str, t.Any]) -> Resource:
    found = usage_plan_model.from_aws(plan, [])
    del found["keys"]
    return found


def main() -> None:
    module = CollectionModule(argument_spec={"tags": {"type": "dict"}}, supports_check_mode=True)
    wanted = {str(key): str(value) for key, value in (module.params["tags"] or {}).items()}
    with module.failures_reported():
        found = [describe(plan) for plan in usage_plans.list_usage_plans(module.client("apigateway"))]
        ours = [plan for plan in found if wanted.items() <= plan["tags"].items()]
        module.exit_json(changed=False, usage_plans=sorted(ours, key=lambda plan: (plan["name"], plan["id"])))


if __name__ == "__main__":
    main()
