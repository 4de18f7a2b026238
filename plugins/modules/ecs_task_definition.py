#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task_definition
version_added: 0.1.0
short_description: Manage the revisions of an Amazon ECS task definition
description:
  - Registers a new revision of a family when what is asked for means something else than the newest C(ACTIVE) revision.
    Defaults that AWS fills in, and the order of environment variables and secrets, mean nothing.
  - A revision is one document and never changes. What is left out here is left out of the revision, hence is a
    difference to a revision that has it. Tags alone can change without a new revision.
  - The environment of a container is shown by this module, by AWS and in every diff. Put nothing secret there; name a
    secret of AWS Secrets Manager or a parameter of Systems Manager in the container's C(secrets) instead.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  family:
    description:
      - The family, which is the name that all revisions share. 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) makes sure that the newest C(ACTIVE) revision is as asked for.
      - V(absent) deregisters all C(ACTIVE) revisions, or the one that O(revision) names. Tasks and services that use
        them go on; nothing new can be started from them.
    type: str
    choices: [present, absent]
    default: present
  revision:
    description:
      - The only revision to deregister, with O(state=absent).
    type: int
  containers:
    description:
      - The containers, each a dictionary in AWS's own words and spelling (C(portMappings), C(resourceRequirements)).
      - Required with O(state=present). Unknown fields and wrong types are refused before anything is written.
    type: list
    elements: dict
  network_mode:
    description:
      - The Docker network that the containers share. AWS's default is V(bridge).
    type: str
    choices: [bridge, host, awsvpc, none]
  cpu:
    description:
      - CPU that the whole task reserves, in CPU units (C("1024")) or vCPUs (C("1 vCPU")).
    type: str
  memory:
    description:
      - Memory that the whole task may use, in MiB (C("1024")) or GB (C("1 GB")).
    type: str
  task_role_arn:
    description:
      - ARN of the role that the containers act in.
    type: str
  execution_role_arn:
    description:
      - ARN of the role in which ECS pulls images, reads secrets and writes logs.
    type: str
  volumes:
    description:
      - The volumes that containers mount, each a dictionary in AWS's own words and spelling.
    type: list
    elements: dict
  requires_compatibilities:
    description:
      - The launch types that AWS checks the task definition for.
    type: list
    elements: str
    choices: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]
  placement_constraints:
    description:
      - Rules for where tasks may run, each a dictionary in AWS's own words and spelling. At most 10.
    type: list
    elements: dict
  runtime_platform:
    description:
      - Processor and operating system, in AWS's own words and spelling (C(cpuArchitecture), C(operatingSystemFamily)).
    type: dict
  ipc_mode:
    description:
      - Whose inter-process communication the containers share.
    type: str
    choices: [host, task, none]
  pid_mode:
    description:
      - Whose process ids the containers share.
    type: str
    choices: [host, task]
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Register the engine; a new revision only if anything is different
  central.llm.ecs_task_definition:
    family: central-llm-service
    network_mode: bridge
    requires_compatibilities: [EC2]
    execution_role_arn: arn:aws:iam::123456789012:role/central-llm-execution
    containers:
      - name: vllm
        image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/central-llm@sha256:{{ image_digest }}
        memoryReservation: 24576
        portMappings:
          - containerPort: 8000
            hostPort: 8000
        resourceRequirements:
          - type: GPU
            value: "1"
        secrets:
          - name: HF_TOKEN
            valueFrom: arn:aws:secretsmanager:eu-central-1:123456789012:secret:central-llm/hf-AbCdEf
    tags:
      central-llm:stack: central-llm

- name: Retire the whole family
  central.llm.ecs_task_definition:
    family: central-llm-service
    state: absent
"""

RETURN = r"""
task_definition:
  description:
    - The newest C(ACTIVE) revision after the run; empty when there is none. What AWS fills in by itself is left out.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the revision.
      type: str
      returned: when it exists
      sample: arn:aws:ecs:eu-central-1:123456789012:task-definition/central-llm-service:7
    family:
      description: The family.
      type: str
      sample: central-llm-service
    revision:
      description: Number of the revision. Check mode foretells the one that would be registered.
      type: int
      sample: 7
    status:
      description: Status of the revision.
      type: str
      sample: ACTIVE
    containers:
      description: The containers in AWS's own words.
      type: list
      elements: dict
      sample: [{"name": "vllm", "image": "vllm/vllm-openai:v0.11.0"}]
    network_mode:
      description: Network mode.
      type: str
      sample: bridge
    cpu:
      description: CPU units of the whole task, null where not given.
      type: str
      sample: "1024"
    memory:
      description: MiB of the whole task, null where not given.
      type: str
      sample: "2048"
    task_role_arn:
      description: ARN of the containers' role, null where not given.
      type: str
      sample: arn:aws:iam::123456789012:role/central-llm-task
    execution_role_arn:
      description: ARN of ECS's role, null where not given.
      type: str
      sample: arn:aws:iam::123456789012:role/central-llm-execution
    volumes:
      description: The volumes in AWS's own words.
      type: list
      elements: dict
      sample: []
    requires_compatibilities:
      description: Launch types that AWS checked for.
      type: list
      elements: str
      sample: [EC2]
    placement_constraints:
      description: Placement constraints in AWS's own words.
      type: list
      elements: dict
      sample: []
    runtime_platform:
      description: Platform, null where it is AWS's default (Linux on x86_64).
      type: dict
      sample: null
    ipc_mode:
      description: IPC mode, null where not given.
      type: str
      sample: host
    pid_mode:
      description: PID mode, null where not given.
      type: str
      sample: null
    tags:
      description: Tags of the revision.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
