"""CreateFleet of type instant: moto launches the first override, whatever there is in its zone.

An instant fleet goes through its overrides until it has what it wants. HTTP 200 with no instances and a list of
errors is how it says that there is no capacity.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFleet.html
"""

from __future__ import annotations

import json
import typing as t
import uuid

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, forward, replaces
from lab.moto_gaps import ec2_instances, ec2_launch_templates
from lab.moto_gaps.apigateway_store import now

# Errors of a launch that a fleet reports under another name.
_RENAMED = {"Unsupported": "InvalidFleetConfiguration"}
# Members of an override that are parameters of the launch.
_OVERRIDES = ("InstanceType", "SubnetId", "ImageId", "BlockDeviceMappings")

_fleets: dict[tuple[str, str], Params] = {}
_tokens: dict[tuple[str, str], tuple[str, Params]] = {}


@current.on_reset
def clear() -> None:
    _fleets.clear()
    _tokens.clear()


def apply() -> None:
    replaces("ec2", "CreateFleet")(create)
    replaces("ec2", "DescribeFleets")(describe)
    replaces("ec2", "DeleteFleets")(delete)


def create(call: Call, params: Params) -> Params:
    if (params.get("Type") or "maintain") != "instant":
        raise NotImplementedError("fleets that are not instant")
    token = params.get("ClientToken")
    asked = json.dumps(params, sort_keys=True, default=str)
    if token and (call.region, token) in _tokens:
        earlier, answer = _tokens[call.region, token]
        if earlier != asked:
            raise AwsError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        return answer
    _check_overrides(params)
    total = int(params["TargetCapacitySpecification"]["TotalTargetCapacity"])
    if total < 1:
        raise AwsError("InvalidParameterValue", "TotalTargetCapacity must be at least 1")
    # A template that does not exist fails the request; what an override asks for only fails that override.
    choices = _choices(call, params)
    ec2_launch_templates.dry_run(params)
    fleet_id = f"fleet-{uuid.uuid4()}"
    spot = params["TargetCapacitySpecification"].get("DefaultTargetCapacityType") == "spot"
    instances, errors = _launch(call, params, fleet_id, choices, total, spot)
    answer = {"FleetId": fleet_id, "Errors": errors, "Instances": instances}
    _fleets[call.region, fleet_id] = {
        "FleetId": fleet_id,
        "FleetState": "active",
        "Type": "instant",
        "CreateTime": now(),
        "TargetCapacitySpecification": params["TargetCapacitySpecification"],
        "Instances": instances,
        "Errors": errors,
        "Tags": _tags(params, "fleet"),
    }
    if token:
        _tokens[call.region, token] = (asked, answer)
    return answer


