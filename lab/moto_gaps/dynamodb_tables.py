"""Tables: the model no longer says that a key schema is needed, and moto falls over without one."""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, guards


def apply() -> None:
    guards("dynamodb", "CreateTable")(check)


def check(call: Call, params: Params) -> None:
    for name in ("KeySchema", "AttributeDefinitions"):
        if not params.get(name):
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
                "constraint: Member must not be null",
            )
    if params.get("BillingMode") != "PAY_PER_REQUEST" and not params.get("ProvisionedThroughput"):
        raise AwsError(
            "ValidationException",
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
            "specified when BillingMode is PROVISIONED",
        )
