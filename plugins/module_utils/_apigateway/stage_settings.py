# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Settings of a stage: read from AWS's answer, checked, compared and written as patches. Pure: no AWS call.

https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
"""

from __future__ import annotations

import re
import typing as t

from .._aws import InvalidInput
from .._compare import given
from .patch import Operation, pointer, remove, replace

Settings = dict[str, t.Any]

# option -> member of AWS's answer, path in a patch below /{resource}/{method}
_METHOD_SETTINGS = {
    "throttling_rate_limit": ("throttlingRateLimit", "throttling/rateLimit"),
    "throttling_burst_limit": ("throttlingBurstLimit", "throttling/burstLimit"),
    "logging_level": ("loggingLevel", "logging/loglevel"),
    "metrics_enabled": ("metricsEnabled", "metrics/enabled"),
    "data_trace_enabled": ("dataTraceEnabled", "logging/dataTrace"),
}
# What AWS fills in for a method that had no settings of its own; its limits are then the account's.
_FILLED_IN: Settings = {"metrics_enabled": False, "data_trace_enabled": False}
_METHODS = frozenset({"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

_STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]{0,512}")
_LOG_GROUP = re.compile(r"arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:[\w./#-]+")
_STREAM = re.compile(r"arn:[\w-]+:firehose:[\w-]+:\d{12}:deliverystream/amazon-apigateway-[\w.-]+")
_REQUEST_ID = re.compile(r"\$context\.(requestId|extendedRequestId)\b")
# $context.identity.apiKeyId is the id; without 'Id' it is the key itself.
_KEY_VALUE = re.compile(r"\$context\.identity\.apiKey(?!\w)")
_LARGEST_FORMAT = 3 * 1024


def read_stage(answer: t.Mapping[str, t.Any]) -> Settings:
    """The settings of a stage from the answer of GetStage."""
    return {
        "name": answer["stageName"],
        "description": answer.get("description", ""),
        "deployment_id": answer.get("deploymentId", ""),
        "access_log": _read_access_log(answer.get("accessLogSettings") or {}),
        "method_settings": read_method_settings(answer.get("methodSettings") or {}),
        "variables": answer.get("variables", {}),
        "web_acl_arn": answer.get("webAclArn", ""),
        "tags": answer.get("tags", {}),
    }


def _read_access_log(answer: t.Mapping[str, t.Any]) -> Settings:
    if not answer.get("destinationArn"):
        return {}
    return {"destination_arn": answer["destinationArn"].removesuffix(":*"), "format": answer.get("format", "")}


def read_method_settings(answer: t.Mapping[str, t.Any]) -> list[Settings]:
    """Sorted by path and method; AWS keys them '*/*' and '~1v1~1models/GET'."""
    found = []
    for key, members in answer.items():
        resource, method = key.rsplit("/", 1)
        settings = {option: members[member] for option, (member, _at) in _METHOD_SETTINGS.items() if member in members}
        found.append({"path": normal_path(resource.replace("~1", "/")), "method": method, **settings})
    return sorted(found, key=_where)


def normal_path(path: str) -> str:
    """'/*' for all paths, else the path with its leading slash."""
    return "/" + path.lstrip("/")


def _where(settings: t.Mapping[str, t.Any]) -> tuple[str, str]:
    return settings["path"], settings["method"]


def validate(options: t.Mapping[str, t.Any]) -> None:
    """Refuse what AWS would refuse, and what nobody wants in a log, before anything is written."""
    if not _STAGE_NAME.fullmatch(options["name"]):
        raise InvalidInput(
            f"{options['name']!r} is no name of a stage: 1 to 128 letters, digits, hyphens and underscores."
        )
    for name, value in (options["variables"] or {}).items():
        if not _VARIABLE_NAME.fullmatch(name) or not _VARIABLE_VALUE.fullmatch(str(value)):
            raise InvalidInput(
                f"The stage variable {name!r} cannot be set: names are 1 to 64 letters, digits and underscores, "
                "values up to 512 of A-Z a-z 0-9 and -._~:/?#&=,"
            )
    if options["access_log"]:
        _validate_access_log(options["access_log"])
    _validate_method_settings(options["method_settings"] or [])
    if options["keep_deployments"] is not None and options["keep_deployments"] < 0:
        raise InvalidInput("keep_deployments must not be negative.")


def _validate_access_log(access_log: t.Mapping[str, t.Any]) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    if not access_log.get("destination_arn") or not access_log.get("format"):
        raise InvalidInput("access_log needs destination_arn and format; an empty one (access_log: {}) turns it off.")
    arn = access_log["destination_arn"].removesuffix(":*")
    if not _LOG_GROUP.fullmatch(arn) and not _STREAM.fullmatch(arn):
        raise InvalidInput(
            f"access_log.destination_arn {arn!r} is neither the ARN of a log group nor of a Firehose stream whose name "
            "starts with amazon-apigateway-."
        )
    line = access_log["format"].rstrip("\n")
    if "\n" in line:
        raise InvalidInput("access_log.format must be a single line.")
    if len(line.encode()) > _LARGEST_FORMAT:
        raise InvalidInput(f"access_log.format is longer than {_LARGEST_FORMAT} bytes.")
    if not _REQUEST_ID.search(line):
        raise InvalidInput("access_log.format must contain $context.requestId or $context.extendedRequestId.")
    if _KEY_VALUE.search(line):
        raise InvalidInput(
            "access_log.format contains $context.identity.apiKey, which writes the keys of all callers into the log. "
            "Use $context.identity.apiKeyId."
        )


def _validate_method_settings(wanted: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    seen = set()
    for settings in wanted:
        path, method = normal_path(settings["path"]), settings["method"].upper()
        if method not in _METHODS:
            raise InvalidInput(f"method_settings: {settings['method']!r} of {path} is no method; * means all.")
        if path == "/*" and method != "*":
            raise InvalidInput(f"method_settings: the path /* goes with the method * only, not with {method}.")
        if (path, method) in seen:
            raise InvalidInput(f"method_settings: {method} {path} is there twice.")
        seen.add((path, method))
        for limit in ("throttling_rate_limit", "throttling_burst_limit"):
            if settings.get(limit) is not None and settings[limit] < 0:
                raise InvalidInput(f"method_settings: {limit} of {method} {path} must not be negative.")


def desired_access_log(access_log: t.Mapping[str, t.Any] | None) -> Settings | None:
    """None leaves the access log alone, an empty one turns it off."""
    if access_log is None:
        return None
    wanted = given(access_log)
    if not wanted:
        return {}
    return {"destination_arn": wanted["destination_arn"].removesuffix(":*"), "format": wanted["format"].rstrip("\n")}


def desired_method_settings(
    wanted: t.Sequence[t.Mapping[str, t.Any]] | None, current: t.Sequence[Settings], *, purge: bool
) -> list[Settings]:
    """The method settings afterwards: those given over those that are there, the others kept unless purged."""
    if wanted is None:
        return list(current)
    there = {_where(settings): settings for settings in current}
    found = {} if purge else dict(there)
    for settings in wanted:
        values = {"path": normal_path(settings["path"]), "method": settings["method"].upper()}
        values |= given({option: settings.get(option) for option in _METHOD_SETTINGS})
        found[_where(values)] = {**there.get(_where(values), _FILLED_IN), **values}
    return sorted(found.values(), key=_where)


def desired_variables(
    wanted: t.Mapping[str, t.Any] | None, current: t.Mapping[str, str], *, purge: bool
) -> dict[str, str]:
    if wanted is None:
        return dict(current)
    values = {name: str(value) for name, value in wanted.items()}
    return values if purge else {**current, **values}


def needs_log_role(after: Settings) -> bool:
    """Whether these settings make API Gateway write to CloudWatch Logs (Firehose has a role of its own)."""
    if any(settings.get("logging_level", "OFF") != "OFF" for settings in after["method_settings"]):
        return True
    return ":logs:" in after["access_log"].get("destination_arn", "")


def patch_operations(before: Settings, after: Settings) -> list[Operation]:
    """What turns one stage into the other; tags are written elsewhere."""
    found: list[Operation] = []
    if after["deployment_id"] != before["deployment_id"]:
        found.append(replace("/deploymentId", after["deployment_id"]))
    if after["description"] != before["description"]:
        found.append(replace("/description", after["description"]))
    if after["access_log"] != before["access_log"]:
        found += _access_log_operations(after["access_log"])
    for name, value in after["variables"].items():
        if before["variables"].get(name) != value:
            found.append(replace(pointer("variables", name), value))
    found += [remove(pointer("variables", name)) for name in before["variables"] if name not in after["variables"]]
    return found + _method_operations(before["method_settings"], after["method_settings"])


def _access_log_operations(access_log: Settings) -> list[Operation]:
    if not access_log:
        return [remove("/accessLogSettings")]
    # Both in one request: AWS refuses a destination without a format.
    return [
        replace("/accessLogSettings/destinationArn", access_log["destination_arn"]),
        replace("/accessLogSettings/format", access_log["format"]),
    ]


def _method_operations(before: t.Sequence[Settings], after: t.Sequence[Settings]) -> list[Operation]:
    there = {_where(settings): settings for settings in before}
    kept = {_where(settings) for settings in after}
    found: list[Operation] = []
    for settings in after:
        current = there.get(_where(settings), _FILLED_IN)
        for option, (_member, path) in _METHOD_SETTINGS.items():
            if option in settings and settings[option] != current.get(option):
                found.append(replace(f"{_key(settings)}/{path}", settings[option]))
    return found + [remove(_key(settings)) for settings in before if _where(settings) not in kept]


def _key(settings: t.Mapping[str, t.Any]) -> str:
    """The path of a method's settings in a patch: /*/* for all, /~1v1~1models/GET for one.

    https://docs.aws.amazon.com/cli/latest/reference/apigateway/update-stage.html#examples
    """
    resource = "*" if settings["path"] == "/*" else settings["path"]
    return pointer(resource, settings["method"])


__all__ = (
    "Settings",
    "desired_access_log",
    "desired_method_settings",
    "desired_variables",
    "needs_log_role",
    "normal_path",
    "patch_operations",
    "read_method_settings",
    "read_stage",
    "validate",
)
