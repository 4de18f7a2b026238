#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_container_instance
version_added: 0.1.0
short_description: Deregister Amazon ECS container instances whose host is gone
description:
  - Deregisters container instances of a cluster whose agent is not connected and whose host has ended, is unknown to
    Amazon EC2, or carries the given tags.
  - ECS deregisters by itself what ends with its agent connected. A host that was stopped first, or whose agent had
    died, stays registered for ever.
  - Whatever has a connected agent, and hosts of others that are only out of touch, are left alone.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  cluster:
    description:
      - Name or ARN of the cluster. Without such a cluster there is nothing to do.
    type: str
    required: true
  tags:
    description:
      - Tags of hosts that are about to be ended, as a dictionary of strings. With none given, only hosts that have
        ended or are unknown count.
    type: dict
    default: {}
  state:
    description:
      - Hosts register by themselves; all that can be asked for is that they are not registered.
    type: str
    choices: [absent]
    default: absent
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Forget the hosts that are gone, and those that the next task terminates
  central.llm.ecs_container_instance:
    cluster: central-llm-service-cluster
    tags:
      "central-llm:stack": central-llm
    state: absent
"""

RETURN = r"""
deregistered:
  description: The container instances that this run deregistered, in check mode those that it would deregister.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: ARN of the container instance.
      type: str
      sample: arn:aws:ecs:eu-central-1:123456789012:container-instance/central-llm-service-cluster/8d3e1c0f
    ec2_instance_id:
      description: Id of its host.
      type: str
      sample: i-0598c7d356eba48d7
    host_state:
      description: State of the host; empty for one that EC2 does not know.
      type: str
      sample: stopped
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._ec2 import api as ec2_api
from ansible_collections.central.llm.plugins.module_utils._ecs import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

ENDED = frozenset({"shutting-down", "terminated"})


def out_of_touch(client: t.Any, cluster: str) -> list[Resource]:
    found = api.describe_container_instances(client, cluster, api.list_container_instances(client, cluster))
    return [each for each in found if not each.get("agentConnected")]


def gone(instances: t.Iterable[Resource], hosts: t.Mapping[str, Resource], tags: dict[str, str]) -> list[Resource]:
    """Those whose host has ended, is unknown, or is about to be ended."""
    found = []
    for each in instances:
        host = hosts.get(each["ec2InstanceId"])
        state = host["State"]["Name"] if host else ""
        ours = bool(tags) and host is not None and tags.items() <= ec2_api.tag_dict(host.get("Tags")).items()
        if host is None or state in ENDED or ours:
            arn = each["containerInstanceArn"]
            found.append({"arn": arn, "ec2_instance_id": each["ec2InstanceId"], "host_state": state})
    return sorted(found, key=lambda each: each["arn"])


def ensure_absent(
    client: t.Any, cluster: str, instances: list[Resource], *, check_mode: bool
) -> tuple[bool, list[Resource]]:
    if not check_mode:
        for each in instances:
            api.deregister_container_instance(client, cluster, each["arn"])
    return bool(instances), instances


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        client, cluster = module.client("ecs"), module.params["cluster"]
        tags = {key: str(value) for key, value in module.params["tags"].items()}
        instances = out_of_touch(client, cluster)
        hosts = {}
        if instances:
            hosts = ec2_api.instances_by_id(module.client("ec2"), [each["ec2InstanceId"] for each in instances])
        doomed = gone(instances, hosts, tags)
        changed, deregistered = ensure_absent(client, cluster, doomed, check_mode=module.check_mode)
        arns = [each["arn"] for each in deregistered]
        diff = {"before": {"container_instances": arns}, "after": {"container_instances": []}}
        module.exit_json(changed=changed, deregistered=deregistered, diff=diff)


if __name__ == "__main__":
    main()
