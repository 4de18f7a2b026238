"""The faults of a case, as the lab takes them, in the words of each service. Pure but for botocore's models."""

from __future__ import annotations

import functools
import typing as t

import boto3

from .cases import EVERYWHERE, Case, Draw, Place

Order = dict[str, t.Any]

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and each service's "Common errors".
_DENIED = {
    "ec2": ("UnauthorizedOperation", 403),
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "elbv2": ("AccessDenied", 403),
    "apigateway": ("AccessDeniedException", 403),
    "apigatewayv2": ("AccessDeniedException", 403),
}
_CALLER = "arn:aws:iam::123456789012:user/operator"


@functools.cache
def _model(service: str) -> t.Any:
    return boto3.client(service, region_name="eu-central-1").meta.service_model


def iam_action(place: Place) -> str:
    """What has to be allowed for this call; API Gateway's actions are HTTP verbs."""
    model = _model(place.service)
    if model.signing_name == "apigateway":
        return f"apigateway:{model.operation_model(place.operation).http['method']}"
    return f"{model.signing_name}:{place.operation}"


def denial(place: Place) -> Order:
    """How the service refuses a caller who lacks the action; clients do not try again."""
    code, status = _DENIED.get(place.service, ("AccessDeniedException", 400))
    action = "the action" if place == EVERYWHERE else iam_action(place)
    return {
        "kind": "error",
        "code": code,
        "status": status,
        "message": f"User: {_CALLER} is not authorized to perform: {action} on resource: * because no identity-based "
        f"policy allows {action}",
    }


def orders(case: Case) -> list[Order]:
    """What to order of the lab for a case."""
    if case.place == EVERYWHERE:
        # Every other call of an operation is the repetition of the one before. `Throttling` is a code that the
        # retries of every client know.
        throttled = {"kind": "error", "code": "Throttling", "status": 400, "message": "Rate exceeded"}
        failing = throttled if case.kind == "throttled" else {"kind": "closed"}
        return [{"service": "*", "caller": "client", "times": -1, "every": 2, **failing}]
    place, kind = case.place, case.kind
    return _orders(kind, {"service": place.service, "operation": place.operation, "skip": place.ordinal - 1}, place)


def orders_of_draw(draw: Draw) -> list[Order]:
    return _orders(draw.kind, {"service": "*", "skip": draw.ordinal - 1}, EVERYWHERE)


def _orders(kind: str, where: Order, place: Place) -> list[Order]:
    where = {**where, "caller": "client"}
    lost, denied = {**where, "kind": "lost"}, {**where, **denial(place)}
    if kind == "denied":
        return [denied]
    if kind == "denied-on":
        return [{**denied, "times": -1}]
    if kind == "lost":
        return [lost]
    # A fault does not count the call that another one strikes, so the refusal meets the next call of the place: the
    # client's own repetition. That leaves what retries leave that are spent one after the other, without their wait.
    return [lost, denied]
