#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_info
version_added: 0.1.0
short_description: Look for Amazon EC2 instances by their tags
description:
  - Lists the instances that carry all of the given tags and are in one of the given states.
  - A tag's value is taken as it is; C(*) and C(?) in it stand for themselves.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  tags:
    description:
      - Tags that the instances carry, as a dictionary of strings. At least one.
    type: dict
    required: true
  states:
    description:
      - States that the instances are in.
    type: list
    elements: str
    choices: [pending, running, shutting-down, terminated, stopping, stopped]
    default: [pending, running, shutting-down, stopping, stopped]
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for hosts that cost money
  central.llm.instance_info:
    tags:
      "central-llm:stack": central-llm
    states: [pending, running, stopping, stopped]
  register: hosts
"""

RETURN = r"""
instances:
  description: The instances, sorted by their id.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the instance.
      type: str
      sample: i-0598c7d356eba48d7
    state:
      description: State of the instance.
      type: str
      sample: running
    state_transition_reason:
      description: Why it last changed its state, as AWS words it, with the time in brackets.
      type: str
      sample: User initiated (2026-11-23 10:00:00 GMT)
    launch_time:
      description: When it was launched.
      type: str
      sample: "2026-11-23T09:00:00+00:00"
    instance_type:
      description: Type of the instance.
      type: str
      sample: g6e.2xlarge
    image_id:
      description: Id of the image that it was started from.
      type: str
      sample: ami-0123456789abcdef0
    tags:
      description: Tags of the instance.
      type: dict
      sample: {"Name": "central-llm-ec2"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

STATES = ("pending", "running", "shutting-down", "terminated", "stopping", "stopped")


def instance(found: t.Mapping[str, t.Any]) -> Resource:
    return {
        "instance_id": found["InstanceId"],
        "state": found["State"]["Name"],
        "state_transition_reason": found.get("StateTransitionReason", ""),
        "launch_time": found["LaunchTime"].isoformat(),
        "instance_type": found["InstanceType"],
        "image_id": found["ImageId"],
        "tags": api.tag_dict(found.get("Tags")),
    }


def look(client: t.Any, tags: dict[str, str], states: t.Sequence[str]) -> list[Resource]:
    if not tags:
        raise InvalidInput("tags is empty: name at least one, or every instance of the region would be meant.")
    if not states:
        raise InvalidInput(f"states is empty: name at least one of {', '.join(STATES)}.")
    return sorted(map(instance, api.find_instances(client, tags, states)), key=lambda each: each["instance_id"])


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "tags": {"type": "dict", "required": True},
            "states": {
                "type": "list",
                "elements": "str",
                "choices": list(STATES),
                "default": [state for state in STATES if state != "terminated"],
            },
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        tags = {key: str(value) for key, value in module.params["tags"].items()}
        module.exit_json(changed=False, instances=look(module.client("ec2"), tags, module.params["states"]))


if __name__ == "__main__":
    main()
