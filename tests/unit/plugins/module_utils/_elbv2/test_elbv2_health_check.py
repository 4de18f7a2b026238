from __future__ import annotations

import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._elbv2 import health_check

HTTP = {"protocol": "HTTP", "path": "/health", "matcher": "200"}


def test_nothing_asked_changes_nothing() -> None:
    current = health_check.complete(HTTP, None)
    assert health_check.complete(None, current) == current
    assert health_check.request(current, current) == {}


def test_by_http_there_is_always_a_path_and_a_matcher() -> None:
    check = health_check.complete({"protocol": "HTTPS"}, health_check.complete(None, None))
    assert (check["path"], check["matcher"]) == ("/", "200-399")


def test_by_tcp_there_is_neither() -> None:
    check = health_check.complete({"protocol": "TCP"}, health_check.complete(HTTP, None))
    assert (check["path"], check["matcher"]) == (None, None)


def test_only_what_differs_is_sent() -> None:
    current = health_check.complete(HTTP, None)
    wanted = health_check.complete({"interval": 15, "matcher": "200-299"}, current)
    assert health_check.request(wanted, current) == {
        "HealthCheckIntervalSeconds": 15,
        "Matcher": {"HttpCode": "200-299"},
    }


@pytest.mark.parametrize("matcher", ["200", "200,204", "200-399", "200-299,404"])
def test_matchers(matcher: str) -> None:
    health_check.validate({"matcher": matcher})


@pytest.mark.parametrize(
    "wrong",
    [
        {"matcher": "199"},
        {"matcher": "600"},
        {"matcher": "2xx"},
        {"matcher": "200,"},
        {"interval": 301},
        {"unhealthy_threshold": 11},
        {"path": ""},
        {"path": "/" + "a" * 1024},
        {"port": "0"},
        {"port": "65536"},
    ],
)
def test_what_aws_would_not_take_is_named(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match=f"health_check.{next(iter(wrong))}"):
        health_check.validate(wrong)


def test_a_timeout_fits_the_interval_that_is_there() -> None:
    current = health_check.complete({"interval": 10, "timeout": 5}, None)
    with pytest.raises(InvalidInput, match="longer than the interval"):
        health_check.complete({"timeout": 11}, current)
