#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_fleet
version_added: 0.1.0
short_description: Start hosts down a ladder of instance types and subnets, and terminate them
description:
  - Starts from a launch template what is missing to O(target_capacity), with EC2 CreateFleet of type C(instant).
    Each rung of O(overrides) is asked for alone and in order, and the reason of every refusal is returned.
  - Hosts are found by their tags, see O(filters). C(pending) and C(running) ones count, surplus is never terminated.
  - Rungs whose type the zone of their subnet does not offer are left out beforehand.
  - A run that was interrupted after AWS took its request is finished by the next, which does not start the
    hosts again.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFleet.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The tag C(Name) of the hosts.
    type: str
  state:
    description:
      - V(present) starts what is missing. V(absent) terminates all hosts that match, stopped ones included.
    type: str
    choices: [present, absent]
    default: present
  launch_template_name:
    description:
      - The launch template that hosts are started from. Required with O(state=present).
      - In check mode an empty one stands for a template that the run is yet to make.
    type: str
  launch_template_version:
    description:
      - Number of the version, V($Default) or V($Latest).
    type: str
    default: $Default
  target_capacity:
    description:
      - How many hosts there shall be.
    type: int
    default: 1
  overrides:
    description:
      - The ladder, tried in this order. Required with O(state=present).
    type: list
    elements: dict
    suboptions:
      instance_type:
        description:
          - Type of the instance.
        type: str
        required: true
      subnet_id:
        description:
          - Id of the subnet.
        type: str
        required: true
      lifecycle:
        description:
          - How the capacity is bought. A V(spot) host can be taken away at two minutes' notice.
        type: str
        choices: [on-demand, spot]
        default: on-demand
  attempt_timeout:
    description:
      - How many seconds the hosts of one rung may take until they run. Those that end or do not run by then are
        terminated and returned among RV(attempts), and the next rung is asked.
      - Left out, a rung has done its part once AWS has taken the request.
    type: int
  tags:
    description:
      - Tags of the hosts and of the fleet request, put on at launch. Hosts that exist are not tagged again.
    type: dict
    aliases: [resource_tags]
  filters:
    description:
      - Tags with the exact values by which hosts are found, all of which must match.
      - By default O(name) and the tag C(central-llm:stack) of O(tags), those of the two that are given.
    type: dict
  exclude_instance_ids:
    description:
      - With O(state=absent), ids of hosts that are left running although they match.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Start one GPU host, in whichever zone has one
  central.llm.ec2_fleet:
    name: central-llm-ec2
    launch_template_name: central-llm-launch-template
    target_capacity: 1
    overrides:
      - instance_type: g6e.2xlarge
        subnet_id: subnet-07b4b1c7bd77a628d
      - instance_type: g6e.2xlarge
        subnet_id: subnet-09f116bb3ca0b1748
      - instance_type: g6e.4xlarge
        subnet_id: subnet-07b4b1c7bd77a628d
    tags:
      central-llm:stack: central-llm
    wait_timeout: 300
  register: started

- name: Terminate all hosts of the stack
  central.llm.ec2_fleet:
    name: central-llm-ec2
    tags:
      central-llm:stack: central-llm
    state: absent
"""

RETURN = r"""
fleet:
  description: The hosts that count, as they are after the run.
  returned: always
  type: dict
  contains:
    filters:
      description: The tags by which hosts were found.
      type: dict
      sample: {"Name": "central-llm-ec2", "central-llm:stack": "central-llm"}
    count:
      description: How many hosts count.
      type: int
      sample: 1
    instance_ids:
      description: Their ids. Left out in check mode when hosts would be started.
      type: list
      elements: str
      sample: [i-0123456789abcdef0]
