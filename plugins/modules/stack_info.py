#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
version_added: 0.1.0
short_description: Look at all that a stack has
description:
  - Returns everything that bears the tag C(central-llm:stack) with the stack's name, of whichever service. Nothing is
    no error.
  - IAM's roles and instance profiles and CloudWatch's dashboards, which the Resource Groups Tagging API does not find
    in a stack's Region, are looked for by their names, which begin with the stack's and a hyphen, and returned where
    they bear the tag.
  - Schedules cannot bear tags. They are returned where their names begin with the stack's and C(-lease-).
  - "AWS reference: U(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  stack:
    description:
      - Name of the stack; up to 57 letters, digits, C(.), C(_) and C(-).
    type: str
    required: true
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - What AWS answers lags behind. A resource that was deleted may be listed for minutes or hours, one that was just made
    or tagged may be missing. So this says what a stack is made of, and never by itself that something is gone or there
    or running; for that, ask the resource's own service. See U(https://github.com/boto/boto3/issues/3341).
  - An instance that has ended is listed for about an hour or longer; a task definition that was deregistered and a
    secret that waits for its deletion are listed, too.
  - Not found is what bears no tags of its own (such as subscriptions, log streams, metric filters, images in a
    repository), what bears another stack's or none, and a role, a dashboard or a schedule whose name begins otherwise.
  - The caller needs C(tag:GetResources), C(iam:ListRoles), C(iam:ListInstanceProfiles), C(cloudwatch:ListDashboards)
    and C(scheduler:ListSchedules) and, for what these find, C(iam:ListRoleTags), C(iam:ListInstanceProfileTags) and
    C(cloudwatch:ListTagsForResource). C(tag:GetResources) cannot be restricted to resources, see
    U(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html).
  - What the tagging API finds, and that IAM's roles are not among it, is in
    U(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html).
"""

EXAMPLES = r"""
- name: Look at a stack
  central.llm.stack_info:
    stack: central-llm
  register: whole

- name: Show the names of its log groups
  ansible.builtin.debug:
    msg: "{{ whole.resources | selectattr('type', 'eq', 'log-group') | map(attribute='id') }}"
"""

RETURN = r"""
resources:
  description: All that was found, by ARN.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: ARN of the resource.
      type: str
      sample: arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0b8a26869769bfb4c
    service:
      description: The service that it belongs to, as in the ARN.
      type: str
      sample: ec2
    type:
      description:
        - Its type, as in the ARN. What the ARNs of three services do not name is V(bucket), V(topic) or V(queue).
        - Of API Gateway, the last collection in its path, such as V(restapis), V(stages) or V(vpclinks).
      type: str
      sample: security-group
    id:
      description:
        - What follows in the ARN, such as an id, a name, or a name with what it belongs to.
        - Of a stage, the id of the API and the stage's name; of AWS WAF, name and id.
      type: str
      sample: sg-0b8a26869769bfb4c
    tags:
      description: Its tags; empty where it was found by its name.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
    found_by:
      description: V(tag), or V(name) where it cannot bear tags.
      type: str
      sample: tag
"""

import functools
import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._cloudwatch import api as cloudwatch_api
from ansible_collections.central.llm.plugins.module_utils._cloudwatch import listing as dashboards
from ansible_collections.central.llm.plugins.module_utils._ec2.leftovers import STACK_TAG
from ansible_collections.central.llm.plugins.module_utils._iam import listing as identities
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._scheduler import listing as schedules
from ansible_collections.central.llm.plugins.module_utils._tagging import api
from ansible_collections.central.llm.plugins.module_utils._tagging.arns import named

Tags = dict[str, dict[str, str]]

# What the names of roles are made of, and of schedules, whose prefix AWS takes up to 64 characters long.
_STACK = re.compile(r"[0-9A-Za-z._-]{1,57}\Z")


class Clients(t.NamedTuple):
    tagging: t.Any
    iam: t.Any
    cloudwatch: t.Any
    scheduler: t.Any


def identities_named(client: t.Any, prefix: str) -> Tags:
    """The tags of roles and instance profiles, by ARN."""
    roles, profiles = at_once(
        lambda: identities.list_roles(client, prefix), lambda: identities.list_profiles(client, prefix)
    )
    tags = at_once(
        *(functools.partial(identities.role_tags, client, name) for name in roles),
        *(functools.partial(identities.profile_tags, client, name) for name in profiles),
    )
    return dict(zip([*roles.values(), *profiles.values()], tags, strict=True))


def dashboards_named(client: t.Any, prefix: str) -> Tags:
    """The tags of dashboards, by ARN."""
    arns = dashboards.list_dashboards(client, prefix)
    tags = at_once(*(functools.partial(cloudwatch_api.list_tags, client, arn) for arn in arns))
    return dict(zip(arns, tags, strict=True))


def shown(arn: str, tags: dict[str, str], found_by: str) -> Resource:
    return {"arn": arn, **named(arn)._asdict(), "tags": tags, "found_by": found_by}


def look(clients: Clients, stack: str) -> list[Resource]:
    tagged, iam, boards, planned = at_once(
        lambda: api.tagged(clients.tagging, STACK_TAG, stack),
        lambda: identities_named(clients.iam, f"{stack}-"),
        lambda: dashboards_named(clients.cloudwatch, f"{stack}-"),
        # As llm_lease names them; with the stack's name alone another stack's may begin, and they bear no tags.
        lambda: schedules.list_schedules(clients.scheduler, f"{stack}-lease-"),
    )
    # The names are no proof: another stack's may begin with this one's. Where the tagging API finds some of these
    # after all, as in the Region of what is global, they are the same.
    ours = {arn: tags for arn, tags in {**iam, **boards}.items() if tags.get(STACK_TAG) == stack}
    found = [shown(arn, tags, "tag") for arn, tags in {**ours, **tagged}.items()]
    found += [shown(each["Arn"], {}, "name") for each in planned]
    return sorted(found, key=lambda one: one["arn"])


def main() -> None:
    module = CollectionModule(argument_spec={"stack": {"type": "str", "required": True}}, supports_check_mode=True)
    with module.failures_reported():
        stack = module.params["stack"]
        if not _STACK.match(stack):
            raise InvalidInput(f"stack: {stack!r} is not 1 to 57 letters, digits, '.', '_' and '-'.")
        clients = Clients(
            module.client("resourcegroupstaggingapi"),
            module.client("iam"),
            module.client("cloudwatch"),
            module.client("scheduler"),
        )
        module.exit_json(changed=False, resources=look(clients, stack))


if __name__ == "__main__":
    main()
