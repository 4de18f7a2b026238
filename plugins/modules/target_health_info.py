#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_health_info
version_added: 0.1.0
short_description: Show the targets of a target group and whether they are healthy
description:
  - Reads the health of all targets of a target group as its load balancer sees it.
  - A target group that does not exist has no targets; that is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  target_group_arn:
    description:
      - ARN of the target group.
    type: str
  name:
    description:
      - Name of the target group. Give either this or O(target_group_arn).
    type: str
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Wait until a host is healthy
  central.llm.target_health_info:
    name: central-llm-nlb-tg
  register: health
  until: health.healthy_count > 0
  retries: 60
  delay: 10
"""

RETURN = r"""
target_group_arn:
  description: ARN of the target group; null when there is none.
  returned: always
  type: str
  sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/central-llm-nlb-tg/6d0ecf831eec9f09
targets:
  description: The targets, sorted by id and port.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the instance, or address.
      type: str
      sample: i-0598c7d356eba48d7
    port:
      description: Port of the target.
      type: int
      sample: 8000
    state:
      description:
        - State of the target, such as C(initial), C(healthy), C(unhealthy), C(unused), C(draining), C(unavailable) or
          C(unhealthy.draining).
      type: str
      sample: healthy
    reason:
      description: AWS's code for why the target is not healthy; null when it is.
      type: str
      sample: Target.Timeout
    description:
      description: The reason in words; null when the target is healthy.
      type: str
      sample: Request timed out
healthy_count:
  description: How many of the targets are healthy.
  returned: always
  type: int
  sample: 1
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._elbv2 import api
from ansible_collections.central.llm.plugins.module_utils._elbv2.transformations import target_state
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def describe(client: t.Any, arn: str | None, name: str | None) -> Resource:
    if arn is None and name is not None:
        found = api.find_target_group(client, name)
        arn = found["TargetGroupArn"] if found else None
    health = api.target_health(client, arn) if arn else None
    targets = sorted(
        (target_state(one) for one in health or []), key=lambda target: (target["id"], target["port"] or 0)
    )
    return {
        "target_group_arn": arn if health is not None else None,
        "targets": targets,
        "healthy_count": sum(target["state"] == "healthy" for target in targets),
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={"target_group_arn": {"type": "str"}, "name": {"type": "str"}},
        required_one_of=[("target_group_arn", "name")],
        mutually_exclusive=[("target_group_arn", "name")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("elbv2")
        health = describe(client, module.params["target_group_arn"], module.params["name"])
        module.exit_json(changed=False, **health)


if __name__ == "__main__":
    main()
