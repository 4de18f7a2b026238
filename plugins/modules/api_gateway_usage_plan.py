#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_usage_plan
version_added: 0.1.0
short_description: Manage a usage plan of API Gateway
description:
  - Creates, changes and deletes a usage plan of REST APIs, with its throttle, quota, API stages and attached API keys.
    Only the options that are given are managed.
  - Throttle and quota count for each API key by itself, not for all keys of the plan together, and AWS applies both on
    a best-effort basis. They are targets, not a guard of costs.
  - "AWS references: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html)
    and U(https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateUsagePlan.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the plan. Names are not unique in API Gateway; when several plans have it, the module fails and
        lists them, and O(id) says which one is meant.
      - Together with O(id), the plan is renamed if it has another name.
      - At least one of O(name) and O(id) is needed.
    type: str
  id:
    description:
      - The id of a plan that exists. It wins over O(name).
    type: str
  state:
    description:
      - V(present) creates or changes the plan.
      - V(absent) takes the plan off all its API stages, which AWS demands first, and deletes it. The API keys that
        were attached stay, but open these stages no longer.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the plan is for. An empty string removes the description.
    type: str
  throttle:
    description:
      - The rate at which each key may send requests, over all stages of the plan.
      - A limit that is left out keeps its value. When the plan has no throttle yet, both limits are needed.
      - An empty dictionary removes the throttle.
    type: dict
    suboptions:
      rate_limit:
        description:
          - Requests per second in the long run, more than 0, fractions allowed.
        type: float
      burst_limit:
        description:
          - How many requests may come at once, at least 1. The size of the token bucket.
        type: int
  quota:
    description:
      - How many requests each key may send in a period.
      - A member that is left out keeps its value. When the plan has no quota yet, O(quota.limit) and O(quota.period)
        are needed.
      - An empty dictionary removes the quota.
    type: dict
    suboptions:
      limit:
        description:
          - Requests in a period, at least 1.
        type: int
      offset:
        description:
          - The day on which the period starts, counted from 0. V(0) with V(DAY), up to V(6) with V(WEEK) and up to
            V(27) with V(MONTH).
          - V(0) when the plan has no quota yet.
        type: int
      period:
        description:
          - The period after which the count starts anew.
        type: str
        choices: [DAY, WEEK, MONTH]
  api_stages:
    description:
      - The stages that the plan opens to its keys. AWS refuses a stage that does not exist.
    type: list
    elements: dict
    suboptions:
      api_id:
        description:
          - The id of the REST API.
        type: str
        required: true
      stage:
        description:
          - The name of the stage.
        type: str
        required: true
      throttle:
        description:
          - Limits of single methods, below those of the plan. The list is complete. Methods that are not in it lose
            their own limits, an empty list removes all. Left out, they are left alone.
        type: list
        elements: dict
        suboptions:
          path:
            description:
              - The path of the resource, like V(/v1/chat/completions).
            type: str
            required: true
          method:
            description:
              - The HTTP method of the resource.
            type: str
            choices: [ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT]
            required: true
          rate_limit:
            description:
              - Requests per second and key, more than 0, fractions allowed. Needed for a method without limits yet.
            type: float
          burst_limit:
            description:
              - How many requests of a key may come at once, at least 1. Needed for a method without limits yet.
            type: int
  purge_api_stages:
    description:
      - Whether stages that are not in O(api_stages) are taken off the plan. V(true) with an empty list takes off all.
    type: bool
    default: false
  product_code:
    description:
      - The product code of AWS Marketplace. An empty string removes it.
    type: str
  keys:
    description:
      - The ids of the API keys that are attached to the plan.
      - A key can be in at most one plan of a stage. A key that is in another plan of one of the stages is refused
        before anything is written.
      - In check mode an empty one stands for a key that the run is yet to make.
    type: list
    elements: str
  detach_keys:
    description:
      - The ids of API keys that leave the plan where they are in it.
    type: list
    elements: str
  purge_keys:
    description:
      - Whether keys that are not in O(keys) are detached. V(true) with an empty list detaches all.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let each key send 5 requests per second, 10 at once, 5000 a day
  central.llm.api_gateway_usage_plan:
    name: central-llm-usage-plan
    throttle:
      rate_limit: 5
      burst_limit: 10
    quota:
      limit: 5000
      period: DAY
    api_stages:
      - api_id: "{{ rest_api.id }}"
        stage: prod
    keys:
      - "{{ api_key.id }}"
    tags:
      central-llm:stack: central-llm

- name: Let completions through more slowly than the rest
  central.llm.api_gateway_usage_plan:
    name: central-llm-usage-plan
    api_stages:
      - api_id: "{{ rest_api.id }}"
        stage: prod
        throttle:
          - path: /v1/chat/completions
            method: POST
            rate_limit: 0.5
            burst_limit: 2

- name: Remove the quota, leave the throttle as it is
  central.llm.api_gateway_usage_plan:
    name: central-llm-usage-plan
    quota: {}

- name: Delete the plan
  central.llm.api_gateway_usage_plan:
    name: central-llm-usage-plan
    state: absent
"""

RETURN = r"""
usage_plan:
  description: The usage plan as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the plan.
      type: str
      returned: when it exists; check mode cannot foretell the id of a new plan
      sample: flyode
    name:
      description: Name of the plan.
      type: str
      sample: central-llm-usage-plan
    description:
      description: Description of the plan, empty for none.
      type: str
      sample: ""
    throttle:
      description: Throttle of each key, empty for none.
      type: dict
      sample: {"rate_limit": 5.0, "burst_limit": 10}
    quota:
      description: Quota of each key, empty for none.
      type: dict
      sample: {"limit": 5000, "offset": 0, "period": "DAY"}
    api_stages:
      description: Stages of the plan, each with the limits of its methods.
      type: list
      elements: dict
      sample: [{"api_id": "xvbo5tab12", "stage": "prod", "throttle": []}]
    product_code:
      description: Product code of AWS Marketplace, empty for none.
      type: str
      sample: ""
    keys:
      description: Ids of the attached API keys.
      type: list
      elements: str
      sample: ["a1b2c3d4e5"]
    tags:
      description: Tags of the plan.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import finding, usage_plans
from ansible_collections.central.llm.plugins.module_utils._apigateway import usage_plan_model as model
from ansible_collections.central.llm.plugins.module_utils._apigateway import usage_plan_patch as patch
from ansible_collections.central.llm.plugins.module_utils._apigateway.tags import arn_of, validate_tags, write_tags
from ansible_collections.central.llm.plugins.module_utils._apigateway.usage_plan_keys import check_new_keys
from ansible_collections.central.llm.plugins.module_utils._compare import TagPlan, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

KIND = "usage plan"
METHODS = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def describe(client: t.Any, plan: t.Mapping[str, t.Any] | None) -> Resource | None:
    """The plan with its keys in the shape that this module returns."""
    return model.from_aws(plan, usage_plans.list_key_ids(client, plan["id"])) if plan else None


def find(client: t.Any, options: Resource) -> Resource | None:
    def summary(plan: Resource) -> str:
        return f"{plan['id']} ({plan.get('description') or 'no description'}, tags {plan.get('tags') or {}})"

    found = finding.locate(
        KIND,
        options,
        by_id=lambda plan_id: usage_plans.find_usage_plan(client, plan_id),
        by_name=lambda name: [plan for plan in usage_plans.list_usage_plans(client) if plan.get("name") == name],
        summary=summary,
    )
    return describe(client, found)


def create(client: t.Any, after: Resource) -> Resource:
    created = usage_plans.create_usage_plan(client, request=model.to_request(after))
    before = {**after, "product_code": ""}
    operations = patch.operations(before, after)
    if operations:
        usage_plans.update_usage_plan(client, created["id"], operations)
    for key_id in after["keys"]:
        usage_plans.attach_key(client, created["id"], key_id)
    return {"id": created["id"], **after}


def update(client: t.Any, before: Resource, after: Resource, keys: model.KeyPlan, tags: TagPlan) -> Resource:
    # A key that leaves makes room for a stage that it has in another plan, hence goes first.
    for key_id in keys.detach:
        usage_plans.detach_key(client, before["id"], key_id)
    operations = patch.operations(before, after)
    if operations:
        usage_plans.update_usage_plan(client, before["id"], operations)
    for key_id in keys.attach:
        usage_plans.attach_key(client, before["id"], key_id)
    write_tags(client, arn_of(client, "usageplans", before["id"]), tags)
    return after


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource, list[str]]:
    current = before or model.NEW
    wanted = model.merged(current, options)
    asked, purge, leaving = options["keys"], options["purge_keys"], options["detach_keys"] or []
    keys = model.plan_keys(current["keys"], asked, purge=purge, detach=leaving)
    tags = plan_tags(current["tags"], options["tags"], purge=options["purge_tags"])
    after = {**wanted, "keys": keys.after, "tags": tags.after}
    model.validate(options, after)
    warnings = check_new_keys(client, after, keys.attach, check_mode=check_mode)
    changed = after != current
    if not check_mode:
        after = update(client, before, after, keys, tags) if before else create(client, after)
    elif "" in keys.attach:
        del after["keys"]  # AWS's to choose
    return changed or before is None, after, warnings


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        if before["api_stages"]:
            usage_plans.update_usage_plan(client, before["id"], patch.operations(before, {**before, "api_stages": []}))
        usage_plans.delete_usage_plan(client, before["id"])
    return True, None


