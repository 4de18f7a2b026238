"""Which zones offer an instance type, and where there is none to be had: moto launches anything anywhere.

`POST /_lab/capacity` {"instance_type": "g6e.2xlarge", "availability_zone": "eu-central-1a", "available": false} lets
launches there fail with InsufficientInstanceCapacity until it is called with true (or the lab is reset). With
"launches": "end" a launch is taken, and its instances are terminated instead of running, with the state reason that EC2
gives; with "launches": "hang" they stay pending.
"""

from __future__ import annotations

from moto.core.request import Request
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from lab.control import current, hooks
from lab.control.errors import AwsError
from lab.control.operations import Params

# Families that not every zone has: region -> family -> ids of the zones that do.
_ZONES = {"eu-central-1": {"g6e": {"euc1-az1", "euc1-az2"}}}

# (instance type, zone), "*" for any -> what becomes of a launch there: it is refused, it ends, or it hangs.
_exhausted: dict[tuple[str, str], str] = {}


@current.on_reset
def clear() -> None:
    _exhausted.clear()


def apply() -> None:
    for region, families in _ZONES.items():
        names = {zone.name: zone.zone_id for zone in RegionsAndZonesBackend.zones[region]}
        for family, ids in families.items():
            offered = {"availability-zone": [name for name, zone in names.items() if zone in ids],
                       "availability-zone-id": sorted(ids)}  # fmt: skip
            for location_type, places in offered.items():
                _offer_only(location_type, region, family, places)


def _offer_only(location_type: str, region: str, family: str, places: list[str]) -> None:
    offers = INSTANCE_TYPE_OFFERINGS[location_type][region]
    types = sorted({offer["InstanceType"] for offer in offers if offer["InstanceType"].startswith(f"{family}.")})
    kept = [offer for offer in offers if not offer["InstanceType"].startswith(f"{family}.")]
    kept += [
        {"InstanceType": name, "Location": place, "LocationType": location_type} for place in places for name in types
    ]
    INSTANCE_TYPE_OFFERINGS[location_type][region] = kept


def zones_offering(region: str, instance_type: str) -> set[str]:
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, [])
    return {offer["Location"] for offer in offers if offer["InstanceType"] == instance_type}


def check(region: str, instance_type: str, zone: str) -> None:
    """Raise what RunInstances says where the type is not offered, or sold out."""
    offering = zones_offering(region, instance_type)
    if zone not in offering:
        choices = ", ".join(sorted(offering)) or "another Region"
        raise AwsError(
            "Unsupported",
            f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
            f"({zone}). Please retry your request by not specifying an Availability Zone or choosing {choices}.",
        )
    if outcome(instance_type, zone) == "refuse":
        raise AwsError(
            "InsufficientInstanceCapacity",
            f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
            f"({zone}). Our system will be working on provisioning additional capacity.",
            500,
        )


def outcome(instance_type: str, zone: str) -> str:
    """What becomes of a launch: "run", unless a test has declared something else."""
    places = ((instance_type, zone), (instance_type, "*"), ("*", zone))
    return next((_exhausted[place] for place in places if place in _exhausted), "run")


@hooks.route("POST", "capacity")
def declare(request: Request, groups: tuple[str, ...]) -> Params:
    wanted = hooks.body_of(request)
    place = (wanted.get("instance_type", "*"), wanted.get("availability_zone", "*"))
    if wanted.get("available", False):
        _exhausted.pop(place, None)
    else:
        _exhausted[place] = wanted.get("launches", "refuse")
    return {"exhausted": sorted(map(list, _exhausted))}
