"""NAT gateways: moto keeps interface and address of a deleted one, and calls their tags by another type than AWS.

https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
"""

from __future__ import annotations

from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, EC2_RESOURCE_TO_PREFIX

from lab.control.call import Call
from lab.control.operations import Params, amends, backend


def apply() -> None:
    EC2_PREFIX_TO_RESOURCE[EC2_RESOURCE_TO_PREFIX["nat-gateway"]] = "natgateway"
    amends("ec2", "DeleteNatGateway")(let_go)


def let_go(call: Call, params: Params, _output: Params) -> None:
    ec2 = backend("ec2", call.region)
    interface = ec2.nat_gateways[params["NatGatewayId"]]._eni
    ec2.enis.pop(interface.id, None)
    for address in ec2.addresses:
        if address.eni is interface:
            address.eni, address.association_id = None, None
