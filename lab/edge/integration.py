"""Calls what stands behind a method, and brings its answer back: whole, or as it arrives."""

from __future__ import annotations

import asyncio
import logging
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from lab.edge import backend, non_proxy
from lab.edge.cache import GenerationCache
from lab.edge.configuration import Stage
from lab.edge.errors import GatewayError
from lab.edge.exchange import Exchange
from lab.edge.mapping import (
    Mapped,
    integration_uri,
    map_request,
    overwritten,
    proxied_headers,
    proxied_query,
    with_stage_variables,
)
from lab.edge.reply import Reply
from lab.edge.routing import ANY
from lab.edge.vpc_link import PrivateTarget, VpcLinks

LOG = logging.getLogger(__name__)

Integration = Mapping[str, t.Any]


@dataclass
class Integrations:
    session: aiohttp.ClientSession
    private_targets: GenerationCache[PrivateTarget | GatewayError]
    vpc_links: Callable[[str], VpcLinks]

    async def call(self, exchange: Exchange, http: web.BaseRequest) -> Reply | web.StreamResponse:
        """The reply to send, or a response that has been streamed already."""
        assert exchange.stage and exchange.match
        integration = exchange.match.route.integration
        kind = integration.get("type")
        if kind == "MOCK":
            return self._mock(exchange, exchange.stage, integration)
        if kind not in ("HTTP", "HTTP_PROXY"):
            reason = f"the lab's edge has no integrations of type {kind}"
            raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
        request = await self._request(exchange, exchange.stage, integration)
        exchange.backend_called()
        try:
            if kind == "HTTP_PROXY" and integration.get("responseTransferMode") == "STREAM":
                return await self._stream(exchange, http, request, integration)
            return await self._buffered(exchange, exchange.stage, request, integration)
        finally:
            exchange.backend_done()

    @staticmethod
    def _mock(exchange: Exchange, stage: Stage, integration: Integration) -> Reply:
        body = non_proxy.integration_body(integration, exchange.client, exchange.variables, stage.variables)
        status = int(non_proxy.mock_status(body))
        return non_proxy.method_response(
            integration, Reply(status, []), exchange.client, exchange.variables, stage.variables
        )

    async def _request(self, exchange: Exchange, stage: Stage, integration: Integration) -> backend.BackendRequest:
        client = exchange.client
        parameters = integration.get("requestParameters") or {}
        mapped = map_request(parameters, client, exchange.variables, stage.variables)
        uri = integration_uri(integration.get("uri") or "", mapped.path, stage.variables)
        declared = backend.split_uri(uri)
        private = integration.get("connectionType") == "VPC_LINK"
        if private:
            target = await self._private_target(stage, integration, declared)
            connect = declared.with_host(target.host).with_port(target.port)
        else:
            backend.require_loopback(declared)
            connect = declared
        if integration["type"] == "HTTP_PROXY":
            headers = overwritten(proxied_headers(client), {"x-amzn-apigateway-api-id": stage.api_id, **mapped.header})
            query, body = proxied_query(client, mapped.querystring), client.body
        else:
            headers, query = _declared_headers(mapped), _declared_query(mapped)
            body = non_proxy.integration_body(integration, client, exchange.variables, stage.variables)
        path = urlsplit(uri).path or default_path(private, stage.name, client.address.path)
        url = URL(f"{connect.scheme}://{connect.host}:{connect.port}{path}{_query(declared, query)}", encoded=True)
        declared_method = integration.get("httpMethod") or ANY
        method = client.http_method if declared_method == ANY else declared_method
        return backend.BackendRequest(method, url, declared.authority, headers, body)

    async def _private_target(self, stage: Stage, integration: Integration, uri: URL) -> PrivateTarget:
        link_id = with_stage_variables(integration.get("connectionId") or "", stage.variables)
        balancer = with_stage_variables(integration.get("integrationTarget") or "", stage.variables) or None
        port = uri.port or 80
        links = self.vpc_links(stage.region)
        found = await self.private_targets.get(
            (stage.region, link_id, balancer, port),
            lambda: links.resolve(link_id, balancer, port),
            # A pending link or balancer becomes usable without anybody writing to the API.
            keep=lambda target: isinstance(target, PrivateTarget),
        )
        if isinstance(found, GatewayError):
            raise found
        return found

    async def _buffered(
        self, exchange: Exchange, stage: Stage, request: backend.BackendRequest, integration: Integration
    ) -> Reply:
        try:
            async with asyncio.timeout(backend.timeout_seconds(integration)):
                async with backend.exchange(self.session, request) as response:
                    exchange.backend_answered(response.status, response.headers.get("x-amzn-requestid"), "BUFFERED")
                    body = await backend.read_buffered(response)
        except TimeoutError as error:
            raise GatewayError("INTEGRATION_TIMEOUT", reason=f"{request.url}: the integration's timeout") from error
        reply = Reply(response.status, backend.response_headers(response), body)
        if integration["type"] == "HTTP_PROXY":
            return reply
        return non_proxy.method_response(integration, reply, exchange.client, exchange.variables, stage.variables)

    async def _stream(
        self, exchange: Exchange, http: web.BaseRequest, request: backend.BackendRequest, integration: Integration
    ) -> web.StreamResponse:
        outcome: web.StreamResponse | None = None
        try:
            async with asyncio.timeout(backend.timeout_seconds(integration)):
                async with backend.exchange(self.session, request) as response:
                    exchange.backend_answered(response.status, response.headers.get("x-amzn-requestid"), "STREAM")
                    outcome = web.StreamResponse(status=response.status, headers=_streamed_headers(exchange, response))
                    await outcome.prepare(http)
                    exchange.status = response.status
                    await _pass_on(exchange, response, outcome)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if outcome is None:
                reason = f"{request.url}: the integration's timeout"
                raise GatewayError("INTEGRATION_TIMEOUT", reason=reason) from error
            # The status is out: all that is left is to end the response without its end.
            LOG.warning("%s: the stream broke off after %d bytes: %r", request.url, exchange.response_length, error)
            if http.transport:
                http.transport.abort()
        assert outcome
        return outcome


async def _pass_on(exchange: Exchange, response: aiohttp.ClientResponse, outcome: web.StreamResponse) -> None:
    async for chunk in response.content.iter_any():
        exchange.first_content()
        await outcome.write(chunk)
        exchange.response_length += len(chunk)
    await outcome.write_eof()


def _streamed_headers(exchange: Exchange, response: aiohttp.ClientResponse) -> CIMultiDict[str]:
    identifying = [
        ("x-amzn-RequestId", exchange.variables["requestId"]),
        ("x-amz-apigw-id", exchange.variables["extendedRequestId"]),
    ]
    return CIMultiDict([*identifying, *backend.response_headers(response)])


def default_path(private: bool, stage: str, request_path: str) -> str:
    """The path that the backend sees where the integration's uri ends at its host.

    A private integration gets the request's own with the stage before it: "API Gateway includes the stage portion of
    the API endpoint in the request to your backend resources"
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html).
    """
    return f"/{stage}{request_path}" if private else "/"


def _query(uri: URL, query: str) -> str:
    joined = "&".join(filter(None, (uri.raw_query_string, query)))
    return f"?{joined}" if joined else ""


def _declared_headers(mapped: Mapped) -> list[tuple[str, str]]:
    return [("Content-Type", "application/json"), *mapped.header.items()]


def _declared_query(mapped: Mapped) -> str:
    return urlencode(mapped.querystring)
