#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_info
version_added: 0.1.0
short_description: Look for VPCs
description:
  - Returns the VPCs of a Region that match all filters. None is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  filters:
    description:
      - What to look for, by the names of EC2's filters; a value is a string or a list of them. V(*) and V(?) are
        wildcards.
      - Empty, all VPCs of the Region are returned.
    type: dict
    default: {}
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for the default VPC
  central.llm.vpc_info:
    filters:
      isDefault: "true"
"""

RETURN = r"""
vpcs:
  description: The VPCs, by id.
  returned: always
  type: list
  elements: dict
  contains:
    vpc_id:
      description: Id of the VPC.
      type: str
      sample: vpc-0f01f0b70aa75657b
    cidr_block:
      description: Its first range of IPv4 addresses.
      type: str
      sample: 172.31.0.0/16
    is_default:
      description: Whether it is the default VPC of the Region.
      type: bool
      sample: true
    state:
      description: V(pending) or V(available).
      type: str
      sample: available
    tags:
      description: Its tags.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

from ansible_collections.central.llm.plugins.module_utils._ec2 import api, network_api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def shown(vpc: Resource) -> Resource:
    return {
        "vpc_id": vpc["VpcId"],
        "cidr_block": vpc["CidrBlock"],
        "is_default": vpc["IsDefault"],
        "state": vpc["State"],
        "tags": api.tag_dict(vpc.get("Tags")),
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={"filters": {"type": "dict", "default": {}}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        filters = network_api.filters_of(module.params["filters"])
        found = network_api.find_vpcs(module.client("ec2"), filters)
        module.exit_json(changed=False, vpcs=sorted(map(shown, found), key=lambda one: one["vpc_id"]))


if __name__ == "__main__":
    main()
