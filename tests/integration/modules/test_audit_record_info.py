from __future__ import annotations

import threading
import typing as t

import pytest

TABLE = "audit"


@pytest.fixture
def record(run_module: t.Any, lab: t.Any) -> t.Any:
    lab.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "request_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "request_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return run_module("audit_record_info")


def tell(lab: t.Any, **attributes: dict[str, t.Any]) -> None:
    item = {"request_id": {"S": "one="}, **attributes}
    lab.client("dynamodb").put_item(TableName=TABLE, Item=item)


def test_a_record_as_plain_values(record: t.Any, lab: t.Any) -> None:
    tell(lab, gateway_line={"S": "a"}, engine_line={"S": "b"}, total_tokens={"N": "21"}, stream={"BOOL": True},
         engine_more={"SS": ["y", "x"]})  # fmt: skip
    outcome = record.ok(table=TABLE, request_id="one=")
    assert outcome["record"] == {
        "request_id": "one=", "gateway_line": "a", "engine_line": "b", "total_tokens": 21, "stream": True,
        "engine_more": ["x", "y"],
    }  # fmt: skip
    assert not outcome.changed


def test_it_waits_for_the_sides_that_are_asked_for(record: t.Any, lab: t.Any) -> None:
    tell(lab, gateway_line={"S": "a"})
    assert record.ok(table=TABLE, request_id="one=", sides=["gateway"])["record"]["gateway_line"] == "a"
    later = threading.Timer(0.2, tell, [lab], {"gateway_line": {"S": "a"}, "engine_line": {"S": "b"}})
    later.start()
    assert record.ok(table=TABLE, request_id="one=")["record"]["engine_line"] == "b"
    later.join()


def test_what_does_not_come_is_said(record: t.Any) -> None:
    message = record.refused(table=TABLE, request_id="two=", wait_timeout=1)
    assert "Gave up waiting 1 s for the record of the request two= in audit" in message
    assert record.ok(table=TABLE, request_id="two=", wait_timeout=0)["record"] == {}


def test_bad_input_and_denials(record: t.Any, faults: t.Any) -> None:
    assert "empty" in record.refused(table=TABLE, request_id="")
    faults.add("dynamodb", "GetItem", "AccessDeniedException")
    assert "dynamodb:GetItem" in record.refused(table=TABLE, request_id="one=", wait_timeout=0)
