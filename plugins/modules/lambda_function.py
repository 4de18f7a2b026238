#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_function
version_added: 0.1.0
short_description: Manage a Lambda function
description:
  - Creates, changes and deletes a function whose code is a folder. The package is built so that the same files give the
    same bytes, so that the code changes only when the files do.
  - Only the options that are given are managed. Its log group is another resource, see M(central.llm.log_group).
  - "AWS reference: U(https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the function.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the function, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  source:
    description:
      - The folder with the code, where the module runs. Required where the function does not exist.
    type: path
  handler:
    description:
      - What is called, C(module.function). Required where the function does not exist.
    type: str
  runtime:
    description:
      - The runtime, such as C(python3.13). Required where the function does not exist.
    type: str
  role_arn:
    description:
      - ARN of the role that the function runs with. Required where the function does not exist.
    type: str
  description:
    description:
      - What the function is for.
    type: str
  timeout:
    description:
      - How many seconds a run may take, 1 to 900.
    type: int
  memory_size:
    description:
      - Memory in MB, 128 to 10240.
    type: int
  architecture:
    description:
      - The processor that it runs on. Changed together with the code.
    type: str
    choices: [x86_64, arm64]
  environment:
    description:
      - The environment variables, all of them. No place for secrets.
    type: dict
  dead_letter_queue_arn:
    description:
      - ARN of the SQS queue for events that failed three times; an empty string is none.
    type: str
  log_group:
    description:
      - The log group that it writes to. AWS takes C(/aws/lambda/<name>).
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Install a function from a folder
  central.llm.lambda_function:
    name: my-reaper
    source: "{{ playbook_dir }}/functions/reaper"
    handler: handler.handle
    runtime: python3.13
    role_arn: arn:aws:iam::123456789012:role/my-reaper-role
    timeout: 30
    environment:
      STACK: mine
"""

RETURN = r"""
function:
  description: The function as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the function.
      type: str
      returned: when it exists
      sample: arn:aws:lambda:eu-central-1:123456789012:function:my-reaper
    name:
      description: Name of the function.
      type: str
      sample: my-reaper
    code_sha256:
      description: Hash of the package, in base64.
      type: str
      sample: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    handler:
      description: What is called.
      type: str
      sample: handler.handle
    runtime:
      description: The runtime.
      type: str
      sample: python3.13
    role_arn:
      description: ARN of the role that it runs with.
      type: str
      sample: arn:aws:iam::123456789012:role/my-reaper-role
    description:
      description: What it is for.
      type: str
      sample: ""
    timeout:
      description: How many seconds a run may take.
      type: int
      sample: 30
    memory_size:
      description: Memory in MB.
      type: int
      sample: 128
    architecture:
      description: The processor that it runs on.
      type: str
      sample: x86_64
    environment:
      description: The environment variables.
      type: dict
      sample: {"STACK": "mine"}
    dead_letter_queue_arn:
      description: ARN of the queue for events that failed, empty for none.
      type: str
      sample: ""
    log_group:
      description: The log group that it writes to.
      type: str
      sample: /aws/lambda/my-reaper
    tags:
      description: Tags of the function.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t
from pathlib import Path

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._lambda import api, package
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

NEEDED = ("handler", "runtime", "role_arn")
# What AWS takes where nothing was given.
DEFAULTS: Resource = {
    "description": "",
    "timeout": 3,
    "memory_size": 128,
    "architecture": "x86_64",
    "environment": {},
    "dead_letter_queue_arn": "",
}
# Options that the code is changed with, and those of the configuration.
CODE = ("code_sha256", "architecture")
LIMITS = {"timeout": (1, 900), "memory_size": (128, 10240)}
# How long a role that was made a moment ago may be unknown to Lambda.
ROLE_SECONDS = 30


def describe(client: t.Any, name: str) -> Resource | None:
    """The function in the shape that this module returns."""
    configuration = api.find_function(client, name)
    if configuration is None:
        return None
    return {
        "arn": configuration["FunctionArn"],
        "name": name,
        "code_sha256": configuration["CodeSha256"],
        "handler": configuration.get("Handler") or "",
        "runtime": configuration.get("Runtime") or "",
        "role_arn": configuration["Role"],
        "description": configuration.get("Description") or "",
        "timeout": configuration["Timeout"],
        "memory_size": configuration["MemorySize"],
        "architecture": (configuration.get("Architectures") or ["x86_64"])[0],
        "environment": (configuration.get("Environment") or {}).get("Variables", {}),
        "dead_letter_queue_arn": (configuration.get("DeadLetterConfig") or {}).get("TargetArn", ""),
        "log_group": (configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}",
        "tags": api.list_tags(client, configuration["FunctionArn"]),
    }


