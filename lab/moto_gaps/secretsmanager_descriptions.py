"""Secrets: moto keeps the description that an update makes empty.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.operations import Params, amends, backend


def apply() -> None:
    amends("secretsmanager", "UpdateSecret")(empty_description)


def empty_description(call: Call, params: Params, _output: Params) -> None:
    if params.get("Description") == "":
        backend("secretsmanager", call.region).secrets[params["SecretId"]].description = ""
