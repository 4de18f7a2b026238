"""What the audit refuses to take for its own."""

from __future__ import annotations

import typing as t


def test_the_table_of_another_stack_is_refused_and_one_of_nobodys_is_not(role: t.Any, lab: t.Any) -> None:
    audit, dynamodb = role("llm_audit"), lab.client("dynamodb")
    made = dynamodb.create_table(
        TableName="CentralLLMAudit",
        KeySchema=[{"AttributeName": "request_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "request_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]
    mine = {"llm_stack": "two", "llm_account_id": lab.account_id, "llm_observability_enabled": False}
    audit.ok("preflight", **mine)
    dynamodb.tag_resource(ResourceArn=made["TableArn"], Tags=[{"Key": "central-llm:stack", "Value": "one"}])
    said = audit.refused("preflight", **mine)
    assert "is the audit of the stack one. Set llm_audit_table_name to another name. Nothing was touched." in said
    # Without a table there is no stack that it is of.
    audit.ok("preflight", **mine, llm_audit_table_name="TwosAudit")
