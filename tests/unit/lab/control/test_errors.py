"""Errors in each protocol, read back with botocore's own parsers; which calls are reads."""

from __future__ import annotations

import pytest
from botocore.parsers import create_parser
from moto.core.request import Request
from werkzeug.test import EnvironBuilder

from lab.control.call import scope_of
from lab.control.errors import AwsError, render
from lab.control.generations import is_read


@pytest.mark.parametrize("protocol", ["ec2", "query", "json", "rest-json", "rest-xml"])
def test_an_error_is_what_botocore_reads(protocol: str) -> None:
    answer = render(AwsError("ThrottlingException", "Slow <down> & wait", 429), protocol)
    response = {
        "status_code": answer.status,
        "headers": {name.lower(): value for name, value in answer.headers},
        "body": answer.body,
        "context": {"operation_name": "Op"},
    }
    parsed = create_parser(protocol).parse(response, None)
    assert parsed["Error"]["Code"] == "ThrottlingException"
    assert parsed["Error"]["Message"] == "Slow <down> & wait"


@pytest.mark.parametrize(
    ("operation", "read"),
    [("DescribeVpcs", True), ("GetRestApi", True), ("ListRoles", True), ("CreateVpc", False), ("PutItem", False)],
)
def test_reads_are_told_from_writes(operation: str, read: bool) -> None:
    assert is_read(operation) is read


@pytest.mark.parametrize(
    ("header", "query", "scope"),
    [
        (
            "AWS4-HMAC-SHA256 Credential=k/20260101/eu-central-1/ec2/aws4_request, Signature=x",
            "",
            ("ec2", "eu-central-1"),
        ),
        ("", "X-Amz-Credential=k/20260101/us-east-1/s3/aws4_request", ("s3", "us-east-1")),
        ("Basic abc", "", None),
        ("", "", None),
    ],
)
def test_the_scope_of_a_signature(header: str, query: str, scope: tuple[str, str] | None) -> None:
    headers = {"Authorization": header} if header else {}
    assert scope_of(Request(EnvironBuilder(query_string=query, headers=headers).get_environ())) == scope
