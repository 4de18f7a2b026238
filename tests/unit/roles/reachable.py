"""Which AWS operations a playbook's rooms can call, read from the code: the modules that the tasks name, and what these
call of `plugins/module_utils/`."""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import typing as t
from pathlib import Path

import botocore.session
import jinja2
import yaml
from botocore import xform_name
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).parents[3]
PLAYBOOKS = ROOT / "playbooks"

# What the tasks use of amazon.aws, and which operations that calls: read from its sources, version 10.1.2.
AMAZON: dict[str, set[str]] = {
    # Who may launch an image it reads only where a task asks for that.
    "amazon.aws.ec2_ami_info": {"ec2:DescribeImages"},
    # What binds an address to a device, frees it of one or names it is left out: no task gives the options for that.
    "amazon.aws.ec2_eip": {
        "ec2:AllocateAddress",
        "ec2:CreateTags",
        "ec2:DescribeAddresses",
        "ec2:DescribeTags",
        "ec2:ReleaseAddress",
    },
    "amazon.aws.ec2_eip_info": {"ec2:DescribeAddresses"},
    "amazon.aws.ec2_launch_template_info": {"ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"},
    "amazon.aws.ec2_vpc_endpoint_info": {"ec2:DescribeVpcEndpoints"},
    "amazon.aws.ec2_vpc_igw": {
        "ec2:AttachInternetGateway",
        "ec2:CreateInternetGateway",
        "ec2:CreateTags",
        "ec2:DeleteInternetGateway",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeTags",
        "ec2:DescribeVpcs",
        "ec2:DetachInternetGateway",
    },
    "amazon.aws.ec2_vpc_igw_info": {"ec2:DescribeInternetGateways"},
    "amazon.aws.ec2_vpc_nat_gateway": {
        "ec2:AllocateAddress",
        "ec2:CreateNatGateway",
        "ec2:CreateTags",
        "ec2:DeleteNatGateway",
        "ec2:DescribeAddresses",
        "ec2:DescribeNatGateways",
        "ec2:DescribeTags",
        "ec2:ReleaseAddress",
    },
    "amazon.aws.ec2_vpc_nat_gateway_info": {"ec2:DescribeNatGateways"},
    # No task gives DHCP options, a second range or one of IPv6.
    "amazon.aws.ec2_vpc_net": {
        "ec2:CreateTags",
        "ec2:CreateVpc",
        "ec2:DeleteVpc",
        "ec2:DescribeTags",
        "ec2:DescribeVpcAttribute",
        "ec2:DescribeVpcs",
        "ec2:ModifyVpcAttribute",
    },
    # No task names a virtual private gateway.
    "amazon.aws.ec2_vpc_route_table": {
        "ec2:AssociateRouteTable",
        "ec2:CreateRoute",
        "ec2:CreateRouteTable",
        "ec2:CreateTags",
        "ec2:DeleteRoute",
        "ec2:DeleteRouteTable",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DisassociateRouteTable",
        "ec2:ReplaceRoute",
    },
    "amazon.aws.ec2_vpc_route_table_info": {"ec2:DescribeRouteTables"},
    # No task gives a range of IPv6.
    "amazon.aws.ec2_vpc_subnet": {
        "ec2:CreateSubnet",
        "ec2:CreateTags",
        "ec2:DeleteSubnet",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:ModifySubnetAttribute",
    },
    "amazon.aws.iam_managed_policy": {
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListEntitiesForPolicy",
        "iam:ListPolicies",
        "iam:ListPolicyTags",
        "iam:ListPolicyVersions",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy",
    },
    "amazon.aws.iam_role_info": {
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
    },
}

# Folders of no service, whose files call nothing.
_PURE = {"_audit"}
_INCLUDE = re.compile(r"(?:import|include)_tasks: (.+)")
_MODULE = re.compile(r"(?<![\w/])((?:central\.llm|amazon\.aws)\.\w+)\b")


def _included(text: str) -> list[str]:
    """Files that are included, each of those that an expression chooses from, too."""
    return [name for include in _INCLUDE.findall(text) for name in re.findall(r"[\w/]+\.yml", include)]


@functools.cache
def modules_of(tasks: Path) -> frozenset[str]:
    """The modules and look-ups that a task file names, those of what it includes too."""
    text = tasks.read_text()
    found = _own(tasks)
    for role, entry_point in entry_points(tasks):
        found |= modules_of(ROOT / f"roles/{role}/tasks/{entry_point}.yml")
    for included in _included(text):
        found |= modules_of(tasks.parent / included)
    role = tasks.parents[1]
    for variables in (role / "vars/main.yml", role / "defaults/main.yml"):
        if variables.exists():
            found |= set(re.findall(r"lookup\('(amazon\.aws\.\w+)'", variables.read_text()))
    return frozenset(found)


@functools.cache
def operations_of(module: str) -> frozenset[str]:
    """`service:Operation`, as botocore names both."""
    if module in AMAZON:
        return frozenset(AMAZON[module])
    path = ROOT / f"plugins/modules/{module.removeprefix('central.llm.')}.py"
    if not path.exists():
        raise LookupError(f"{module} is new: say in {Path(__file__).name} which operations it calls")
    return frozenset(_called_from(path, set()))