def argument_spec() -> dict[str, t.Any]:
    limits = {"rate_limit": {"type": "float"}, "burst_limit": {"type": "int"}}
    quota = {
        "limit": {"type": "int"},
        "offset": {"type": "int"},
        "period": {"type": "str", "choices": ["DAY", "WEEK", "MONTH"]},
    }
    method = {
        "path": {"type": "str", "required": True},
        "method": {"type": "str", "required": True, "choices": METHODS},
        **limits,
    }
    stage = {
        "api_id": {"type": "str", "required": True},
        "stage": {"type": "str", "required": True},
        "throttle": {"type": "list", "elements": "dict", "options": method},
    }
    return {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "description": {"type": "str"},
        "throttle": {"type": "dict", "options": limits},
        "quota": {"type": "dict", "options": quota},
        "api_stages": {"type": "list", "elements": "dict", "options": stage},
        "purge_api_stages": {"type": "bool", "default": False},
        "product_code": {"type": "str"},
        "keys": {"type": "list", "elements": "str", "no_log": False},
        "detach_keys": {"type": "list", "elements": "str", "no_log": False},
        "purge_keys": {"type": "bool", "default": False},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool", "default": False},
    }


def main() -> None:
    module = CollectionModule(argument_spec=argument_spec(), required_one_of=[("name", "id")], supports_check_mode=True)
    with module.failures_reported():
        finding.check_name(KIND, module.params["name"])
        validate_tags(module.params["tags"])
        client = module.client("apigateway")
        before = find(client, module.params)
        after: Resource | None
        if module.params["state"] == "present":
            changed, after, warnings = ensure_present(client, before, module.params, check_mode=module.check_mode)
            for warning in warnings:
                module.warn(warning)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("usage_plan", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
