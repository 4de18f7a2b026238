# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The capacity ladder: which kind of host is asked for where, in which order, and what AWS answered. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t

from .._aws import InvalidInput

# A rung that is refused for one of these may be followed by the next; whatever else is wrong is wrong on every rung.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
REFUSALS = frozenset(
    {
        "InstanceLimitExceeded",
        "InsufficientFreeAddressesInSubnet",
        "InsufficientHostCapacity",
        "InsufficientInstanceCapacity",
        "InsufficientReservedInstanceCapacity",
        "MaxSpotInstanceCountExceeded",
        "SpotMaxPriceTooLow",
        "UnfulfillableCapacity",
        "Unsupported",
        "VcpuLimitExceeded",
    }
)
NOT_OFFERED = "NotOfferedInZone"
ATTEMPT_TIMEOUT = "AttemptTimeout"

# How long a repeated request counts as the same one, in seconds; see client_token.
_TOKEN_PERIOD = 300


class Rung(t.NamedTuple):
    instance_type: str
    subnet_id: str
    lifecycle: str

    def __str__(self) -> str:
        return f"{self.instance_type} ({self.lifecycle}) in {self.subnet_id}"


class Attempt(t.NamedTuple):
    """A rung that gave nothing, or too little, and why."""

    rung: Rung
    error_code: str
    error_message: str

    def __str__(self) -> str:
        return f"{self.rung}: {self.error_code}: {self.error_message}"

    def as_dict(self) -> dict[str, str]:
        return {**self.rung._asdict(), "error_code": self.error_code, "error_message": self.error_message}


def split_offered(
    ladder: t.Sequence[Rung], zone_of: t.Mapping[str, str], offered: t.Mapping[str, t.Collection[str]]
) -> tuple[list[Rung], list[Attempt]]:
    """The rungs that can be asked for, in order, and those that AWS does not offer where their subnet is."""
    possible: list[Rung] = []
    left_out: list[Attempt] = []
    for rung in ladder:
        zone, zones = zone_of[rung.subnet_id], offered[rung.instance_type]
        if zone in zones:
            possible.append(rung)
        else:
            where = f"it is offered in {', '.join(sorted(zones))}" if zones else "no zone of this region offers it"
            left_out.append(Attempt(rung, NOT_OFFERED, f"{zone} does not offer {rung.instance_type}; {where}."))
    return possible, left_out


def fleet_request(
    rung: Rung, count: int, *, template: str, version: str, tags: t.Mapping[str, str], token: str
) -> dict[str, t.Any]:
    """CreateFleet for one rung: with a single override AWS has nothing to choose, so that the ladder's order holds."""
    listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return {
        "Type": "instant",
        "ClientToken": token,
        "LaunchTemplateConfigs": [
            {
                "LaunchTemplateSpecification": {"LaunchTemplateName": template, "Version": version},
                "Overrides": [{"InstanceType": rung.instance_type, "SubnetId": rung.subnet_id}],
            }
        ],
        "TargetCapacitySpecification": {"TotalTargetCapacity": count, "DefaultTargetCapacityType": rung.lifecycle},
        "TagSpecifications": [{"ResourceType": kind, "Tags": listed} for kind in ("fleet", "instance")],
    }


def client_token(rung: Rung, count: int, position: int, attempt: int, *, now: float, **situation: t.Any) -> str:
    """The same for the same request in the same situation, so that a run that was cut short is not repeated by AWS.

    Once a host is listed it is counted, the token covers the moments before that. It holds for minutes, not for ever,
    since AWS repeats its answer to a token for a day or more.
    https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
    """
    period = int(now // _TOKEN_PERIOD)
    facts = json.dumps([rung, count, position, attempt, period, situation], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()


def started(answer: t.Mapping[str, t.Any]) -> list[str]:
    return [instance_id for item in answer.get("Instances", []) for instance_id in item.get("InstanceIds", [])]


def refusals(rung: Rung, answer: t.Mapping[str, t.Any]) -> list[Attempt]:
    """Why hosts were not started, each reason once."""
    reasons = {(item.get("ErrorCode", ""), item.get("ErrorMessage", "")): None for item in answer.get("Errors", [])}
    return [Attempt(rung, code, message) for code, message in reasons]


def validate(options: t.Mapping[str, t.Any], tags: t.Mapping[str, str], filters: t.Mapping[str, str]) -> None:
    """Raise InvalidInput for what would start hosts that are never found again, or nothing at all."""
    if not filters:
        raise InvalidInput(
            "Nothing says which hosts are meant: give name, the tag central-llm:stack in tags, or filters."
        )
    if options["state"] == "absent":
        return
    if options["target_capacity"] < 0:
        raise InvalidInput(f"target_capacity is {options['target_capacity']}, it takes 0 or more.")
    if options["attempt_timeout"] is not None and options["attempt_timeout"] < 1:
        raise InvalidInput(f"attempt_timeout is {options['attempt_timeout']}, it takes 1 second or more.")
    if not options["overrides"]:
        raise InvalidInput("overrides is empty: list at least one instance_type with a subnet_id.")
    astray = {key: value for key, value in filters.items() if tags.get(key) != value}
    if astray:
        raise InvalidInput(
            f"A host started with the tags {dict(tags)} would not match the filters {astray} and never be found again. "
            "Put them into tags, too."
        )


__all__ = (
    "ATTEMPT_TIMEOUT",
    "NOT_OFFERED",
    "REFUSALS",
    "Attempt",
    "Rung",
    "client_token",
    "fleet_request",
    "refusals",
    "split_offered",
    "started",
    "validate",
)
