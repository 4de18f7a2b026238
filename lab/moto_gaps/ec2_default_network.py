"""The default VPC: moto's has no way to the internet, though its subnets give out public addresses.

https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
"""

from __future__ import annotations

import typing as t

from moto.ec2.models.vpcs import VPCBackend


def apply() -> None:
    make = VPCBackend.create_default_vpc

    def create_default_vpc(self: t.Any) -> t.Any:
        vpc = make(self)
        gateway = self.create_internet_gateway()
        self.attach_internet_gateway(gateway.id, vpc.id)
        main = next(table for table in self.route_tables.values() if table.vpc_id == vpc.id)
        self.create_route(main.id, "0.0.0.0/0", gateway_id=gateway.id)
        return vpc

    VPCBackend.create_default_vpc = create_default_vpc
