# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""When two task definitions mean the same.

AWS answers with more than was registered: defaults, empty lists, computed host ports, lists in another order. Reduced
to what they mean, the document that was registered and AWS's answer about it are equal. Pure; botocore's model of
RegisterTaskDefinition says which fields there are.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports a missing SDK.
    from botocore.validate import ParamValidator

from .._aws import InvalidInput

Document = dict[str, t.Any]

# Option of the module -> parameter of RegisterTaskDefinition.
OPTIONS = {
    "containers": "containerDefinitions",
    "network_mode": "networkMode",
    "cpu": "cpu",
    "memory": "memory",
    "task_role_arn": "taskRoleArn",
    "execution_role_arn": "executionRoleArn",
    "volumes": "volumes",
    "requires_compatibilities": "requiresCompatibilities",
    "placement_constraints": "placementConstraints",
    "runtime_platform": "runtimePlatform",
    "ipc_mode": "ipcMode",
    "pid_mode": "pidMode",
}

_LISTS = ("containers", "volumes", "requires_compatibilities", "placement_constraints")

# (structure, field) -> the value that leaving it out means, as AWS documents it.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html and its neighbours
_DEFAULTS: dict[tuple[str, str], t.Any] = {
    ("RegisterTaskDefinitionRequest", "networkMode"): "bridge",
    ("RegisterTaskDefinitionRequest", "enableFaultInjection"): False,
    ("ContainerDefinition", "cpu"): 0,
    ("ContainerDefinition", "essential"): True,
    ("ContainerDefinition", "versionConsistency"): "enabled",
    ("PortMapping", "protocol"): "tcp",
    ("PortMapping", "hostPort"): 0,
    ("MountPoint", "readOnly"): False,
    ("VolumeFrom", "readOnly"): False,
    ("HealthCheck", "interval"): 30,
    ("HealthCheck", "timeout"): 5,
    ("HealthCheck", "retries"): 3,
    ("HealthCheck", "startPeriod"): 0,
    ("ContainerRestartPolicy", "restartAttemptPeriod"): 300,
    ("EFSVolumeConfiguration", "rootDirectory"): "/",
    ("EFSVolumeConfiguration", "transitEncryption"): "DISABLED",
    ("EFSAuthorizationConfig", "iam"): "DISABLED",
    ("RuntimePlatform", "cpuArchitecture"): "X86_64",
    ("RuntimePlatform", "operatingSystemFamily"): "LINUX",
}

# (structure, field) of lists that are sets in truth -> what to sort them by.
_UNORDERED: dict[tuple[str, str], t.Callable[[t.Any], str]] = {
    ("RegisterTaskDefinitionRequest", "requiresCompatibilities"): str,
    ("RegisterTaskDefinitionRequest", "volumes"): lambda volume: str(volume.get("name")),
    ("ContainerDefinition", "environment"): lambda variable: str(variable.get("name")),
    ("ContainerDefinition", "secrets"): lambda secret: str(secret.get("name")),
    ("LogConfiguration", "secretOptions"): lambda secret: str(secret.get("name")),
}

# Compared by who looks the family up, and by who plans the tags.
_ELSEWHERE = {("RegisterTaskDefinitionRequest", "family"), ("RegisterTaskDefinitionRequest", "tags")}

# AWS stores sizes of the task in CPU units and MiB, however they were written.
_SIZES = {"cpu": re.compile(r"([\d.]+)\s*vCPU", re.IGNORECASE), "memory": re.compile(r"([\d.]+)\s*GB", re.IGNORECASE)}


def request_shape(client: t.Any) -> t.Any:
    """botocore's model of what RegisterTaskDefinition takes."""
    return client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape


def document(options: t.Mapping[str, t.Any], shape: t.Any) -> Document:
    """The document that the module's options describe, checked against AWS's model."""
    asked = {parameter: options[option] for option, parameter in OPTIONS.items() if options.get(option) is not None}
    conformed = conform(asked, shape)
    report = ParamValidator().validate({"family": "checked-elsewhere", **conformed}, shape)
    if report.has_errors():
        raise InvalidInput(f"AWS would not take this task definition: {report.generate_report()}")
    return conformed


def conform(value: t.Any, shape: t.Any) -> t.Any:
    """The value without nulls and with numbers and strings as AWS wants them: templates confuse the two."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            key: conform(item, shape.members[key]) if key in shape.members else item
            for key, item in value.items()
            if item is not None
        }
    if kind == "map" and isinstance(value, dict):
        return {key: conform(item, shape.value) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [conform(item, shape.member) for item in value]
    if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if kind in ("integer", "long") and isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value


def meaning(found: Document, shape: t.Any) -> Document:
    """A document, ours or AWS's answer, reduced to what it says beyond AWS's defaults."""
    mode = found.get("networkMode") or "bridge"
    return _reduced(_with_plain_sizes(found), shape, mode)


def same(one: Document, other: Document, shape: t.Any) -> bool:
    """Whether two documents mean the same; the order of containers means nothing, their names are what counts."""
    return _by_name(meaning(one, shape)) == _by_name(meaning(other, shape))


def as_options(found: Document, shape: t.Any) -> dict[str, t.Any]:
    """The meaning of a document under the names of the module's options."""
    reduced = meaning(found, shape)
    empty: dict[str, t.Any] = {
        "containers": [],
        "volumes": [],
        "requires_compatibilities": [],
        "placement_constraints": [],
    }
    values = {option: reduced.get(parameter, empty.get(option)) for option, parameter in OPTIONS.items()}
    return {**values, "network_mode": values["network_mode"] or "bridge"}


def _by_name(reduced: Document) -> Document:
    containers = reduced.get("containerDefinitions", [])
    return {**reduced, "containerDefinitions": sorted(containers, key=lambda container: str(container.get("name")))}


def _reduced(value: t.Any, shape: t.Any, mode: str) -> t.Any:
    if shape.type_name == "list":
        return [_reduced(item, shape.member, mode) for item in value]
    if shape.type_name != "structure":
        return value
    kept = {}
    for field, member in shape.members.items():
        if value.get(field) is None or (shape.name, field) in _ELSEWHERE:
            continue
        reduced = _reduced(value[field], member, mode)
        if (shape.name, field) in _UNORDERED:
            reduced = sorted(reduced, key=_UNORDERED[shape.name, field])
        if reduced not in ([], {}) and reduced != _default(shape.name, field, value, mode):
            kept[field] = reduced
    return kept


def _default(structure: str, field: str, value: Document, mode: str) -> t.Any:
    """What leaving the field out of this structure means."""
    host_port = (structure, field) == ("PortMapping", "hostPort")
    # Without a bridge the host's port is the container's, said or not.
    if host_port and mode in ("host", "awsvpc") and value[field] == value.get("containerPort"):
        return value[field]
    return _DEFAULTS.get((structure, field))


def _with_plain_sizes(found: Document) -> Document:
    plain = dict(found)
    for field, pattern in _SIZES.items():
        written = pattern.fullmatch(str(found.get(field) or "").strip())
        if written:
            plain[field] = str(round(float(written[1]) * 1024))
    return plain


__all__ = ("OPTIONS", "as_options", "conform", "document", "meaning", "request_shape", "same")
