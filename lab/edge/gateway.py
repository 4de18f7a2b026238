"""A request's way through the gateway, in API Gateway's order.

Web ACL, route, resource policy, authorizer, API key and usage plan, throttle, quota, request validation, integration;
whatever refuses a request raises a GatewayError, which becomes the API's gateway response. The access log sees every
request of a known stage.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError
from multidict import CIMultiDict

from lab.edge import address, metrics
from lab.edge.access_log import AccessLogWriter
from lab.edge.admission import Admission
from lab.edge.authorizer import Authorizers
from lab.edge.cache import GenerationCache
from lab.edge.client_request import ClientRequest
from lab.edge.configuration import Configuration, Stage
from lab.edge.errors import GatewayError
from lab.edge.exchange import Exchange
from lab.edge.integration import Integrations
from lab.edge.policy import require_allowed
from lab.edge.reply import Reply, error_variables, gateway_response
from lab.edge.validation import validate
from lab.edge.web_acl import Firewall

LOG = logging.getLogger(__name__)

# "Payload size: 10 MB" https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAXIMUM_PAYLOAD = 10 * 1024 * 1024


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Gateway:
    account_id: str
    configuration: Configuration
    stages: GenerationCache[Stage | None]
    firewall: Firewall
    authorizers: Authorizers
    admission: Admission
    integrations: Integrations
    access_logs: AccessLogWriter
    now: Callable[[], datetime] = utc_now

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        raw_path, _question, query_string = http.raw_path.partition("?")
        where = address.parse(http.headers.get("Host", ""), raw_path)
        if where is None:
            return web.json_response(
                {"message": "Forbidden"}, status=403, headers={"x-amzn-ErrorType": "ForbiddenException"}
            )
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in http.raw_headers]
        client = ClientRequest(http.method, where, query_string, headers, http.remote or "-")
        exchange = Exchange(client, self.account_id)
        try:
            return await self._serve(exchange, http)
        finally:
            self._log(exchange)

    async def _serve(self, exchange: Exchange, http: web.BaseRequest) -> web.StreamResponse:
        try:
            await self._admit(exchange, http)
            result = await self._call(exchange, http)
        except GatewayError as error:
            result = self._refusal(exchange, error)
        except (ClientError, BotoCoreError) as error:
            # The control plane itself failed: no gateway response of the API can be known.
            result = self._refusal(exchange, GatewayError("DEFAULT_5XX", reason=str(error)))
        if isinstance(result, web.StreamResponse):
            return result
        return await send(exchange, http, result)

    async def _call(self, exchange: Exchange, http: web.BaseRequest) -> Reply | web.StreamResponse:
        try:
            return await self.integrations.call(exchange, http)
        except GatewayError as error:
            if error.response_type != "API_CONFIGURATION_ERROR" or not await self._reroute(exchange):
                raise
            # It was let in by the deployment before, whose link went once this one was there.
            return await self.integrations.call(exchange, http)

    async def _reroute(self, exchange: Exchange) -> bool:
        """Whether there is another deployment than the one that let it in, which it then goes by."""
        stage = await self._stage(exchange)
        if stage is None or exchange.stage is None or stage.deployment_id == exchange.stage.deployment_id:
            return False
        match = stage.deployment.routes.match(exchange.client.http_method, exchange.client.address.path)
        if match is not None:
            exchange.routed(stage, match)
        return match is not None

    async def _stage(self, exchange: Exchange) -> Stage | None:
        where = exchange.client.address
        return await self.stages.get(
            (where.region, where.api_id, where.stage),
            lambda: self.configuration.load(where.region, where.api_id, where.stage),
        )

    async def _admit(self, exchange: Exchange, http: web.BaseRequest) -> None:
        where = exchange.client.address
        stage = await self._stage(exchange)
        if stage is None or stage.deployment.rest_api.get("disableExecuteApiEndpoint"):
            # "Forbidden", as to a request without a key, and not in the API's own words: none is being served.
            raise GatewayError("INVALID_API_KEY", reason="no such API or stage, or its endpoint is disabled")
        match = stage.deployment.routes.match(exchange.client.http_method, where.path)
        exchange.routed(stage, match)
        self.firewall.require_let_in(stage.web_acl, exchange.client.source_ip, exchange.variables)
        require_allowed(exchange.client, stage, self.account_id)
        if match is None:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        usage_key = await self.authorizers.authorize(exchange, stage, match, self.account_id)
        self.admission.admit(exchange, stage, match.route, self.now(), usage_key)
        exchange.client.body = await read_payload(http)
        validator = stage.deployment.validators.get(match.route.method.get("requestValidatorId") or "")
        if validator:
            validate(match.route.method, validator, exchange.client, stage.deployment.models)

    def _refusal(self, exchange: Exchange, error: GatewayError) -> Reply:
        if error.reason:
            LOG.warning("%s %s: %s", exchange.client.http_method, exchange.variables["path"], error)
        exchange.variables.update(error_variables(error))
        stage = exchange.stage
        own = stage.deployment.gateway_responses if stage else {}
        return gateway_response(error, own, exchange.client, exchange.variables, stage.variables if stage else {})

    def _log(self, exchange: Exchange) -> None:
        exchange.finished()
        stage = exchange.stage
        if stage:
            metrics.report(stage, exchange.variables)
        if stage and stage.access_log:
            self.access_logs.write(stage.access_log, stage.api_id, stage.name, exchange.received_at, exchange.variables)


async def read_payload(http: web.BaseRequest) -> bytes:
    """The whole body: API Gateway streams responses, never requests."""
    if (http.content_length or 0) > MAXIMUM_PAYLOAD:
        raise GatewayError("REQUEST_TOO_LARGE")
    if http.headers.get("Expect", "").lower() == "100-continue":
        await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http.writer.output_size = 0  # an interim response is no part of the one that follows
    body = bytearray()
    async for chunk in http.content.iter_any():
        body += chunk
        if len(body) > MAXIMUM_PAYLOAD:
            raise GatewayError("REQUEST_TOO_LARGE")
    return bytes(body)


def identifying_headers(exchange: Exchange) -> dict[str, str]:
    return {
        "x-amzn-RequestId": exchange.variables["requestId"],
        "x-amz-apigw-id": exchange.variables["extendedRequestId"],
    }


async def send(exchange: Exchange, http: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    headers = CIMultiDict([*identifying_headers(exchange).items(), *reply.headers])
    response = web.Response(status=reply.status, body=reply.body, headers=headers)
    exchange.status, exchange.response_length = reply.status, len(reply.body)
    await response.prepare(http)
    await asyncio.shield(response.write_eof())
    return response
