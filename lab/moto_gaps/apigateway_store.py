"""The state of API Gateway's REST APIs, as plain dicts in the shape in which AWS returns them.

moto's own classes drop half of what AWS keeps (connectionId, binary media types, per-method throttles, ...) and its
deployments point at the live API. The `apigateway_*` files beside this one answer the service's operations from here.
"""

from __future__ import annotations

import base64
import datetime
import secrets
import string
import typing as t
from dataclasses import dataclass, field

from lab.context import ACCOUNT_ID
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError

Document = dict[str, t.Any]
_LOWER = string.ascii_lowercase + string.digits


@dataclass
class Api:
    """One REST API: what its stages serve lives in `deployments`, the rest is the draft that is edited."""

    info: Document
    resources: dict[str, Document] = field(default_factory=dict)
    validators: dict[str, Document] = field(default_factory=dict)
    authorizers: dict[str, Document] = field(default_factory=dict)
    gateway_responses: dict[str, Document] = field(default_factory=dict)
    models: dict[str, Document] = field(default_factory=dict)
    deployments: dict[str, Document] = field(default_factory=dict)
    snapshots: dict[str, Document] = field(default_factory=dict)
    stages: dict[str, Document] = field(default_factory=dict)


@dataclass
class Store:
    """API Gateway in one region."""

    apis: dict[str, Api] = field(default_factory=dict)
    keys: dict[str, Document] = field(default_factory=dict)
    plans: dict[str, Document] = field(default_factory=dict)
    # plan id -> ids of its keys, in the order they were attached
    plan_keys: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, Document] = field(default_factory=dict)
    account: Document = field(
        default_factory=lambda: {
            "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
            "features": ["UsagePlans"],
            "apiKeyVersion": "4",
        }
    )


_stores: dict[str, Store] = {}


@current.on_reset
def clear() -> None:
    _stores.clear()


def store(region: str) -> Store:
    return _stores.setdefault(region, Store())


def of(call: Call) -> Store:
    return store(call.region)


def new_id(length: int = 10) -> str:
    return "".join(secrets.choice(_LOWER) for _ in range(length))


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def not_found(what: str) -> AwsError:
    return AwsError("NotFoundException", f"Invalid {what} identifier specified", 404)


def bad_request(message: str) -> AwsError:
    return AwsError("BadRequestException", message, 400)


def conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message, 409)


def api_of(call: Call, params: Document) -> Api:
    return find_api(of(call), params["restApiId"])


def find_api(regional: Store, api_id: str) -> Api:
    if api_id not in regional.apis:
        raise AwsError("NotFoundException", f"Invalid API identifier specified {ACCOUNT_ID}:{api_id}", 404)
    return regional.apis[api_id]


def resource_of(api: Api, params: Document) -> Document:
    if params["resourceId"] not in api.resources:
        raise not_found("Resource")
    return api.resources[params["resourceId"]]


def method_of(api: Api, params: Document) -> Document:
    methods = resource_of(api, params).get("resourceMethods", {})
    if params["httpMethod"] not in methods:
        raise not_found("Method")
    return t.cast(Document, methods[params["httpMethod"]])


def given(params: Document, *names: str) -> Document:
    """Those of the parameters that were sent."""
    return {name: params[name] for name in names if params.get(name) is not None}


def page(items: t.Iterable[Document], params: Document) -> Document:
    """One page of a collection: 25 unless asked for up to 500, `position` names the next one."""
    everything = list(items)
    limit = params.get("limit") or 25
    if limit > 500 or limit < 1:
        raise bad_request("Limit must be between 1 and 500")
    start = _offset(params.get("position"))
    answer: Document = {"items": everything[start : start + limit]}
    if start + limit < len(everything):
        answer["position"] = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
    return answer


def _offset(position: str | None) -> int:
    if not position:
        return 0
    try:
        return int(base64.urlsafe_b64decode(position))
    except ValueError:
        raise bad_request("Invalid position parameter") from None