instances:
  description: The hosts that count.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Id of the instance.
      type: str
      sample: i-0123456789abcdef0
    type:
      description: Instance type.
      type: str
      sample: g6e.2xlarge
    subnet_id:
      description: Id of the subnet.
      type: str
      sample: subnet-07b4b1c7bd77a628d
    availability_zone:
      description: Name of the zone.
      type: str
      sample: eu-central-1a
    state:
      description: State of the instance.
      type: str
      sample: running
    private_ip:
      description: Private IPv4 address.
      type: str
      sample: 10.0.1.17
    launched_at:
      description: When the instance was started.
      type: str
      sample: "2026-11-23T08:00:00+00:00"
    lifecycle:
      description: How the capacity was bought, V(on-demand) or V(spot).
      type: str
      sample: on-demand
not_counted:
  description: Hosts that match and are C(stopping), C(stopped) or C(shutting-down), in the shape of RV(instances).
  returned: always
  type: list
  elements: dict
attempts:
  description: The rungs that were left out or refused in this run, and why. Returned on failure, too.
  returned: always
  type: list
  elements: dict
  contains:
    instance_type:
      description: Instance type of the rung.
      type: str
      sample: g6e.2xlarge
    subnet_id:
      description: Subnet of the rung.
      type: str
      sample: subnet-07b4b1c7bd77a628d
    lifecycle:
      description: Lifecycle of the rung.
      type: str
      sample: on-demand
    error_code:
      description:
        - AWS's error code; the code of its state reason where a host ended by itself; V(NotOfferedInZone) for a rung
          that was left out; V(AttemptTimeout) where a host did not run in time.
      type: str
      sample: InsufficientInstanceCapacity
    error_message:
      description: AWS's explanation.
      type: str
