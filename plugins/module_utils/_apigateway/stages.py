# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Stages and deployments of a REST API, one function per API call.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .patch import Operation

_MISSING = ("NotFoundException",)


@aws_call("read the stage {name} of the REST API {api_id}", missing=_MISSING)
def get_stage(client: t.Any, api_id: str, name: str) -> dict[str, t.Any] | None:
    return client.get_stage(restApiId=api_id, stageName=name)


@aws_call("list the stages of the REST API {api_id}", missing=_MISSING, default=[])
def list_stages(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    # Not paged, and the member is really called 'item'.
    return client.get_stages(restApiId=api_id)["item"]


@aws_call("create the stage {stageName} of the REST API {restApiId}")
def create_stage(client: t.Any, request: dict[str, t.Any]) -> None:
    client.create_stage(**request)


@aws_call("change the stage {name} of the REST API {api_id}")
def patch_stage(client: t.Any, api_id: str, name: str, operations: list[Operation]) -> None:
    client.update_stage(restApiId=api_id, stageName=name, patchOperations=operations)


@aws_call("delete the stage {name} of the REST API {api_id}", missing=_MISSING)
def delete_stage(client: t.Any, api_id: str, name: str) -> None:
    client.delete_stage(restApiId=api_id, stageName=name)


@aws_call("deploy the REST API {api_id}")
def create_deployment(client: t.Any, api_id: str, description: str) -> str:
    """A deployment that no stage uses yet: without stageName nothing that is called changes."""
    return client.create_deployment(restApiId=api_id, description=description)["id"]


@aws_call("read the deployment {deployment_id} of the REST API {api_id}", missing=_MISSING)
def get_deployment(client: t.Any, api_id: str, deployment_id: str) -> dict[str, t.Any] | None:
    return client.get_deployment(restApiId=api_id, deploymentId=deployment_id)


@aws_call("list the deployments of the REST API {api_id}")
def list_deployments(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_deployments").paginate(restApiId=api_id, PaginationConfig={"PageSize": 500})
    return [deployment for page in pages for deployment in page["items"]]


@aws_call("delete the deployment {deployment_id} of the REST API {api_id}", missing=_MISSING)
def delete_deployment(client: t.Any, api_id: str, deployment_id: str) -> None:
    client.delete_deployment(restApiId=api_id, deploymentId=deployment_id)


def invoke_url(client: t.Any, api_id: str, stage: str) -> str:
    """The address of a stage at AWS, in the partition of the client's region."""
    from botocore.loaders import create_loader  # here, so that AnsibleAWSModule can report a missing SDK

    partitions = create_loader().load_data("partitions")["partitions"]
    suffixes = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in partitions}
    return f"https://{api_id}.execute-api.{client.meta.region_name}.{suffixes[client.meta.partition]}/{stage}"
