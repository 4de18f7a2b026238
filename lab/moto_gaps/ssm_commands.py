"""Run Command: moto runs nothing, and knows of no host that is online.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

from datetime import UTC, datetime

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, replaces
from lab.guest import plane as guests
from lab.guest import sandbox

DOCUMENT = "AWS-RunShellScript"


def apply() -> None:
    replaces("ssm", "SendCommand")(send_command)
    replaces("ssm", "GetCommandInvocation")(get_command_invocation)
    replaces("ssm", "DescribeInstanceInformation")(describe_instance_information)


def plane() -> guests.CommandsPlane:
    found = guests.running()
    if found is None:
        raise AwsError("InternalServerError", "this lab runs no commands", 500)
    return found


def send_command(call: Call, params: Params) -> Params:
    if params.get("DocumentName") != DOCUMENT:
        raise AwsError("InvalidDocument", f"The lab runs {DOCUMENT} only.")
    if params.get("Targets") or not params.get("InstanceIds"):
        raise AwsError("InvalidInstanceId", "The lab sends commands to InstanceIds only.")
    if not (params.get("Parameters") or {}).get("commands"):
        raise AwsError("InvalidParameters", "Parameter commands is required")
    reason = sandbox.impossible()
    if reason:
        raise AwsError("InternalServerError", f"the lab's guests need namespaces of the kernel: {reason}", 500)
    offline = [each for each in params["InstanceIds"] if not plane().online(call.region, each)]
    if offline:
        said = f"Instances [[{', '.join(offline)}]] not in a valid state for account {ACCOUNT_ID}"
        raise AwsError("InvalidInstanceId", said)
    return {"Command": {**plane().send(call.region, params), "DocumentName": DOCUMENT}}


def get_command_invocation(call: Call, params: Params) -> Params:
    found = plane().find(params["CommandId"], params["InstanceId"])
    if found is None:
        raise AwsError("InvocationDoesNotExist", "")
    return {
        "CommandId": found.command_id,
        "InstanceId": found.instance_id,
        "Comment": found.comment,
        "DocumentName": DOCUMENT,
        "PluginName": "aws:runShellScript",
        "ResponseCode": found.code,
        "ExecutionStartDateTime": found.started,
        "ExecutionElapsedTime": f"PT{found.seconds:.3f}S",
        "ExecutionEndDateTime": found.ended,
        "Status": found.status,
        "StatusDetails": found.details,
        "StandardOutputContent": found.output,
        "StandardErrorContent": found.errors,
    }


def describe_instance_information(call: Call, params: Params) -> Params:
    """Only hosts that have ever been online are listed."""
    wanted: set[str] | None = None
    for each in params.get("Filters") or []:
        if each["Key"] != "InstanceIds":
            raise AwsError("InvalidFilterKey", f"The lab knows no filter {each['Key']}.")
        wanted = set(each["Values"])
    hosts = [each for each in plane().running(call.region) if wanted is None or each in wanted]
    return {
        "InstanceInformationList": [
            {
                "InstanceId": each,
                "PingStatus": "Online",
                "LastPingDateTime": datetime.now(UTC),
                "AgentVersion": "3.3.3050.0",
                "PlatformType": "Linux",
                "PlatformName": "Amazon Linux",
                "PlatformVersion": "2023",
                "ResourceType": "EC2Instance",
            }
            for each in hosts
            if plane().online(call.region, each)
        ]
    }
