"""An edge in front of this process's control plane, a backend, and APIs to make."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from edge_support import Api, Backend

from lab.context import LabContext
from lab.edge.plane import EdgePlane


@pytest.fixture(scope="session")
def edge(control: LabContext) -> Iterator[EdgePlane]:
    plane = EdgePlane()
    plane.start(control)
    yield plane
    plane.stop()


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    server = Backend()
    yield server
    server.stop()


@pytest.fixture
def api(lab: LabContext, edge: EdgePlane, backend: Backend) -> Api:
    backend.seen.clear()
    made = lab.client("apigateway").create_rest_api(
        name="test", endpointConfiguration={"types": ["REGIONAL"]}, binaryMediaTypes=["*/*"]
    )
    return Api(lab, made["id"], made["rootResourceId"])


@pytest.fixture
def openai_errors(api: Api) -> Api:
    """An API whose gateway responses speak OpenAI's error format."""
    template = json.dumps({"error": {"message": "MSG", "type": "TYPE", "param": None, "code": "TYPE"}})
    text = template.replace('"MSG"', "$context.error.messageString").replace("TYPE", "$context.error.responseType")
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        api.client.put_gateway_response(
            restApiId=api.api_id, responseType=kind, responseTemplates={"application/json": text}
        )
    for kind in ("THROTTLED", "QUOTA_EXCEEDED"):
        api.client.put_gateway_response(
            restApiId=api.api_id,
            responseType=kind,
            statusCode="429",
            responseParameters={"gatewayresponse.header.Retry-After": "'7'"},
            responseTemplates={"application/json": text},
        )
    return api
