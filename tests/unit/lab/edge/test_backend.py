from __future__ import annotations

import pytest

from lab.edge.backend import require_loopback, split_uri, timeout_seconds
from lab.edge.errors import GatewayError
from lab.edge.integration import default_path


@pytest.mark.parametrize(
    ("integration", "seconds"),
    [
        ({}, 29),
        ({"timeoutInMillis": 50}, 0.05),
        ({"timeoutInMillis": 900_000}, 29),
        ({"timeoutInMillis": 900_000, "responseTransferMode": "STREAM"}, 900),
        ({"responseTransferMode": "STREAM"}, 29),
    ],
)
def test_timeouts(integration: dict[str, object], seconds: float) -> None:
    assert timeout_seconds(integration) == seconds


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8000/x", "http://127.44.5.6/", "http://[::1]:80/"])
def test_loopback_is_reachable(uri: str) -> None:
    require_loopback(split_uri(uri))


@pytest.mark.parametrize("uri", ["http://10.0.0.1/", "http://example.com/", "http://localhost.example.com/"])
def test_nothing_else_is(uri: str) -> None:
    with pytest.raises(GatewayError) as caught:
        require_loopback(split_uri(uri))
    assert "loopback" in caught.value.reason
    assert caught.value.status == 500


@pytest.mark.parametrize("uri", ["", "no-url", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:port/"])
def test_what_is_no_http_url_is_a_configuration_error(uri: str) -> None:
    with pytest.raises(GatewayError) as caught:
        split_uri(uri)
    assert caught.value.response_type == "API_CONFIGURATION_ERROR"


def test_a_private_integration_without_a_path_gets_the_stage_in_front() -> None:
    assert default_path(True, "prod", "/v1/models") == "/prod/v1/models"
    assert default_path(False, "prod", "/v1/models") == "/"