def _check_overrides(params: Params) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FleetLaunchTemplateOverridesRequest.html"""
    for config in params.get("LaunchTemplateConfigs") or []:
        for override in config.get("Overrides") or []:
            if "," in (override.get("SubnetId") or ""):
                raise AwsError("InvalidParameterValue", "A request of type instant can have only one subnet ID.")


def _tags(params: Params, kind: str) -> list[Params]:
    return [
        tag
        for specification in params.get("TagSpecifications") or []
        if specification["ResourceType"] == kind
        for tag in specification.get("Tags") or []
    ]


def _choices(call: Call, params: Params) -> list[tuple[Params, Params]]:
    """(template, override) in the order in which they are tried: by priority where that is the strategy."""
    choices = []
    for config in params.get("LaunchTemplateConfigs") or []:
        specification = config.get("LaunchTemplateSpecification") or {}
        template = ec2_launch_templates.find(call.region, specification)
        version = ec2_launch_templates.version_of(template, specification.get("Version"))
        named = {"LaunchTemplateId": template.id, "Version": str(version.number)}
        choices += [(named, override) for override in config.get("Overrides") or [{}]]
    if not choices:
        raise AwsError("MissingParameter", "The request must contain the parameter LaunchTemplateConfigs")
    options = params.get("OnDemandOptions") or {}
    if options.get("AllocationStrategy") == "prioritized":
        # The lowest number comes first; what has none comes last.
        choices.sort(key=lambda choice: choice[1].get("Priority", float("inf")))
    return choices


def _launch(
    call: Call, params: Params, fleet_id: str, choices: list[tuple[Params, Params]], total: int, spot: bool
) -> tuple[list[Params], list[Params]]:
    lifecycle = "spot" if spot else "on-demand"
    instances: list[Params] = []
    errors: list[Params] = []
    for template, override in choices:
        place = {"LaunchTemplateSpecification": template, "Overrides": override}
        try:
            reservation = ec2_instances.launch(call, _request(call, params, fleet_id, template, override, total, spot))
        except AwsError as error:
            code = _RENAMED.get(error.code, error.code)
            errors.append(
                {
                    "LaunchTemplateAndOverrides": place,
                    "Lifecycle": lifecycle,
                    "ErrorCode": code,
                    "ErrorMessage": error.message,
                }
            )
            continue
        launched = reservation["Instances"]
        instances.append(
            {
                "LaunchTemplateAndOverrides": place,
                "Lifecycle": lifecycle,
                "InstanceIds": [one["InstanceId"] for one in launched],
                "InstanceType": launched[0]["InstanceType"],
            }
        )
        break
    return instances, errors


def _request(
    call: Call, params: Params, fleet_id: str, template: Params, override: Params, count: int, spot: bool
) -> dict[str, t.Any]:
    request: dict[str, t.Any] = {name: override[name] for name in _OVERRIDES if override.get(name)}
    found = ec2_launch_templates.find(call.region, {"LaunchTemplateId": template["LaunchTemplateId"]})
    interfaces = ec2_launch_templates.version_of(found, template["Version"]).data.get("NetworkInterfaces")
    if interfaces and request.get("SubnetId"):
        # Unlike a plain launch, a fleet puts the subnet of an override into the interfaces that the template describes.
        subnet_id = request.pop("SubnetId")
        request["NetworkInterfaces"] = [{**one, "SubnetId": subnet_id} for one in interfaces]
    if override.get("AvailabilityZone"):
        request["Placement"] = {"AvailabilityZone": override["AvailabilityZone"]}
    if spot:
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    tags = [one for one in params.get("TagSpecifications") or [] if one["ResourceType"] in {"instance", "volume"}]
    mark = {"ResourceType": "instance", "Tags": [{"Key": "aws:ec2:fleet-id", "Value": fleet_id}]}
    return {
        **request,
        "LaunchTemplate": template,
        "MinCount": count,
        "MaxCount": count,
        "TagSpecifications": [*tags, mark],
    }


def fleets(region: str) -> dict[str, Params]:
    """By id, deleted ones too."""
    return {fleet_id: fleet for (where, fleet_id), fleet in list(_fleets.items()) if where == region}


def describe(call: Call, params: Params) -> Params:
    mine = fleets(call.region)
    asked = params.get("FleetIds") or []
    for fleet_id in asked:
        if fleet_id not in mine:
            raise AwsError("InvalidFleetId.NotFound", f"The fleet ID '{fleet_id}' does not exist")
    # Instant fleets are only shown to who asks for them by id.
    return {"Fleets": [mine[fleet_id] for fleet_id in asked]}


def delete(call: Call, params: Params) -> Params:
    """An instant fleet goes with its instances or not at all."""
    if not params.get("TerminateInstances"):
        raise AwsError("InvalidParameterValue", "Instances of an instant fleet must be terminated with it")
    gone, unknown = [], []
    for fleet_id in params["FleetIds"]:
        fleet = _fleets.get((call.region, fleet_id))
        if fleet is None:
            unknown.append({"FleetId": fleet_id, "Error": {"Code": "fleetIdDoesNotExist", "Message": "No such fleet"}})
            continue
        ids = [instance_id for one in fleet["Instances"] for instance_id in one["InstanceIds"]]
        if ids:
            forward(call, "TerminateInstances", {"InstanceIds": ids})
        gone.append(
            {
                "FleetId": fleet_id,
                "CurrentFleetState": "deleted_terminating",
                "PreviousFleetState": fleet["FleetState"],
            }
        )
        fleet["FleetState"] = "deleted_terminating"
    return {"SuccessfulFleetDeletions": gone, "UnsuccessfulFleetDeletions": unknown}
