#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_reachability_info
version_added: 0.1.0
short_description: Tell whether hosts in some subnets can reach AWS's services
description:
  - Reads the route tables, NAT gateways and endpoints that apply to some subnets, and tells which of AWS's services a
    host there could never reach.
  - A subnet reaches a service by a default route of IPv4 to a NAT gateway that itself reaches an internet gateway, by
    one to an internet gateway where the host has a public address, or by an endpoint of the service. An interface
    endpoint counts with private DNS, which the VPC's DNS support and DNS hostnames have to allow; a gateway endpoint
    counts for the route tables that it is in.
  - A default route to somebody else's router (a transit gateway, a VPN, an appliance) counts as a way out. Network
    ACLs, policies of endpoints and their security groups are not judged, nor is IPv6.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  subnet_ids:
    description:
      - Ids of the subnets, all of one VPC.
    type: list
    elements: str
    required: true
  services:
    description:
      - The services to reach, as in the last part of their endpoints' names.
    type: list
    elements: str
    default: [ecs, ecs-agent, ecs-telemetry, ecr.api, ecr.dkr, s3, logs]
  public_address:
    description:
      - Whether the hosts have a public address of IPv4. Left out, the setting of each subnet decides.
    type: bool
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look whether private hosts could ever register
  central.llm.vpc_reachability_info:
    subnet_ids: [subnet-07b4b1c7bd77a628d]
    public_address: false
  register: reachability

- name: Stop before a host is paid for
  ansible.builtin.assert:
    that: reachability.reachable
    fail_msg: "{{ reachability.findings | join('; ') }}"
"""

RETURN = r"""
reachable:
  description: Whether every service is reached from every subnet.
  returned: always
  type: bool
  sample: false
findings:
  description: What each subnet lacks that does not reach all services, a sentence each.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      subnet-07b4b1c7bd77a628d (eu-central-1a): its route table rtb-0a1b2c3d4e5f60718 has no default route, and its VPC
      has no usable endpoint of ecs-agent
subnets:
  description: The subnets, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    subnet_id:
      description: Id of the subnet.
      type: str
      sample: subnet-07b4b1c7bd77a628d
    availability_zone:
      description: Its zone.
      type: str
      sample: eu-central-1a
    route_table_id:
      description: The route table that applies to it.
      type: str
      sample: rtb-0a1b2c3d4e5f60718
    public_address:
      description: Whether a host there has a public address.
      type: bool
      sample: false
    way_out:
      description: Where its default route leads; empty where it leads nowhere.
      type: str
      sample: NAT gateway nat-0a1b2c3d4e5f60718
    reason:
      description: Why there is no way out.
      type: str
      sample: ""
    missing:
      description: The services that are not reached.
      type: list
      elements: str
      sample: []
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import network_api, reachability
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def read(client: t.Any, vpc_id: str) -> reachability.Network:
    return reachability.Network(
        region=client.meta.region_name,
        route_tables=network_api.list_route_tables(client, vpc_id),
        nat_gateways=network_api.list_nat_gateways(client, vpc_id),
        endpoints=network_api.list_endpoints(client, vpc_id),
        private_dns=all(
            network_api.vpc_attribute(client, vpc_id, name) for name in ("enableDnsSupport", "enableDnsHostnames")
        ),
    )


def judge(client: t.Any, options: Resource) -> list[Resource]:
    if not options["subnet_ids"]:
        raise InvalidInput("subnet_ids is empty: name at least one subnet.")
    subnets = {subnet["SubnetId"]: subnet for subnet in network_api.read_subnets(client, options["subnet_ids"])}
    vpcs = sorted({subnet["VpcId"] for subnet in subnets.values()})
    if len(vpcs) != 1:
        raise InvalidInput(f"The subnets are in several VPCs: {', '.join(vpcs)}. Name those of one.")
    network = read(client, vpcs[0])
    return [
        reachability.judge(network, subnets[name], options["services"], public_address=options["public_address"])
        for name in options["subnet_ids"]
    ]


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "subnet_ids": {"type": "list", "elements": "str", "required": True},
            "services": {
                "type": "list",
                "elements": "str",
                "default": ["ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "s3", "logs"],
            },
            "public_address": {"type": "bool"},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        verdicts = judge(module.client("ec2"), module.params)
        lacking = [verdict for verdict in verdicts if verdict["missing"]]
        module.exit_json(
            changed=False,
            reachable=not lacking,
            findings=[reachability.in_words(verdict) for verdict in lacking],
            subnets=verdicts,
        )


if __name__ == "__main__":
    main()