deregistered:
  description: ARNs of the revisions that were deregistered.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import TagPlan, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ecs import api, task_definition
from ansible_collections.central.llm.plugins.module_utils._ecs.transformations import validate_name
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._once import create_once

_ROLES = ("task_role_arn", "execution_role_arn")


def newest(client: t.Any, family: str) -> Resource | None:
    """AWS's answer about the newest ACTIVE revision."""
    arns = api.list_task_definitions(client, family)
    return api.find_task_definition(client, arns[0]) if arns else None


def resource(found: Resource, shape: t.Any) -> Resource:
    """A revision in the shape that this module returns."""
    return {
        "arn": found["taskDefinitionArn"],
        "family": found["family"],
        "revision": found["revision"],
        "status": found.get("status", "ACTIVE"),
        **task_definition.as_options(found, shape),
        "tags": api.tag_dict(found.get("tags")),
    }


def number(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def next_revision(client: t.Any, family: str) -> int:
    """The number that AWS will give: numbers of deregistered revisions are not used again."""
    statuses = ("ACTIVE", "INACTIVE")
    known = (arn for status in statuses for arn in api.list_task_definitions(client, family, status))
    return max(map(number, known), default=0) + 1


def validate(options: Resource) -> None:
    validate_name(options["family"], "family of task definitions")
    if options["state"] == "absent":
        return
    if options["revision"] is not None:
        raise InvalidInput("revision: AWS numbers the revisions itself; leave it out, or set state: absent.")
    if not options["containers"]:
        raise InvalidInput("containers: a task definition needs at least one container.")
    names = [container.get("name") for container in options["containers"]]
    if not all(names) or len(set(names)) < len(names):
        raise InvalidInput(f"containers: each needs a name of its own; the names given are {names}.")
    for role in _ROLES:
        if options[role] is not None and not options[role].startswith("arn:"):
            raise InvalidInput(f"{role}: '{options[role]}' is no ARN.")


def new_revision(client: t.Any, family: str, asked: Resource, tags: dict[str, str], known: int) -> Resource:
    """Register one; a newer one than was known is what an attempt without an answer registered."""

    def made() -> Resource | None:
        latest = api.find_task_definition(client, family)
        return latest if latest and latest["revision"] > known else None

    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    request = given({"family": family, **asked, "tags": api.tag_list(own) or None})
    return create_once(
        client, "RegisterTaskDefinition", lambda: api.register_task_definition(client, request=request), made
    )


def write_tags(client: t.Any, arn: str, tags: TagPlan) -> None:
    if tags.put:
        api.tag(client, arn, tags.put)
    if tags.remove:
        api.untag(client, arn, tags.remove)


def ensure_present(
    client: t.Any, found: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    family, shape = options["family"], task_definition.request_shape(client)
    asked = task_definition.document(options, shape)
    before = resource(found, shape) if found else None
    # A new revision keeps the tags of the one that it follows.
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if found and before and task_definition.same(asked, found, shape):
        if not check_mode:
            write_tags(client, before["arn"], tags)
        return tags.changes, {**before, "tags": tags.after}
    if check_mode:
        foretold = {"family": family, "revision": next_revision(client, family), "status": "ACTIVE"}
        return True, {**foretold, **task_definition.as_options(asked, shape), "tags": tags.after}
    known = before["revision"] if before else 0
    return True, resource(new_revision(client, family, asked, tags.after, known), shape)


def ensure_absent(client: t.Any, options: Resource, *, check_mode: bool) -> tuple[list[str], Resource | None]:
    """Deregister; the ARNs of the revisions that were ACTIVE, and the newest one that still is."""
    active = api.list_task_definitions(client, options["family"])
    gone = [arn for arn in active if options["revision"] in (None, number(arn))]
    left = next((arn for arn in active if arn not in gone), None)
    if not check_mode:
        for arn in gone:
            api.deregister_task_definition(client, arn)
    found = api.find_task_definition(client, left) if left else None
    return gone, resource(found, task_definition.request_shape(client)) if found else None


def run(module: CollectionModule) -> None:
    options = module.params
    validate(options)
    client = module.client("ecs")
    found = newest(client, options["family"])
    before = resource(found, task_definition.request_shape(client)) if found else None
    if options["state"] == "present":
        changed, after = ensure_present(client, found, options, check_mode=module.check_mode)
        module.exit_with("task_definition", changed=changed, before=before, after=after)
    if module.removable(before) != before:
        module.exit_with("task_definition", changed=False, before=before, after=before, deregistered=[])
    gone, left = ensure_absent(client, options, check_mode=module.check_mode)
    module.exit_with("task_definition", changed=bool(gone), before=before, after=left, deregistered=gone)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "family": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "revision": {"type": "int"},
            "containers": {"type": "list", "elements": "dict"},
            "network_mode": {"type": "str", "choices": ["bridge", "host", "awsvpc", "none"]},
            "cpu": {"type": "str"},
            "memory": {"type": "str"},
            "task_role_arn": {"type": "str"},
            "execution_role_arn": {"type": "str"},
            "volumes": {"type": "list", "elements": "dict"},
            "requires_compatibilities": {
                "type": "list",
                "elements": "str",
                "choices": ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"],
            },
            "placement_constraints": {"type": "list", "elements": "dict"},
            "runtime_platform": {"type": "dict"},
            "ipc_mode": {"type": "str", "choices": ["host", "task", "none"]},
            "pid_mode": {"type": "str", "choices": ["host", "task"]},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        run(module)


if __name__ == "__main__":
    main()
