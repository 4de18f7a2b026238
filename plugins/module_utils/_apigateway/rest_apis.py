# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""REST APIs of API Gateway, one function per API call.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .._once import create_once
from .api_state import State, normal_state
from .finding import locate

MISSING = ("NotFoundException",)
_PAGE = {"PageSize": 500}


@aws_call("list the REST APIs")
def list_apis(client: t.Any) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_rest_apis").paginate(PaginationConfig=_PAGE)
    return [api for page in pages for api in page["items"]]


@aws_call("read the REST API {api_id}", missing=MISSING)
def get_api(client: t.Any, api_id: str) -> dict[str, t.Any] | None:
    return client.get_rest_api(restApiId=api_id)


@aws_call("create the REST API {name}")
def _create_api(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    return client.create_rest_api(**request)


def create_api(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    return create_once(
        client,
        "CreateRestApi",
        lambda: _create_api(client, request=request),
        lambda: next((api for api in list_apis(client) if api["name"] == request["name"]), None),
    )


@aws_call("import the definition of the REST API {api_id}")
def import_definition(client: t.Any, api_id: str, body: bytes, *, mode: str) -> None:
    # Without failOnWarnings AWS would leave out what it does not understand and report success.
    client.put_rest_api(restApiId=api_id, mode=mode, failOnWarnings=True, body=body)


@aws_call("change the REST API {api_id}")
def patch_api(client: t.Any, api_id: str, operations: list[dict[str, str]]) -> None:
    client.update_rest_api(restApiId=api_id, patchOperations=operations)


@aws_call("delete the REST API {api_id}", missing=MISSING)
def delete_api(client: t.Any, api_id: str) -> None:
    client.delete_rest_api(restApiId=api_id)


@aws_call("read the resources of the REST API {api_id}")
def list_resources(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"], PaginationConfig=_PAGE)
    return [resource for page in pages for resource in page["items"]]


@aws_call("read the request validators of the REST API {api_id}")
def list_validators(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_request_validators").paginate(restApiId=api_id, PaginationConfig=_PAGE)
    return [validator for page in pages for validator in page["items"]]


@aws_call("read the gateway responses of the REST API {api_id}")
def list_gateway_responses(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_gateway_responses").paginate(restApiId=api_id, PaginationConfig=_PAGE)
    return [response for page in pages for response in page["items"]]


@aws_call("read the models of the REST API {api_id}")
def list_models(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_models").paginate(restApiId=api_id, PaginationConfig=_PAGE)
    return [model for page in pages for model in page["items"]]


@aws_call("read the authorizers of the REST API {api_id}")
def list_authorizers(client: t.Any, api_id: str) -> list[dict[str, t.Any]]:
    pages = client.get_paginator("get_authorizers").paginate(restApiId=api_id, PaginationConfig=_PAGE)
    return [authorizer for page in pages for authorizer in page["items"]]


@aws_call("look up the VPC link {link_id}", missing=MISSING)
def get_vpc_link_v1(client: t.Any, link_id: str) -> dict[str, t.Any] | None:
    return client.get_vpc_link(vpcLinkId=link_id)


def read_state(client: t.Any, api: t.Mapping[str, t.Any]) -> State:
    """All that the API is made of, in the normal form; `api` is the answer of GetRestApi."""
    api_id = api["id"]
    return normal_state(
        api,
        list_resources(client, api_id),
        list_validators(client, api_id),
        list_gateway_responses(client, api_id),
        list_models(client, api_id),
        list_authorizers(client, api_id),
    )


def find_api(client: t.Any, options: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """The API that the options' id or name stands for; API Gateway lets several have the same name."""
    return locate(
        "REST API",
        options,
        by_id=lambda api_id: get_api(client, api_id),
        by_name=lambda name: [api for api in list_apis(client) if api["name"] == name],
        summary=lambda api: f"{api['id']} (created {api['createdDate']:%Y-%m-%d %H:%M})",
    )
