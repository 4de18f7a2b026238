"""Authorizers: moto looks for the REST API in its own store. The lab's edge has none, so that none can be made."""

from __future__ import annotations

from lab.control.call import Call
from lab.control.operations import replaces
from lab.moto_gaps.apigateway_store import Document, api_of, not_found, page


def apply() -> None:
    on = lambda name, handler: replaces("apigateway", name)(handler)  # noqa: E731
    on("CreateAuthorizer", create)
    on("GetAuthorizers", list_all)
    for name in ("GetAuthorizer", "UpdateAuthorizer", "DeleteAuthorizer"):
        on(name, missing)


def create(call: Call, params: Document) -> Document:
    api_of(call, params)
    raise NotImplementedError("authorizers")


def list_all(call: Call, params: Document) -> Document:
    api_of(call, params)
    return page([], params)


def missing(call: Call, params: Document) -> Document:
    api_of(call, params)
    raise not_found("Authorizer")
