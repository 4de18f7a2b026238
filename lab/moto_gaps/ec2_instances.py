"""Instances: moto's run at once and for ever, never compare client tokens, and forget most of what a launch said."""

from __future__ import annotations

import copy
import json
import typing as t

from moto.ec2.models.instances import StateReason

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, forward, replaces
from lab.moto_gaps import ec2_launch, ec2_launch_templates, ec2_offerings

# state name -> code; https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

# (region, client token) -> (what was asked, ids of the instances)
_tokens: dict[tuple[str, str], tuple[str, list[str]]] = {}
# instance -> why and when it left its last state
_reasons: dict[str, str] = {}


@current.on_reset
def clear() -> None:
    _tokens.clear()
    _reasons.clear()


def apply() -> None:
    replaces("ec2", "RunInstances")(run)
    amends("ec2", "TerminateInstances")(_passing("TerminatingInstances", "shutting-down", "terminated"))
    amends("ec2", "StopInstances")(_passing("StoppingInstances", "stopping", "stopped"))
    amends("ec2", "StartInstances")(_passing("StartingInstances", "pending", "running"))


def run(call: Call, params: Params) -> Params:
    token = params.get("ClientToken")
    asked = json.dumps({name: value for name, value in params.items() if name != "DryRun"}, sort_keys=True, default=str)
    if token and (call.region, token) in _tokens:
        earlier, ids = _tokens[call.region, token]
        if earlier != asked:
            raise AwsError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        return _reservation(call, ids)
    output = launch(call, params)
    if token:
        _tokens[call.region, token] = (asked, [instance["InstanceId"] for instance in output["Instances"]])
    return output


def launch(call: Call, params: Params) -> Params:
    """Start instances; all that is asked for is checked before anything is made."""
    merged, version = ec2_launch.resolve(call, params)
    wanted = ec2_launch.prepare(call, merged)
    ec2_launch_templates.dry_run(params)
    # moto starts MinCount of them.
    count = int(params.get("MaxCount") or 1)
    mappings = wanted["BlockDeviceMappings"]
    output = forward(call, "RunInstances", {**wanted, "MinCount": count, "MaxCount": count})
    ec2 = backend("ec2", call.region)
    ids = [instance["InstanceId"] for instance in output["Instances"]]
    for instance_id in ids:
        _finish(ec2, ec2.get_instance(instance_id), wanted, mappings, version)
    _enter(call.region, ids, "pending")
    zone = ec2.get_instance(ids[0]).placement.zone
    outcome = ec2_offerings.outcome(wanted["InstanceType"], zone)
    if outcome == "end":
        current.later("ec2", lambda: _fail(call.region, ids))
    elif outcome != "hang":
        current.later("ec2", lambda: _leave(call.region, ids, "pending", "running"))
    return _reservation(call, ids)


def _reservation(call: Call, ids: list[str]) -> Params:
    reservation: Params = forward(call, "DescribeInstances", {"InstanceIds": ids})["Reservations"][0]
    return reservation


def _finish(ec2: t.Any, instance: t.Any, wanted: Params, mappings: list[Params], version: t.Any) -> None:
    """What moto does not take over: profiles of all instances, volumes' details, tags of template and interfaces."""
    profile = wanted.get("IamInstanceProfile") or {}
    if profile and instance.id not in ec2.iam_instance_profile_associations:
        ec2.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    interfaces = wanted.get("NetworkInterfaces") or []
    if interfaces:
        # The groups of an instance are those of its first interface.
        first = min(interfaces, key=lambda interface: int(interface.get("DeviceIndex") or 0))
        instance.security_groups = [ec2.get_security_group_from_id(group) for group in first.get("Groups") or []]
    if version is not None:
        instance.add_tags(
            {
                "aws:ec2launchtemplate:id": version.template.id,
                "aws:ec2launchtemplate:version": str(version.number),
            }
        )
    for mapping in mappings:
        attachment = instance.block_device_mapping.get(mapping["DeviceName"])
        if attachment is not None:
            volume = ec2.volumes[attachment.volume_id]
            _finish_volume(volume, mapping["Ebs"])
            volume.attachment.delete_on_termination = attachment.delete_on_termination
    for specification in wanted.get("TagSpecifications") or []:
        if specification["ResourceType"] == "network-interface":
            for interface in instance.nics.values():
                interface.add_tags({tag["Key"]: tag["Value"] for tag in specification["Tags"]})


def _finish_volume(volume: t.Any, ebs: Params) -> None:
    if volume.volume_type == "gp3":
        volume.iops = ebs.get("Iops") or 3000
        volume.throughput = ebs.get("Throughput") or 125
    elif ebs.get("Iops"):
        volume.iops = ebs["Iops"]
    if ebs.get("VolumeInitializationRate"):
        volume.volume_initialization_rate = ebs["VolumeInitializationRate"]


def _enter(region: str, ids: list[str], state: str) -> None:
    ec2 = backend("ec2", region)
    for instance_id in ids:
        instance = ec2.get_instance(instance_id)
        instance._state.name, instance._state.code = state, _CODES[state]


def _explain(region: str, ids: list[str], moving: list[str]) -> None:
    """In AWS's words, by the lab's clock; asking again changes nothing of that."""
    for instance_id in ids:
        instance = backend("ec2", region).get_instance(instance_id)
        if instance_id in moving:
            # moto has set it for what stops, and emptied it for what starts.
            said = f"User initiated ({current.now():%Y-%m-%d %H:%M:%S} GMT)" if instance._reason else ""
            _reasons[instance_id] = said
        instance._reason = _reasons.get(instance_id, "")


def _leave(region: str, ids: list[str], before: str, after: str) -> None:
    """The settling time is over; an instance that took another turn meanwhile stays on it."""
    ec2 = backend("ec2", region)
    for instance_id in ids:
        instance = ec2.get_instance_by_id(instance_id)
        if instance is not None and instance.state == before:
            instance._state.name, instance._state.code = after, _CODES[after]


def _fail(region: str, ids: list[str]) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html"""
    for instance_id in ids:
        backend("ec2", region).get_instance(instance_id).state_reason = StateReason(
            "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the launch "
            "request.",
            "Server.InsufficientInstanceCapacity",
        )
    _leave(region, ids, "pending", "terminated")


def _passing(member: str, through: str, to: str) -> t.Callable[[Call, Params, Params], None]:
    """Moves the instances into `through`, and on to `to` once the settling time is over."""

    def amend(call: Call, params: Params, output: Params) -> None:
        moving = []
        for change in output.get(member) or []:
            if change["PreviousState"]["Name"] in {to, "terminated"}:
                change["CurrentState"] = copy.deepcopy(change["PreviousState"])
            else:
                moving.append(change["InstanceId"])
                change["CurrentState"] = {"Name": through, "Code": _CODES[through]}
        _enter(call.region, moving, through)
        _explain(call.region, [change["InstanceId"] for change in output.get(member) or []], moving)
        current.later("ec2", lambda: _leave(call.region, moving, through, to))

    return amend
