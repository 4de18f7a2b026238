# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Whether a host in a subnet can reach AWS's services, decided from what EC2 says about the VPC.

Only what can never work is refused. What leads to somebody else's router (a transit gateway, a VPN, an appliance) is
taken for a way out, because nothing in this account says where it goes on.
"""

from __future__ import annotations

import typing as t

Item = t.Mapping[str, t.Any]

DEFAULT = "0.0.0.0/0"

# Targets of a route that hand the packets to a router which is not seen from here.
_ELSEWHERE = {
    "TransitGatewayId": "transit gateway",
    "NetworkInterfaceId": "network interface",
    "LocalGatewayId": "local gateway",
    "CarrierGatewayId": "carrier gateway",
    "CoreNetworkArn": "core network",
}


class Network(t.NamedTuple):
    """A VPC as EC2 describes it."""

    region: str
    route_tables: t.Sequence[Item]
    nat_gateways: t.Sequence[Item]
    endpoints: t.Sequence[Item]
    # enableDnsSupport and enableDnsHostnames: private DNS of endpoints needs both.
    private_dns: bool


class Way(t.NamedTuple):
    """How packets leave a subnet, or else why they do not."""

    out: str
    reason: str


def judge(
    network: Network, subnet: Item, services: t.Sequence[str], *, public_address: bool | None
) -> dict[str, t.Any]:
    """What a host in this subnet reaches. Without a word on its address, the subnet's own setting gives it one."""
    if public_address is None:
        public_address = bool(subnet.get("MapPublicIpOnLaunch"))
    table = effective_route_table(network.route_tables, subnet["SubnetId"])
    way = way_out(network, table, public_address=public_address)
    table_id = (table or {}).get("RouteTableId", "")
    missing = [] if way.out else [name for name in services if not has_endpoint(network, name, table_id)]
    return {
        "subnet_id": subnet["SubnetId"],
        "availability_zone": subnet["AvailabilityZone"],
        "route_table_id": table_id,
        "public_address": public_address,
        "way_out": way.out,
        "reason": way.reason,
        "missing": missing,
    }


def effective_route_table(route_tables: t.Sequence[Item], subnet_id: str) -> Item | None:
    """The one that the subnet is associated with, or else the main one of its VPC.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
    """
    main = None
    for table in route_tables:
        for association in table.get("Associations", []):
            if association.get("AssociationState", {}).get("State", "associated") != "associated":
                continue
            if association.get("SubnetId") == subnet_id:
                return table
            if association.get("Main"):
                main = table
    return main


def way_out(network: Network, table: Item | None, *, public_address: bool, through_nat: bool = False) -> Way:
    if table is None:
        return Way("", "no route table applies to it")
    name = table["RouteTableId"]
    route = next((one for one in table.get("Routes", []) if one.get("DestinationCidrBlock") == DEFAULT), None)
    if route is None:
        return Way("", f"its route table {name} has no default route")
    if route.get("State") == "blackhole":
        return Way("", f"the default route of its route table {name} leads to something that is gone")
    if route.get("NatGatewayId"):
        # A private NAT gateway may stand before another router, but none stands before the next.
        if through_nat:
            return Way("", f"the default route of {name} leads from one NAT gateway to the next")
        return _through_nat(network, route["NatGatewayId"], name)
    gateway = route.get("GatewayId", "")
    if gateway.startswith("igw-"):
        if public_address:
            return Way(f"internet gateway {gateway}", "")
        return Way("", f"the default route of its route table {name} leads to {gateway}, which needs a public address")
    if gateway:
        return Way(f"gateway {gateway}", "")
    for member, words in _ELSEWHERE.items():
        if route.get(member):
            return Way(f"{words} {route[member]}", "")
    # A peering connection hands on no packets for a third network.
    # https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    return Way("", f"the default route of its route table {name} leads to nothing that reaches AWS's services")


def _through_nat(network: Network, nat_id: str, table_id: str) -> Way:
    nat = next((one for one in network.nat_gateways if one["NatGatewayId"] == nat_id), None)
    if nat is None or nat.get("State") not in ("available", "pending"):
        return Way(
            "", f"the NAT gateway {nat_id} of its route table {table_id} is {(nat or {}).get('State', 'missing')}"
        )
    if not nat.get("SubnetId"):
        # A regional NAT gateway stands in no subnet and has a route to the internet gateway of its own.
        return Way(f"NAT gateway {nat_id}", "")
    public = nat.get("ConnectivityType", "public") == "public"
    beyond = way_out(
        network,
        effective_route_table(network.route_tables, nat["SubnetId"]),
        public_address=public,
        through_nat=True,
    )
    if beyond.out:
        return Way(f"NAT gateway {nat_id}", "")
    return Way("", f"its NAT gateway {nat_id} stands in {nat['SubnetId']}, and there: {beyond.reason}")


def has_endpoint(network: Network, service: str, route_table_id: str) -> bool:
    """A gateway endpoint serves the route tables that it is in, private DNS of an interface endpoint the whole VPC."""
    for endpoint in network.endpoints:
        if not endpoint["ServiceName"].endswith(f".{network.region}.{service}"):
            continue
        if endpoint.get("State", "").lower() not in ("available", "pending"):
            continue
        if endpoint.get("VpcEndpointType", "Gateway") == "Gateway":
            if route_table_id in endpoint.get("RouteTableIds", []):
                return True
        elif endpoint.get("PrivateDnsEnabled") and network.private_dns and endpoint.get("SubnetIds"):
            return True
    return False


def in_words(verdict: t.Mapping[str, t.Any]) -> str:
    """What a subnet lacks."""
    return (
        f"{verdict['subnet_id']} ({verdict['availability_zone']}): {verdict['reason']}, and its VPC has no usable "
        f"endpoint of {', '.join(verdict['missing'])}"
    )


__all__ = ("Network", "Way", "effective_route_table", "has_endpoint", "in_words", "judge", "way_out")
