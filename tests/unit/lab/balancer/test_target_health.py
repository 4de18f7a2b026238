from __future__ import annotations

import dataclasses

import pytest

from lab.balancer.health import HEALTHY, INITIAL, UNHEALTHY, Count, matches
from lab.balancer.state import Check

CHECK = Check("TCP", "traffic-port", "/", "200", 5, 2, healthy_threshold=3, unhealthy_threshold=2)


def states(results: str) -> list[str]:
    count = Count()
    return [count.note(result == "+", CHECK)[0] for result in results]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("++", "initial"),
        ("+++", "healthy"),
        ("+++-", "healthy"),
        ("+++--", "unhealthy"),
        ("+++--++", "unhealthy"),
        ("+++--+++", "healthy"),
        ("-+-+", "initial"),
        ("--", "unhealthy"),
    ],
)
def test_only_consecutive_results_count(results: str, expected: str) -> None:
    assert states(results)[-1] == expected


def test_states_carry_awss_reason_codes() -> None:
    assert INITIAL[:2] == ("initial", "Elb.RegistrationInProgress")
    assert UNHEALTHY[:2] == ("unhealthy", "Target.FailedHealthChecks")
    assert HEALTHY == ("healthy", "", "")
    eager = dataclasses.replace(CHECK, healthy_threshold=1)
    assert Count().note(True, eager) == HEALTHY


@pytest.mark.parametrize(
    ("matcher", "code", "expected"),
    [
        ("200", 200, True),
        ("200", 201, False),
        ("200,204", 204, True),
        ("200-399", 302, True),
        ("200-299,404", 404, True),
    ],
)
def test_matcher(matcher: str, code: int, expected: bool) -> None:
    assert matches(matcher, code) is expected
