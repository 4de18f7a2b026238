#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_vpc_link
version_added: 0.1.0
short_description: Manage a VPC link of API Gateway
description:
  - Creates, renames, replaces and deletes the link over which a REST API reaches private load balancers. Only the
    options that are given are managed.
  - A link V2 has network interfaces in subnets of the VPC, behind security groups, and reaches network and application
    load balancers. A link V1 reaches one network load balancer through AWS PrivateLink. AWS advises against new links
    of V1.
  - AWS cannot change the subnets and security groups of a link V2 nor the target of a link V1. A difference is an error
    that says what to do, unless O(replace=true).
  - A link V2 that has had no traffic for 60 days becomes C(INACTIVE) and loses its network interfaces. The next request
    over it fails, and makes API Gateway bring the link back within minutes.
  - "AWS references: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html) and
    U(https://docs.aws.amazon.com/apigateway/latest/developerguide/vpc-links-v1.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the link. Names are not unique in API Gateway. Of several links of the name, the one whose subnets,
        security groups or targets are as asked for is meant; where that leaves several, the module fails and lists
        them, and O(id) says which one is meant.
      - Together with O(id), the link is renamed if it has another name.
      - At least one of O(name) and O(id) is needed.
    type: str
  id:
    description:
      - The id of a link that exists. It wins over O(name).
    type: str
  state:
    description:
      - V(present) creates or changes the link.
      - V(absent) deletes it. AWS refuses that as long as an integration, or a deployment that a stage serves, uses it.
    type: str
    choices: [present, absent]
    default: present
  version:
    description:
      - The version of the link. The versions are separate resources, a link cannot go from one to the other.
    type: int
    choices: [2, 1]
    default: 2
  description:
    description:
      - What the link is for. Links V1 only. An empty string removes the description.
    type: str
  subnet_ids:
    description:
      - The subnets that the link has network interfaces in, at most 10. Links V2 only, and needed for a new one.
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups of these network interfaces. Links V2 only.
    type: list
    elements: str
  target_arns:
    description:
      - The ARN of the network load balancer, exactly one. Links V1 only, and needed for a new one.
    type: list
    elements: str
  replace:
    description:
      - Whether to make a new link, of the same name, beside one that differs in what AWS cannot change or that has
        failed.
      - The old link is left alone, because requests go over it until all integrations have been moved to the new link
        and been deployed. Delete it then with O(state=absent) and its id, RV(replaced_id).
      - Afterwards the name stands for the new link, as long as the subnets, security groups or targets are given.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until a link is C(AVAILABLE), or gone. With V(false), a link that is C(INACTIVE) is no error
        but only reported.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most, in seconds. AWS states 2 to 4 minutes for a link V1.
    type: int
    default: 600
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Link the gateway to the VPC
  central.llm.api_gateway_vpc_link:
    name: central-llm-vpc-link
    subnet_ids: [subnet-0a1b2c3d, subnet-1b2c3d4e]
    security_group_ids: [sg-0ee0a1b2c]
    tags:
      central-llm:stack: central-llm

- name: Put a link in other subnets beside the one that is in use
  central.llm.api_gateway_vpc_link:
    name: central-llm-vpc-link
    subnet_ids: [subnet-2c3d4e5f, subnet-3d4e5f6a]
    replace: true
  register: moved

- name: Delete the old link, once the integrations have been moved and deployed
  central.llm.api_gateway_vpc_link:
    id: "{{ moved.replaced_id }}"
    state: absent
  when: moved.replaced_id is defined

- name: Look after a link V1
  central.llm.api_gateway_vpc_link:
    id: xvbo5t
    version: 1
    tags:
      central-llm:stack: central-llm
"""

RETURN = r"""
vpc_link:
  description: The link as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the link, what an integration names as its connection.
      type: str
      returned: when it exists; check mode cannot foretell the id of a new link
      sample: xvbo5t
    name:
      description: Name of the link.
      type: str
      sample: central-llm-vpc-link
    version:
      description: Version of the link.
      type: int
      sample: 2
    description:
      description: Description of a link V1, empty for none.
      type: str
      sample: ""
    status:
      description: One of C(PENDING), C(AVAILABLE), C(DELETING), C(FAILED) and C(INACTIVE).
      type: str
      returned: when it exists
      sample: AVAILABLE
    status_message:
      description: What AWS says about the status.
      type: str
      returned: when it exists
      sample: VPC link is ready to route traffic
    subnet_ids:
      description: Subnets of a link V2.
      type: list
      elements: str
      sample: [subnet-0a1b2c3d, subnet-1b2c3d4e]
    security_group_ids:
      description: Security groups of a link V2.
      type: list
      elements: str
      sample: [sg-0ee0a1b2c]
    target_arns:
      description: Target of a link V1.
      type: list
      elements: str
      sample: []
    tags:
      description: Tags of the link.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
replaced_id:
  description: Id of the link that the new one is to take the place of. It still exists.
  returned: when this run replaced a link
  type: str
  sample: abc123
other_ids:
  description: Ids of the other links of this name, like one that was replaced and not deleted yet.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import (
    finding,
    vpc_links,
    vpc_links_v1,
    vpc_links_v2,
)
from ansible_collections.central.llm.plugins.module_utils._apigateway.tags import validate_tags
from ansible_collections.central.llm.plugins.module_utils._apigateway.vpc_links import Found, Link
from ansible_collections.central.llm.plugins.module_utils._compare import differing, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._once import create_once
from ansible_collections.central.llm.plugins.module_utils._waiter import wait_for

# The same functions for each version.
VERSIONS: dict[int, t.Any] = {1: vpc_links_v1, 2: vpc_links_v2}


class Outcome(t.NamedTuple):
    changed: bool
    link: Link | None
    others: list[str]
    replaced_id: str | None = None


def settle(api: t.Any, client: t.Any, link: Link, options: Resource) -> Link:
    """The link once it is AVAILABLE, whoever created it."""
    if not options["wait"] or link["status"] == "AVAILABLE":
        return link
    wait_for(
        client,
        api.AVAILABLE,
        description=f"the VPC link {link['id']} ({link['name']}) to become AVAILABLE",
        timeout=options["wait_timeout"],
        reason=api.REASON,
        **{api.ID_PARAMETER: link["id"]},
    )
    return api.find_link(client, link["id"]) or link


def wait_until_gone(api: t.Any, client: t.Any, ids: list[str], options: Resource) -> None:
    for link_id in ids if options["wait"] else []:
        wait_for(
            client,
            api.GONE,
            description=f"the VPC link {link_id} to be gone",
            timeout=options["wait_timeout"],
            reason=api.REASON,
            **{api.ID_PARAMETER: link_id},
        )


def planned(api: t.Any, options: Resource, old: Link | None) -> Link:
    """A new link as far as it can be foretold, taking over from the old one what is not given."""
    none: Resource = {"subnet_ids": [], "security_group_ids": [], "target_arns": []}
    given = {name: sorted(set(options[name] or [])) for name in api.FIXED}
    taken = vpc_links.desired(old, options, api.FIXED) if old else given
    description = options["description"]
    if description is None:
        description = old["description"] if old else ""
    tags = plan_tags(old["tags"] if old else {}, options["tags"], purge=options["purge_tags"])
    return {
        "name": options["name"] or (old or {}).get("name"),
        "version": options["version"],
        "description": description,
        **none,
        **taken,
        "tags": {key: value for key, value in tags.after.items() if not key.startswith("aws:")},
    }


def make(api: t.Any, client: t.Any, link: Link, known: t.Collection[str]) -> Link:
    """Create the link; one of its name that was not known before is what an attempt without an answer made."""

    def made() -> Link | None:
        named = (each for each in api.list_links(client) if each["name"] == link["name"] and each["id"] not in known)
        return next(named, None)

    return create_once(client, "CreateVpcLink", lambda: api.create_link(client, link["name"], link), made)


def create(api: t.Any, client: t.Any, found: Found, options: Resource, *, check_mode: bool) -> Outcome:
    """A new link: the first of its name, or one beside the link that it is to take the place of."""
    link = planned(api, options, found.link)
    others = [*found.others, *([found.link["id"]] if found.link else [])]
    if not check_mode:
        wait_until_gone(api, client, found.leaving, options)
        link = settle(api, client, make(api, client, link, {*others, *found.leaving}), options)
    return Outcome(True, link, others, found.link["id"] if found.link else None)


def change(api: t.Any, client: t.Any, found: Found, options: Resource, *, check_mode: bool) -> Outcome:
    before = t.cast(Link, found.link)
    changes = differing({"name": options["name"], "description": options["description"]}, before)
    tags = plan_tags(before["tags"], options["tags"], purge=options["purge_tags"])
    after = before
    if not check_mode:
        if changes:
            api.update_link(client, before["id"], changes)
        api.write_tags(client, before["id"], tags)
        after = settle(api, client, before, options)
    return Outcome(bool(changes or tags.changes), {**after, **changes, "tags": tags.after}, found.others)


def ensure_present(api: t.Any, client: t.Any, found: Found, options: Resource, *, check_mode: bool) -> Outcome:
    if found.link is None:
        vpc_links.check_new(options, api.FIXED)
        return create(api, client, found, options, check_mode=check_mode)
    if options["replace"] and not vpc_links.usable_as_asked(found.link, options, api.FIXED):
        return create(api, client, found, options, check_mode=check_mode)
    vpc_links.check_usable(found.link, options, api.FIXED)
    return change(api, client, found, options, check_mode=check_mode)


def ensure_absent(api: t.Any, client: t.Any, found: Found, options: Resource, *, check_mode: bool) -> Outcome:
    if not check_mode:
        if found.link:
            api.delete_link(client, found.link["id"])
        wait_until_gone(api, client, [*found.leaving, *([found.link["id"]] if found.link else [])], options)
    return Outcome(found.link is not None, None, found.others)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "version": {"type": "int", "choices": [2, 1], "default": 2},
            "description": {"type": "str"},
            "subnet_ids": {"type": "list", "elements": "str"},
            "security_group_ids": {"type": "list", "elements": "str"},
            "target_arns": {"type": "list", "elements": "str"},
            "replace": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = module.params
        api = VERSIONS[options["version"]]
        finding.check_name("VPC link", options["name"])
        validate_tags(options["tags"])
        vpc_links.validate(options, api.FIXED)
        client = module.client(api.SERVICE)
        found = vpc_links.find(api.list_links(client), options, api.FIXED)
        if options["state"] == "absent":
            found = found._replace(link=module.removable(found.link))
        ensure = ensure_present if options["state"] == "present" else ensure_absent
        outcome = ensure(api, client, found, options, check_mode=module.check_mode)
        returned: Resource = {"other_ids": outcome.others}
        if outcome.replaced_id:
            returned["replaced_id"] = outcome.replaced_id
        module.exit_with("vpc_link", changed=outcome.changed, before=found.link, after=outcome.link, **returned)


if __name__ == "__main__":
    main()
