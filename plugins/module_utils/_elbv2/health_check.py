# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The health check of a target group behind a Network Load Balancer. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from .._compare import differing, given
from .validation import validate_matcher, validate_range

HealthCheck = dict[str, t.Any]

# AWS's defaults, which creation sends explicitly: what was foretold is then what comes.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
_DEFAULTS: HealthCheck = {
    "protocol": "TCP",
    "port": "traffic-port",
    "path": None,
    "interval": 30,
    "timeout": 10,
    "healthy_threshold": 5,
    "unhealthy_threshold": 2,
    "matcher": None,
}
_HTTP_DEFAULTS: HealthCheck = {"path": "/", "matcher": "200-399"}

_RANGES = {"interval": (5, 300), "timeout": (2, 120), "healthy_threshold": (2, 10), "unhealthy_threshold": (2, 10)}

_PARAMETERS = {
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}


def validate(options: HealthCheck | None) -> None:
    """Ranges and spellings of what is given."""
    asked = given(options or {})
    for option, (low, high) in _RANGES.items():
        validate_range(f"health_check.{option}", asked.get(option), low, high)
    if "path" in asked and not (asked["path"].startswith("/") and len(asked["path"]) <= 1024):
        raise InvalidInput(f"health_check.path: '{asked['path']}' must begin with '/', at most 1024 characters long.")
    if "matcher" in asked:
        validate_matcher(asked["matcher"])
    port = asked.get("port", "traffic-port")
    if port != "traffic-port" and not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise InvalidInput(f"health_check.port: '{port}' is neither 'traffic-port' nor a port from 1 to 65535.")


def complete(options: HealthCheck | None, current: HealthCheck | None) -> HealthCheck:
    """The whole health check as it shall be: what is given, over what is there, over AWS's defaults."""
    asked = given(options or {})
    wanted = {**_DEFAULTS, **(current or {}), **asked}
    if wanted["protocol"] == "TCP":
        useless = [option for option in _HTTP_DEFAULTS if option in asked]
        if useless:
            raise InvalidInput(
                f"health_check.{useless[0]}: a health check by TCP only connects; "
                "set health_check.protocol to HTTP or HTTPS."
            )
        wanted.update(dict.fromkeys(_HTTP_DEFAULTS))
    else:
        wanted.update({option: wanted[option] or value for option, value in _HTTP_DEFAULTS.items()})
    if wanted["timeout"] > wanted["interval"]:
        raise InvalidInput(
            f"health_check.timeout: {wanted['timeout']} s is longer than the interval of {wanted['interval']} s."
        )
    return wanted


def request(wanted: HealthCheck, current: HealthCheck | None = None) -> dict[str, t.Any]:
    """The parameters of CreateTargetGroup, or those of ModifyTargetGroup that lead from `current` to `wanted`."""
    changes = differing(wanted, current or {})
    parameters = {_PARAMETERS[option]: value for option, value in changes.items() if option in _PARAMETERS}
    if "matcher" in changes:
        parameters["Matcher"] = {"HttpCode": changes["matcher"]}
    return parameters


__all__ = ("complete", "request", "validate")
