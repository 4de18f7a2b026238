"""Who may call: API key and usage plan, throttles, quota.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from lab.edge import usage
from lab.edge.configuration import ApiKey, Stage
from lab.edge.errors import GatewayError
from lab.edge.exchange import Exchange
from lab.edge.routing import ANY, Route
from lab.edge.throttle import Limit, Throttle, for_method


@dataclass
class Admission:
    throttle: Throttle = field(default_factory=Throttle)
    usage: usage.UsageStore = field(default_factory=lambda: usage.STORE)

    def admit(
        self, exchange: Exchange, stage: Stage, route: Route, now: datetime, usage_key: str | None = None
    ) -> None:
        """Raises for a request that its key, its plan or its stage does not let through; counts one that passes.

        A method without apiKeyRequired is not metered: "the throttle and quota limits of the usage plan are
        bypassed", whatever key the client sends. `usage_key` is what an authorizer found.
        """
        key = self._identify(exchange, stage, usage_key) if route.method.get("apiKeyRequired") else None
        http_method = exchange.client.http_method
        limits = [*_key_limits(key, stage, route, http_method), *_stage_limits(stage, route, http_method)]
        if not self.throttle.admit(limits):
            raise GatewayError("THROTTLED")
        # A throttled request does not use up the quota: it is refused before it counts.
        if key and not self.usage.consume(key.plan.plan_id, key.key_id, key.plan.quota, now.date()):
            raise GatewayError("QUOTA_EXCEEDED")

    @staticmethod
    def _identify(exchange: Exchange, stage: Stage, usage_key: str | None) -> ApiKey:
        source = stage.deployment.rest_api.get("apiKeySource") or "HEADER"
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html
        value = usage_key if source == "AUTHORIZER" else exchange.client.header("x-api-key")
        key = stage.keys.get(value) if value else None
        if key is None or value is None:
            raise GatewayError("INVALID_API_KEY")
        exchange.identified(key, value)
        return key


def _key_limits(key: ApiKey | None, stage: Stage, route: Route, http_method: str) -> list[tuple[Hashable, Limit]]:
    """The plan's limits hold for each key on its own; one for a method takes the place of the plan's."""
    if key is None:
        return []
    name: tuple[Hashable, ...] = (key.plan.plan_id, key.key_id)
    own = for_method(key.plan.method_limits, route.resource_path, http_method, ANY)
    if own:
        return [((*name, stage.api_id, stage.name, route.resource_path, http_method), own)]
    # "Throttling and quota limits apply to requests for individual API keys that are aggregated across all API
    # stages within a usage plan."
    return [(name, key.plan.limit)] if key.plan.limit else []


def _stage_limits(stage: Stage, route: Route, http_method: str) -> list[tuple[Hashable, Limit]]:
    """The stage's limits hold for all clients of a method together; `*/*` stands for each method without its own."""
    own = for_method(stage.method_limits, route.resource_path, http_method, ANY)
    limit = own or for_method(stage.method_limits, "*", "*")
    if limit is None:
        return []
    return [((stage.region, stage.api_id, stage.name, route.resource_path, http_method), limit)]