would_start:
  description: In check mode, how many hosts would be asked for, on which rung first.
  returned: in check mode, when hosts are missing
  type: dict
  sample: {"count": 1, "instance_type": "g6e.2xlarge", "subnet_id": "subnet-07b4b1c7", "lifecycle": "on-demand"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, ladder
from ansible_collections.central.llm.plugins.module_utils._ec2.fleet import (
    COUNTED,
    NOT_COUNTED,
    Launch,
    NotEnough,
    host,
    launch_missing,
)
from ansible_collections.central.llm.plugins.module_utils._ec2.waiters import wait_running, wait_terminated
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def strings(tags: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (tags or {}).items()}


def tags_and_filters(options: Resource) -> tuple[dict[str, str], dict[str, str]]:
    """What hosts are tagged with, and by which of it they are found again."""
    tags = strings(options["tags"])
    if options["name"]:
        tags["Name"] = options["name"]
    found_by = {key: value for key, value in tags.items() if key in ("central-llm:stack", "Name")}
    return tags, strings(options["filters"]) or found_by


def find(client: t.Any, filters: dict[str, str], states: t.Sequence[str]) -> list[Resource]:
    return sorted((host(item) for item in api.find_instances(client, filters, states)), key=lambda item: item["id"])


def summary(filters: dict[str, str], hosts: list[Resource]) -> Resource:
    return {"filters": filters, "count": len(hosts), "instance_ids": sorted(item["id"] for item in hosts)}


def find_template(client: t.Any, options: Resource) -> Resource:
    name, version = options["launch_template_name"], options["launch_template_version"]
    if not name:  # Check mode, of a template that the run is yet to make.
        return {"LaunchTemplateId": "", "VersionNumber": 1}
    template: Resource | None = api.find_launch_template_version(client, name, version)
    if template is None:
        raise InvalidInput(f"There is no launch template {name} with a version {version}. Create it first.")
    return template


def plan_launch(client: t.Any, options: Resource, tags: dict[str, str]) -> Launch:
    """What a launch would ask for; all that it refers to is looked up, so that nothing is found missing later."""
    template = find_template(client, options)
    rungs = [ladder.Rung(**{name: item[name] for name in ladder.Rung._fields}) for item in options["overrides"]]
    zone_of = api.zones_of_subnets(client, sorted({rung.subnet_id for rung in rungs}))
    offered = api.zones_of_instance_types(client, sorted({rung.instance_type for rung in rungs}))
    possible, left_out = ladder.split_offered(rungs, zone_of, offered)
    # AWS refuses a token that comes with another request, and tags are part of it.
    situation = {"template": template["LaunchTemplateId"], "tags": tags}
    name, version = options["launch_template_name"], str(template["VersionNumber"])
    return Launch(possible, left_out, 0, name, version, tags, situation, options["attempt_timeout"])


def ensure_present(client: t.Any, options: Resource, *, check_mode: bool) -> Resource:
    tags, filters = tags_and_filters(options)
    ladder.validate(options, tags, filters)
    launch = plan_launch(client, options, tags)
    known = find(client, filters, (*COUNTED, *NOT_COUNTED, "terminated"))
    hosts = [item for item in known if item["state"] in COUNTED]
    result = {
        "before": summary(filters, hosts),
        "not_counted": [item for item in known if item["state"] in NOT_COUNTED],
        "attempts": [],
    }
    missing = options["target_capacity"] - len(hosts)
    if missing > 0:
        if not launch.rungs:
            raise NotEnough(missing, [], launch.left_out)
        if check_mode:
            would_start = {"count": missing, **launch.rungs[0]._asdict()}
            after = {"filters": filters, "count": options["target_capacity"]}
            return {**result, "after": after, "instances": hosts, "would_start": would_start}
        situation = {**launch.situation, "filters": filters, "known": [item["id"] for item in known]}
        launch = launch._replace(wanted=missing, situation=situation)
        new, attempts = launch_missing(client, launch, timeout=options["wait_timeout"])
        result["attempts"] = [attempt.as_dict() for attempt in attempts]
        hosts += [host(item) for item in api.read_instances(client, new)]
    if options["wait"] and not check_mode:
        hosts = settle(client, hosts, timeout=options["wait_timeout"])
    return {**result, "after": summary(filters, hosts), "instances": hosts}


def settle(client: t.Any, hosts: list[Resource], *, timeout: int) -> list[Resource]:
    """The hosts once all of them run."""
    ids = [item["id"] for item in hosts]
    if any(item["state"] != "running" for item in hosts):
        wait_running(client, ids, timeout=timeout)
        return [host(item) for item in api.read_instances(client, ids)]
    return hosts


def ensure_absent(client: t.Any, options: Resource, *, check_mode: bool) -> Resource:
    tags, filters = tags_and_filters(options)
    ladder.validate(options, tags, filters)
    alive = find(client, filters, (*COUNTED, *NOT_COUNTED))
    ending = [item["id"] for item in alive if item["state"] == "shutting-down"]
    here = [item for item in alive if item["id"] not in ending]
    spared = [item for item in here if item["id"] in options["exclude_instance_ids"]]
    doomed = [item["id"] for item in here if item not in spared]
    if not check_mode:
        if doomed:
            api.terminate_instances(client, doomed)
        if options["wait"] and (doomed or ending):
            wait_terminated(client, [*doomed, *ending], timeout=options["wait_timeout"])
    before, after = summary(filters, here), summary(filters, spared)
    return {"before": before, "after": after, "instances": spared, "not_counted": [], "attempts": []}


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "launch_template_name": {"type": "str"},
            "launch_template_version": {"type": "str", "default": "$Default"},
            "target_capacity": {"type": "int", "default": 1},
            "overrides": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "instance_type": {"type": "str", "required": True},
                    "subnet_id": {"type": "str", "required": True},
                    "lifecycle": {"type": "str", "choices": ["on-demand", "spot"], "default": "on-demand"},
                },
            },
            "attempt_timeout": {"type": "int"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "filters": {"type": "dict"},
            "exclude_instance_ids": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        required_if=[("state", "present", ("launch_template_name", "overrides"))],
        supports_check_mode=True,
    )
    with module.failures_reported():
        client = module.client("ec2")
        if module.params["state"] == "present":
            module.yet_to_be_made("launch_template_name")
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        try:
            result = ensure(client, module.params, check_mode=module.check_mode)
        except NotEnough as error:
            attempts = [attempt.as_dict() for attempt in error.attempts]
            module.fail_json(msg=str(error), attempts=attempts, instance_ids=error.instance_ids)
        before, after = result.pop("before"), result.pop("after")
        module.exit_with("fleet", changed=before != after, before=before, after=after, **result)


if __name__ == "__main__":
    main()
