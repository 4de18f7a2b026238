#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: target_registration
version_added: 0.1.0
short_description: Keep only live instances registered in a target group
description:
  - Deregisters targets of an instance target group that can no longer answer. These are instances that are gone, that
    are being terminated, or that belong to us by O(own_tags) and are stopped.
  - Instances of others are reported as RV(foreign) and stay, unless O(remove_foreign) is given.
  - Nothing is registered; Amazon ECS registers the targets of its services. Targets that are draining already, and a
    target group that does not exist, are no change.
  - "AWS reference: U(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - Name of the target group.
    type: str
    required: true
  own_tags:
    description:
      - Tags of our own instances. An instance that carries any of them with just this value is ours.
    type: dict
    required: true
  remove_foreign:
    description:
      - Whether instances of others are deregistered, too.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep only live hosts of the stack registered
  central.llm.target_registration:
    name: central-llm-nlb-tg
    own_tags:
      Name: central-llm-ec2
      central-llm:stack: central-llm
"""

RETURN = r"""
target_registration:
  description: What is registered after the run.
  returned: always
  type: dict
  contains:
    target_group_arn:
      description: ARN of the target group; null when there is none.
      type: str
      sample: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/central-llm-nlb-tg/6d0ecf831eec9f09
    targets:
      description: The targets as C(instance id:port), sorted.
      type: list
      elements: str
      sample: ["i-0598c7d356eba48d7:8000"]
deregistered:
  description: The targets that were deregistered, and why.
  returned: always
  type: list
  elements: dict
  contains: &target
    id:
      description: Id of the instance.
      type: str
      sample: i-0598c7d356eba48d7
    port:
      description: Port of the target.
      type: int
      sample: 8000
    reason:
      description: What is wrong with the target.
      type: str
      sample: the instance is terminated
foreign:
  description: The targets of others that were left registered, in the shape of RV(deregistered).
  returned: always
  type: list
  elements: dict
  contains: *target
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2.api import instances_by_id
from ansible_collections.central.llm.plugins.module_utils._elbv2 import api, registration
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def summary(arn: str | None, targets: t.Sequence[registration.Target]) -> Resource:
    return {"target_group_arn": arn, "targets": sorted(str(target) for target in targets)}


def prune(elbv2: t.Any, ec2: t.Any, options: Resource, *, check_mode: bool) -> Resource:
    """What was registered, what is then, and which targets were foreign or went."""
    own_tags = {str(key): str(value) for key, value in options["own_tags"].items()}
    if not own_tags:
        raise InvalidInput("own_tags is empty: without a tag every instance would be somebody else's.")
    group = api.find_target_group(elbv2, options["name"])
    if group is None:
        return {"before": summary(None, []), "after": summary(None, []), "deregistered": [], "foreign": []}
    if group["TargetType"] != "instance":
        raise InvalidInput(
            f"name: the target group {options['name']} has targets of type {group['TargetType']}, and only instances "
            "can be told dead or alive by EC2."
        )
    arn = group["TargetGroupArn"]
    targets = registration.registered(api.target_health(elbv2, arn) or [])
    instances = instances_by_id(ec2, sorted({target.id for target in targets}))
    dead, foreign = registration.judge(targets, instances, own_tags)
    leaving = dead | foreign if options["remove_foreign"] else dead
    if leaving and not check_mode:
        api.deregister_targets(elbv2, arn, [{"Id": target.id, "Port": target.port} for target in sorted(leaving)])
    return {
        "before": summary(arn, targets),
        "after": summary(arn, [target for target in targets if target not in leaving]),
        "deregistered": registration.shown(leaving),
        "foreign": registration.shown({target: why for target, why in foreign.items() if target not in leaving}),
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "own_tags": {"type": "dict", "required": True},
            "remove_foreign": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        result = prune(module.client("elbv2"), module.client("ec2"), module.params, check_mode=module.check_mode)
        before, after = result.pop("before"), result.pop("after")
        module.exit_with("target_registration", changed=before != after, before=before, after=after, **result)


if __name__ == "__main__":
    main()
