"""Tables: moto encrypts a table when it is created, and ignores an update of its encryption.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.operations import Params, amends, backend


def apply() -> None:
    amends("dynamodb", "UpdateTable")(encrypt)


def encrypt(call: Call, params: Params, output: Params) -> Params | None:
    specification = params.get("SSESpecification")
    if specification is None:
        return None
    table = backend("dynamodb", call.region).get_table(params["TableName"])
    table.sse_specification = dict(specification)
    if specification.get("Enabled") and "KMSMasterKeyId" not in specification:
        table.sse_specification["KMSMasterKeyId"] = table._get_default_encryption_key(ACCOUNT_ID, call.region)
    return {**output, "TableDescription": table.describe()["TableDescription"]}
