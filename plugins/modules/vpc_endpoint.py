#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_endpoint
version_added: 0.1.0
short_description: Manage an endpoint of an AWS service in a VPC
description:
  - Creates, changes and deletes a gateway or interface endpoint. Only the options that are given are managed.
  - An endpoint is found by VPC, service and type. Several of them are an error that names them; O(endpoint_id) decides.
  - "AWS reference: U(https://docs.aws.amazon.com/vpc/latest/privatelink/what-is-privatelink.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  vpc_id:
    description:
      - Id of the VPC.
    type: str
    required: true
  service:
    description:
      - The service, in short like V(s3) or V(ecr.api), or as its full name.
    type: str
    required: true
  type:
    description:
      - V(gateway) is a free entry in route tables, for S3 and DynamoDB. V(interface) is an address in each of the
        subnets, billed by the hour.
    type: str
    choices: [gateway, interface]
    required: true
  endpoint_id:
    description:
      - Id of an endpoint that is there, where VPC, service and type do not tell it.
    type: str
  state:
    description:
      - V(present) creates or changes the endpoint, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  subnet_ids:
    description:
      - The subnets of an interface endpoint, exactly these, at most one a zone.
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups of an interface endpoint, exactly these. They have to let in port 443.
      - Left out at creation, AWS takes the default group of the VPC.
    type: list
    elements: str
  route_table_ids:
    description:
      - The route tables of a gateway endpoint, exactly these.
    type: list
    elements: str
  private_dns:
    description:
      - Whether the service's own name leads to an interface endpoint, in the whole VPC. The VPC needs DNS support and
        DNS hostnames for it.
      - Left out at creation, it is on where AWS has it on.
    type: bool
  policy:
    description:
      - What may be done through the endpoint. An empty dictionary returns to AWS's own policy, which allows all.
      - A policy that says the same in another order or spelling is the same.
    type: dict
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let private subnets reach S3
  central.llm.vpc_endpoint:
    vpc_id: vpc-0f01f0b70aa75657b
    service: s3
    type: gateway
    route_table_ids: [rtb-0a1b2c3d4e5f60718]

- name: Let them reach ECS under its own name
  central.llm.vpc_endpoint:
    vpc_id: vpc-0f01f0b70aa75657b
    service: ecs-agent
    type: interface
    subnet_ids: [subnet-07b4b1c7bd77a628d]
    security_group_ids: [sg-0ee960237203b60e9]
    private_dns: true
"""

RETURN = r"""
vpc_endpoint:
  description: The endpoint as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    endpoint_id:
      description: Id of the endpoint.
      type: str
      returned: when it exists
      sample: vpce-0a1b2c3d4e5f60718
    state:
      description: What AWS is doing with it.
      type: str
      returned: when it exists
      sample: available
    vpc_id:
      description: Id of its VPC.
      type: str
      sample: vpc-0f01f0b70aa75657b
    service_name:
      description: Full name of the service.
      type: str
      sample: com.amazonaws.eu-central-1.ecs-agent
    type:
      description: C(gateway) or C(interface).
      type: str
      sample: interface
    subnet_ids:
      description: Its subnets, sorted.
      type: list
      elements: str
      sample: [subnet-07b4b1c7bd77a628d]
    security_group_ids:
      description: Its security groups, sorted.
      type: list
      elements: str
      sample: [sg-0ee960237203b60e9]
    route_table_ids:
      description: Its route tables, sorted.
      type: list
      elements: str
      sample: []
    private_dns:
      description: Whether the service's own name leads to it.
      type: bool
      sample: true
    policy:
      description: What may be done through it; empty for AWS's own policy.
      type: dict
      sample: {}
    tags:
      description: Tags of the endpoint.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import json
import typing as t
import uuid

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, endpoint, network_api, waiters
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def find(client: t.Any, options: Resource) -> Resource | None:
    name = endpoint.full_name(options["service"], client.meta.region_name)
    found = endpoint.candidates(network_api.list_endpoints(client, options["vpc_id"]), name, options["type"])
    if options["endpoint_id"]:
        found = [one for one in found if one["endpoint_id"] == options["endpoint_id"]]
        if not found and options["state"] == "present":
            raise InvalidInput(
                f"{options['endpoint_id']} is no {options['type']} endpoint of {name} in {options['vpc_id']}."
            )
    if len(found) > 1:
        ids = ", ".join(one["endpoint_id"] for one in found)
        raise InvalidInput(f"{options['vpc_id']} has several endpoints of {name}: {ids}. Say which with endpoint_id.")
    return found[0] if found else None


def create(client: t.Any, after: Resource, desired: Resource) -> Resource:
    request = {
        "VpcId": after["vpc_id"],
        "ServiceName": after["service_name"],
        "VpcEndpointType": after["type"].capitalize(),
        # The SDK repeats a request whose answer was lost; with a token AWS makes one endpoint of it.
        "ClientToken": str(uuid.uuid4()),
        "SubnetIds": desired.get("subnet_ids"),
        "SecurityGroupIds": desired.get("security_group_ids"),
        "RouteTableIds": desired.get("route_table_ids"),
        "PrivateDnsEnabled": desired.get("private_dns"),
        "PolicyDocument": json.dumps(desired["policy"]) if desired.get("policy") else None,
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": api.tag_list(after["tags"])}],
    }
    if not after["tags"]:
        del request["TagSpecifications"]
    return endpoint.shown(network_api.create_endpoint(client, request=given(request)))


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    desired = endpoint.wanted(options)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        name = endpoint.full_name(options["service"], client.meta.region_name)
        after = {"vpc_id": options["vpc_id"], "service_name": name, "type": options["type"], **desired}
        after["tags"] = tags.after
        if check_mode:
            return True, after
        current = create(client, after, desired)
        if options["wait"]:
            waiters.wait_endpoint(client, current["endpoint_id"], timeout=options["wait_timeout"])
        return True, find(client, {**options, "endpoint_id": current["endpoint_id"]}) or current

    changes = endpoint.changes_of(desired, before)
    if changes and not check_mode:
        network_api.modify_endpoint(client, request=endpoint.modification(before, changes))
        if options["wait"]:
            waiters.wait_endpoint(client, before["endpoint_id"], timeout=options["wait_timeout"])
    if not check_mode:
        if tags.put:
            api.tag(client, before["endpoint_id"], tags.put)
        if tags.remove:
            api.untag(client, before["endpoint_id"], tags.remove)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        network_api.delete_endpoint(client, before["endpoint_id"])
        if options["wait"]:
            waiters.wait_endpoint_gone(client, before["endpoint_id"], timeout=options["wait_timeout"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "vpc_id": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "type": {"type": "str", "choices": ["gateway", "interface"], "required": True},
            "endpoint_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "subnet_ids": {"type": "list", "elements": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "route_table_ids": {"type": "list", "elements": "str"},
            "private_dns": {"type": "bool"},
            "policy": {"type": "dict"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = module.params
        endpoint.validate(options)
        client = module.client("ec2")
        before = find(client, options)
        ensure = ensure_present if options["state"] == "present" else ensure_absent
        changed, after = ensure(client, before, options, check_mode=module.check_mode)
        module.exit_with("vpc_endpoint", changed=changed, before=before, after=after, observed=("state",))


if __name__ == "__main__":
    main()
