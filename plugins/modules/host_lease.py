#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: host_lease
version_added: 0.1.0
short_description: Manage until when hosts may run
description:
  - Writes the end of a lease into the tag C(central-llm:lease-until) of hosts that exist, and tells what is left of it.
  - It enforces nothing. Whoever ends hosts, from inside or outside of them, reads the tag.
  - A host that is yet to be launched gets the tag with its launch, from RV(lease.until).
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The tag C(Name) of the hosts.
    type: str
    required: true
  tags:
    description:
      - Tags that the hosts carry, by which they are found besides their name. They are not changed.
    type: dict
    required: true
  until:
    description:
      - When the lease ends, in UTC, as C(yyyy-mm-ddThh:mm:ssZ). Left out, leases are only read.
    type: str
  keep:
    description:
      - Whether a lease that is not over is left alone, and holds for hosts without one, too.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let the hosts run until ten, whatever was said before
  central.llm.host_lease:
    name: central-llm-ec2
    tags:
      central-llm:stack: central-llm
    until: "2030-01-01T22:00:00Z"

- name: See what is left
  central.llm.host_lease:
    name: central-llm-ec2
    tags:
      central-llm:stack: central-llm
  register: lease
"""

RETURN = r"""
lease:
  description: The lease as it is after the run.
  returned: always
  type: dict
  contains:
    until:
      description: When it ends; empty where there is none.
      type: str
      sample: "2030-01-01T22:00:00Z"
    hosts:
      description: What the tag of each live host says, by its id; empty for a host without one.
      type: dict
      sample: {"i-0123456789abcdef0": "2030-01-01T22:00:00Z"}
    seconds_left:
      description: What is left of it, 0 where it is over or there is none.
      type: int
      sample: 3600
"""

import typing as t
from datetime import UTC, datetime

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, lease
from ansible_collections.central.llm.plugins.module_utils._ec2.api import tag_dict
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

LIVE = ("pending", "running", "stopping", "stopped")


def describe(client: t.Any, options: Resource, now: datetime) -> Resource:
    """The leases of the live hosts, in the shape that this module returns."""
    wanted = {str(key): str(value) for key, value in options["tags"].items()} | {"Name": options["name"]}
    hosts = {
        str(instance["InstanceId"]): str(tag_dict(instance.get("Tags")).get(lease.TAG, ""))
        for instance in api.find_instances(client, wanted, LIVE)
    }
    return summary(hosts, lease.running(hosts.values(), now), now)


def summary(hosts: dict[str, str], until: str | None, now: datetime) -> Resource:
    return {"until": until or "", "hosts": hosts, "seconds_left": lease.left(until, now)}


def ensure(client: t.Any, before: Resource, options: Resource, now: datetime, *, check_mode: bool) -> Resource:
    until = options["until"]
    if options["keep"] and before["until"]:
        until = before["until"]
    if until is None:
        return before
    if not check_mode:
        for instance_id, current in before["hosts"].items():
            if current != until:
                api.tag(client, instance_id, {lease.TAG: until})
    return summary({instance_id: str(until) for instance_id in before["hosts"]}, until, now)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "tags": {"type": "dict", "required": True},
            "until": {"type": "str"},
            "keep": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        until = module.params["until"]
        if until is not None and lease.parse(until) is None:
            raise InvalidInput(f"until: {until!r} is no moment in UTC; write it as yyyy-mm-ddThh:mm:ssZ.")
        if "central-llm:stack" not in module.params["tags"]:
            raise InvalidInput(
                "tags: the stack must be among them (central-llm:stack), so that no others' host is meant."
            )
        client = module.client("ec2")
        now = datetime.now(UTC)
        before = describe(client, module.params, now)
        after = ensure(client, before, module.params, now, check_mode=module.check_mode)
        changed = before["hosts"] != after["hosts"]
        module.exit_with("lease", changed=changed, before=before, after=after, observed=["seconds_left", "until"])


if __name__ == "__main__":
    main()