def _called_from(path: Path, seen: set[Path]) -> set[str]:
    if path in seen or not path.exists():
        return set()
    seen.add(path)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            found |= _named(path, _operation_in(node))
        elif isinstance(node, ast.ImportFrom):
            for imported in _imported(path, node):
                found |= _called_from(imported, seen)
    return found


def _operation_in(call: ast.Call) -> str:
    """What client.operation(), client.get_paginator("operation"), waiter_model("Operation") or a helper that is called
    as helper(client, "operation") names."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    constants = [argument for argument in call.args[:2] if isinstance(argument, ast.Constant)]
    if constants and (name in {"get_paginator", "waiter_model"} or ast.unparse(call.args[0]).endswith("client")):
        return str(constants[0].value)
    on_client = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith("client")
    return name if on_client else ""


def _imported(path: Path, node: ast.ImportFrom) -> t.Iterator[Path]:
    """The files of this collection's module_utils that an import may mean; some of them do not exist."""
    parts = (node.module or "").split(".") if node.module else []
    if node.level:
        folder = path.parents[node.level - 1]
    elif parts[:2] == ["ansible_collections", "central"]:
        folder, parts = ROOT, parts[3:]
    else:
        return
    base = folder.joinpath(*parts)
    yield base.with_suffix(".py")
    yield from (base / f"{alias.name}.py" for alias in node.names)


def _named(path: Path, name: str) -> set[str]:
    for service in _services(path):
        operation = _operations(service).get(name) or (name if name in _operations(service).values() else None)
        if operation:
            return {f"{service}:{operation}"}
    return set()


def _services(path: Path) -> t.Iterator[str]:
    """Those of the file's folder, or of the module; then those that a function may get another's client of."""
    folder = path.parent.name
    if folder == "_apigateway":
        yield "apigatewayv2" if path.stem.endswith("_v2") else "apigateway"
    elif folder in _PURE:
        return
    elif folder.startswith("_"):
        yield _NAMES.get(folder, folder[1:])
    else:
        yield from re.findall(r"module\.client\(\"(\w+)\"\)", path.read_text())
    yield from _FOREIGN.get(path.relative_to(ROOT / "plugins").as_posix(), ())


# Folders that are not called as botocore calls the service.
_NAMES = {"_tagging": "resourcegroupstaggingapi"}
# What a folder's file calls of another service than the folder's.
_FOREIGN = {
    "module_utils/_ec2/images.py": ("ssm",),
    "module_utils/_ec2/network_api.py": ("apigatewayv2",),
}


@functools.cache
def model_of(service: str) -> t.Any:
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in model_of(service).operation_names}


def entry_points(playbook: Path, rooms: t.Sequence[str] = ("",)) -> set[tuple[str, str]]:
    """(role, entry point) of all that a playbook or a task file includes; a file is included once for each room."""
    found: set[tuple[str, str]] = set()

    def walk(node: t.Any, known: t.Mapping[str, t.Any]) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, known)
        elif isinstance(node, dict):
            known = {**known, **(node.get("vars") or {})}
            over = _looped(node.get("loop"), known) or rooms
            included = node.get("ansible.builtin.include_role") or node.get("ansible.builtin.import_role")
            if included:
                for room in over:
                    name = included["name"].replace("{{ room }}", str(room)).removeprefix("central.llm.")
                    found.add((name, included.get("tasks_from", "main")))
            tasks = node.get("ansible.builtin.include_tasks")
            # A file of the user's own is the user's to know.
            if tasks and "{{" not in tasks and playbook.is_relative_to(PLAYBOOKS):
                found.update(entry_points(playbook.parent / tasks, over))
            for value in node.values():
                walk(value, known)

    walk(yaml.safe_load(playbook.read_text()), {})
    return found


def _looped(loop: t.Any, known: t.Mapping[str, t.Any]) -> list[str]:
    """What a loop goes over, where the playbook itself says it."""
    if isinstance(loop, str):
        with contextlib.suppress(jinja2.TemplateError):
            loop = NativeEnvironment(undefined=jinja2.StrictUndefined).from_string(loop).render(known)
    return loop if isinstance(loop, list) and all(isinstance(item, str) for item in loop) else []


def operations_of_playbook(playbook: Path) -> set[str]:
    files = [playbook, *(playbook.parent / included for included in _included(playbook.read_text()))]
    own = set().union(*map(_own, files))
    return operations_of_entry_points(entry_points(playbook)) | set().union(*map(operations_of, own))


def operations_of_entry_points(points: t.Iterable[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    for role, entry_point in points:
        for module in modules_of(ROOT / f"roles/{role}/tasks/{entry_point}.yml"):
            found |= operations_of(module)
    return found


def _own(playbook: Path) -> set[str]:
    """The modules that a file itself names; roles and filters look alike."""
    found = {name for name in _MODULE.findall(playbook.read_text()) if not name.startswith("central.llm.llm_")}
    return {name for name in found if not (ROOT / f"plugins/filter/{name.rpartition('.')[2]}.py").exists()}
