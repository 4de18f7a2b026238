from __future__ import annotations

import pytest

from lab.edge.address import Address, parse


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("127.0.0.1:4567", "/restapis/ab12/prod/_user_request_/v1/models", ("ab12", "prod", "/v1/models", None)),
        ("127.0.0.1:4567", "/restapis/ab12/prod/_user_request_", ("ab12", "prod", "/", None)),
        ("ab12.execute-api.eu-west-1.amazonaws.com", "/prod/v1/a%2Fb", ("ab12", "prod", "/v1/a%2Fb", "eu-west-1")),
        ("AB12.execute-api.localhost:4567", "/prod", ("ab12", "prod", "/", None)),
        (
            "ab12.execute-api.us-east-1.amazonaws.com",
            "/restapis/x9/dev/_user_request_/p",
            ("x9", "dev", "/p", "us-east-1"),
        ),
    ],
)
def test_both_forms_of_url(host: str, path: str, expected: tuple[str, str, str, str | None]) -> None:
    assert parse(host, path) == Address(*expected)


@pytest.mark.parametrize(
    ("host", "path"),
    [("127.0.0.1", "/"), ("127.0.0.1", "/prod/v1"), ("example.com", "/prod/v1"), ("ab.execute-api.localhost", "/")],
)
def test_other_urls_mean_no_api(host: str, path: str) -> None:
    assert parse(host, path) is None