def configuration_of(options: Resource) -> Resource:
    """The request's members for these options."""
    request: Resource = {
        "Handler": options.get("handler"),
        "Runtime": options.get("runtime"),
        "Role": options.get("role_arn"),
        "Description": options.get("description"),
        "Timeout": options.get("timeout"),
        "MemorySize": options.get("memory_size"),
    }
    if "environment" in options:
        request["Environment"] = {"Variables": options["environment"]}
    if "dead_letter_queue_arn" in options:
        request["DeadLetterConfig"] = {"TargetArn": options["dead_letter_queue_arn"]}
    if "log_group" in options:
        request["LoggingConfig"] = {"LogGroup": options["log_group"]}
    return given(request)


def validate(options: Resource) -> bytes | None:
    """What cannot be done, before anything is touched; the package, where there is a source."""
    for name, (least, most) in LIMITS.items():
        if options[name] is not None and not least <= options[name] <= most:
            raise InvalidInput(f"{name}: {options[name]} is not between {least} and {most}.")
    folder = options["source"]
    if folder is None or options["state"] == "absent":
        return None
    if not Path(folder).is_dir():
        raise InvalidInput(f"source: {folder} is no folder.")
    files = list(package.files_of(folder))
    if not files:
        raise InvalidInput(f"source: there is nothing in the folder {folder}.")
    return package.build(files)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, code: bytes | None, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in (*NEEDED, *DEFAULTS, "log_group")})
    if "environment" in desired:
        desired["environment"] = {str(key): str(value) for key, value in desired["environment"].items()}
    if code is not None:
        desired["code_sha256"] = package.sha256(code)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        missing = [key for key in NEEDED if not desired.get(key)] + ([] if code else ["source"])
        # What the run is yet to make has no ARN in check mode.
        if missing and not (check_mode and missing == ["role_arn"]):
            raise InvalidInput(f"The function {name} does not exist; {', '.join(missing)} must be given.")
        after = {"name": name, **DEFAULTS, "log_group": f"/aws/lambda/{name}", **desired, "tags": tags.after}
        if check_mode:
            return True, after
        request = {
            "FunctionName": name,
            **configuration_of({key: value for key, value in after.items() if value not in ("", {})}),
            "Architectures": [after["architecture"]],
            "Code": {"ZipFile": code},
            "Tags": tags.after,
        }
        api.create_function(client, request, ROLE_SECONDS)
        if options["wait"]:
            api.wait_until_ready(client, name, options["wait_timeout"])
        return True, describe(client, name) or after

    changes = differing(desired, before)
    if "architecture" in changes and code is None:
        raise InvalidInput("architecture: AWS changes it together with the code only; give the source, too.")
    if not check_mode:
        update(client, name, changes, code, options)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def update(client: t.Any, name: str, changes: Resource, code: bytes | None, options: Resource) -> None:
    """One change at a time: AWS refuses another one while the last is on its way."""
    configuration = configuration_of({key: value for key, value in changes.items() if key not in CODE})
    if changes:
        api.wait_until_ready(client, name, options["wait_timeout"])
    if configuration:
        request = {"FunctionName": name, **configuration}
        api.update_configuration(client, request=request, timeout=ROLE_SECONDS)
    if code is not None and any(key in changes for key in CODE):
        if configuration:
            api.wait_until_ready(client, name, options["wait_timeout"])
        api.update_code(client, name, code, changes.get("architecture"))
    if changes and options["wait"]:
        api.wait_until_ready(client, name, options["wait_timeout"])


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_function(client, before["name"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "source": {"type": "path"},
            "handler": {"type": "str"},
            "runtime": {"type": "str"},
            "role_arn": {"type": "str"},
            "description": {"type": "str"},
            "timeout": {"type": "int"},
            "memory_size": {"type": "int"},
            "architecture": {"type": "str", "choices": ["x86_64", "arm64"]},
            "environment": {"type": "dict"},
            "dead_letter_queue_arn": {"type": "str"},
            "log_group": {"type": "str"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        code = validate(module.params)
        client = module.client("lambda")
        before = describe(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            changed, after = ensure_present(client, before, module.params, code, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("function", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
