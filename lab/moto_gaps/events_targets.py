"""Targets of rules: moto takes parameters that are for the targets of another service.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, guards

SERVICES = {
    "AppSyncParameters": ("appsync",),
    "BatchParameters": ("batch",),
    "EcsParameters": ("ecs",),
    "HttpParameters": ("execute-api", "events"),
    "KinesisParameters": ("kinesis",),
    "RedshiftDataParameters": ("redshift", "redshift-serverless"),
    "RunCommandParameters": ("ssm",),
    "SageMakerPipelineParameters": ("sagemaker",),
    "SqsParameters": ("sqs",),
}


def apply() -> None:
    guards("events", "PutTargets")(check)


def check(_call: Call, params: Params) -> None:
    for target in params["Targets"]:
        for name, services in SERVICES.items():
            if name in target and target["Arn"].split(":")[2] not in services:
                raise AwsError("ValidationException", f"Parameter {name} is not valid for target {target['Id']}.")
