#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group_info
version_added: 0.1.0
short_description: Look for security groups
description:
  - Returns the security groups of a Region that match all filters. None is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  filters:
    description:
      - What to look for, by the names of EC2's filters; a value is a string or a list of them. V(*) and V(?) are
        wildcards.
      - Empty, all security groups of the Region are returned.
    type: dict
    default: {}
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for the groups of a stack
  central.llm.security_group_info:
    filters:
      tag:central-llm:stack: central-llm
"""

RETURN = r"""
security_groups:
  description: The security groups, by id.
  returned: always
  type: list
  elements: dict
  contains:
    group_id:
      description: Id of the group.
      type: str
      sample: sg-0b8a26869769bfb4c
    name:
      description: Its name.
      type: str
      sample: central-llm-service-sg
    description:
      description: What it is for.
      type: str
      sample: the hosts of the engine
    vpc_id:
      description: Id of its VPC.
      type: str
      sample: vpc-0f01f0b70aa75657b
    ip_permissions:
      description: What it lets in, as AWS words it, with names in small letters.
      type: list
      elements: dict
      sample: [{"ip_protocol": "tcp", "from_port": 8000, "to_port": 8000, "user_id_group_pairs": []}]
    tags:
      description: Its tags.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, network_api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def shown(group: Resource) -> Resource:
    return {
        "group_id": group["GroupId"],
        "name": group["GroupName"],
        "description": group["Description"],
        "vpc_id": group["VpcId"],
        "ip_permissions": [camel_dict_to_snake_dict(permission) for permission in group["IpPermissions"]],
        "tags": api.tag_dict(group.get("Tags")),
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={"filters": {"type": "dict", "default": {}}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        filters = network_api.filters_of(module.params["filters"])
        found = network_api.find_security_groups(module.client("ec2"), filters)
        module.exit_json(changed=False, security_groups=sorted(map(shown, found), key=lambda one: one["group_id"]))


if __name__ == "__main__":
    main()
