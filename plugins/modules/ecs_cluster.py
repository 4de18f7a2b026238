#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_cluster
version_added: 0.1.0
short_description: Manage an Amazon ECS cluster
description:
  - Creates, changes and deletes an ECS cluster. Only the options that are given are managed.
  - A deleted cluster, which AWS keeps showing as C(INACTIVE) for a while, counts as absent.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the cluster, unique in account and Region. 1 to 255 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the cluster, V(absent) deletes it.
      - A cluster that has services, tasks or container instances is not deleted.
    type: str
    choices: [present, absent]
    default: present
  settings:
    description:
      - Settings of the cluster.
    type: dict
    suboptions:
      container_insights:
        description:
          - Whether CloudWatch Container Insights collects metrics, which cost money. Where left out at creation, the
            account's own default holds.
        type: str
        choices: [disabled, enabled, enhanced]
  capacity_providers:
    description:
      - Names of the capacity providers that services and tasks of the cluster may use, in any order. This is the whole
        list, an empty one takes all away. AWS takes none away that a task still uses.
      - Providers of Auto Scaling groups must exist already.
    type: list
    elements: str
  default_capacity_provider_strategy:
    description:
      - Where tasks and services run that say nothing themselves. This is the whole list, in any order.
      - Its providers must be among those of the cluster.
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: Name of the capacity provider.
        type: str
        required: true
      weight:
        description:
          - Share of the tasks beyond the bases, 0 to 1000.
        type: int
        default: 1
      base:
        description:
          - How many tasks run here at least; one provider may have a base.
        type: int
        default: 0
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the cluster that hosts register in
  central.llm.ecs_cluster:
    name: central-llm-service-cluster
    settings:
      container_insights: disabled
    tags:
      central-llm:stack: central-llm

- name: Delete it
  central.llm.ecs_cluster:
    name: central-llm-service-cluster
    state: absent
"""

RETURN = r"""
cluster:
  description: The cluster as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the cluster.
      type: str
      returned: when it exists
      sample: arn:aws:ecs:eu-central-1:123456789012:cluster/central-llm-service-cluster
    name:
      description: Name of the cluster.
      type: str
      sample: central-llm-service-cluster
    status:
      description: Status of the cluster.
      type: str
      returned: when it exists
      sample: ACTIVE
    registered_container_instances:
      description: How many container instances are registered.
      type: int
      returned: when it exists
      sample: 1
    running_tasks:
      description: How many tasks run.
      type: int
      returned: when it exists
      sample: 1
    pending_tasks:
      description: How many tasks are about to run.
      type: int
      returned: when it exists
      sample: 0
    active_services:
      description: How many services are active.
      type: int
      returned: when it exists
      sample: 1
    settings:
      description: Settings of the cluster, with the key C(container_insights).
      type: dict
      returned: when it exists
      sample: {"container_insights": "disabled"}
    capacity_providers:
      description: Names of the capacity providers, sorted.
      type: list
      elements: str
      sample: []
    default_capacity_provider_strategy:
      description: Where tasks run that say nothing themselves, sorted by name.
      type: list
      elements: dict
      sample: []
    tags:
      description: Tags of the cluster.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ecs import api, capacity, transformations, waiters
from ansible_collections.central.llm.plugins.module_utils._ecs.service_options import STRATEGY_ITEM
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# What keeps AWS from deleting a cluster, and what the cluster is doing rather than what it is.
_INHABITANTS = {
    "active_services": "services",
    "registered_container_instances": "container instances",
    "running_tasks": "running tasks",
    "pending_tasks": "pending tasks",
}
_OBSERVED = ("status", *_INHABITANTS)
_PROVIDERS: Resource = {"capacity_providers": [], "default_capacity_provider_strategy": []}


def describe(client: t.Any, name: str) -> Resource | None:
    """The cluster in the shape that this module returns."""
    found = api.find_cluster(client, name)
    return transformations.cluster(found) if found else None


def aws_settings(settings: Resource) -> list[dict[str, str]]:
    value = settings.get("container_insights")
    return [{"name": "containerInsights", "value": value}] if value else []


def wanted_providers(options: Resource) -> Resource:
    """The capacity options that are given, in the order in which they are returned."""
    desired = given({option: options[option] for option in _PROVIDERS})
    keys = {"default_capacity_provider_strategy": capacity.by_name}
    return {option: sorted(value, key=keys.get(option)) for option, value in desired.items()}


def validate(options: Resource, before: Resource | None) -> None:
    capacity.validate_strategy("default_capacity_provider_strategy", options["default_capacity_provider_strategy"])
    after = {**(before or _PROVIDERS), **wanted_providers(options)}
    used = {one["capacity_provider"] for one in after["default_capacity_provider_strategy"]}
    astray = sorted(used - set(after["capacity_providers"]))
    if astray:
        raise InvalidInput(
            f"default_capacity_provider_strategy: {', '.join(astray)} would be none of the cluster's providers "
            f"({', '.join(after['capacity_providers']) or 'there are none'}). Name it in capacity_providers, too, or "
            "give another strategy."
        )


def create(client: t.Any, after: Resource, settings: Resource) -> None:
    request = {
        "clusterName": after["name"],
        "settings": aws_settings(settings) or None,
        "capacityProviders": after["capacity_providers"] or None,
        "defaultCapacityProviderStrategy": capacity.as_aws(after["default_capacity_provider_strategy"]) or None,
        "tags": api.tag_list(after["tags"]) or None,
    }
    api.create_cluster(client, request=given(request))


def put_providers(client: t.Any, after: Resource, options: Resource) -> None:
    strategy = capacity.as_aws(after["default_capacity_provider_strategy"])
    api.put_capacity_providers(client, after["name"], after["capacity_providers"], strategy)
    if options["wait"]:
        waiters.wait_until_attached(client, after["name"], options["wait_timeout"])


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name, settings, providers = options["name"], given(options["settings"] or {}), wanted_providers(options)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        # What is not asked for follows the account's default, which cannot be foretold.
        managed = {"settings": settings} if settings else {}
        after = {"name": name, **managed, **_PROVIDERS, **providers, "tags": tags.after}
        if check_mode:
            return True, after
        create(client, after, settings)
        return True, describe(client, name) or after

    changes, moved = differing(settings, before["settings"]), differing(providers, before)
    after = {**before, "settings": {**before["settings"], **changes}, **moved, "tags": tags.after}
    if not check_mode:
        if changes:
            api.update_cluster(client, name, aws_settings(changes))
        if moved:
            put_providers(client, after, options)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or moved or tags.changes), after


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    left = [f"{before[count]} {what}" for count, what in _INHABITANTS.items() if before[count]]
    if left:
        raise InvalidInput(
            f"The cluster {before['name']} cannot be deleted while it has {', '.join(left)}. "
            "Delete its services, stop its tasks, and terminate or deregister its container instances first."
        )
    if not check_mode:
        api.delete_cluster(client, before["name"])
    return True, None


def main() -> None:
    container_insights = {"type": "str", "choices": ["disabled", "enabled", "enhanced"]}
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "settings": {"type": "dict", "options": {"container_insights": container_insights}},
            "capacity_providers": {"type": "list", "elements": "str"},
            "default_capacity_provider_strategy": {"type": "list", "elements": "dict", "options": STRATEGY_ITEM},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        transformations.validate_name(module.params["name"], "cluster")
        client = module.client("ecs")
        before = describe(client, module.params["name"])
        after: Resource | None
        if module.params["state"] == "present":
            validate(module.params, before)
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("cluster", changed=changed, before=before, after=after, observed=_OBSERVED)


if __name__ == "__main__":
    main()
