#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: subnet_info
version_added: 0.1.0
short_description: Look for subnets
description:
  - Returns the subnets of a Region that match all filters. None is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  filters:
    description:
      - What to look for, by the names of EC2's filters; a value is a string or a list of them. V(*) and V(?) are
        wildcards.
      - Empty, all subnets of the Region are returned.
    type: dict
    default: {}
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for the private subnets of a VPC
  central.llm.subnet_info:
    filters:
      vpc-id: vpc-0f01f0b70aa75657b
      tag:tier: private
"""

RETURN = r"""
subnets:
  description: The subnets, by zone and range.
  returned: always
  type: list
  elements: dict
  contains:
    subnet_id:
      description: Id of the subnet.
      type: str
      sample: subnet-07b4b1c7bd77a628d
    vpc_id:
      description: Id of its VPC.
      type: str
      sample: vpc-0f01f0b70aa75657b
    availability_zone:
      description: Its zone.
      type: str
      sample: eu-central-1a
    cidr_block:
      description: Its range of IPv4 addresses; empty in a subnet of IPv6 alone.
      type: str
      sample: 172.31.16.0/20
    tags:
      description: Its tags.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

from ansible_collections.central.llm.plugins.module_utils._ec2 import api, network_api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def shown(subnet: Resource) -> Resource:
    return {
        "subnet_id": subnet["SubnetId"],
        "vpc_id": subnet["VpcId"],
        "availability_zone": subnet["AvailabilityZone"],
        "cidr_block": subnet.get("CidrBlock", ""),
        "tags": api.tag_dict(subnet.get("Tags")),
    }


def by_place(subnet: Resource) -> tuple[str, str]:
    """Ids are drawn at random: by zone and range, the same network is listed the same way in every account."""
    return subnet["availability_zone"], subnet["cidr_block"]


def main() -> None:
    module = CollectionModule(
        argument_spec={"filters": {"type": "dict", "default": {}}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        filters = network_api.filters_of(module.params["filters"])
        found = network_api.find_subnets(module.client("ec2"), filters)
        module.exit_json(changed=False, subnets=sorted(map(shown, found), key=by_place))


if __name__ == "__main__":
    main()
