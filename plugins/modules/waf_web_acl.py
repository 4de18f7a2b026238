#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: waf_web_acl
version_added: 0.1.0
short_description: Manage a web ACL of AWS WAF and what it protects
description:
  - Creates, changes and deletes a web ACL of the scope REGIONAL, and protects stages of API Gateway with it. Only the
    options that are given are managed; what a web ACL has beyond them stays.
  - A web ACL comes before everything else that API Gateway asks of a request, its key and its resource policy included.
  - "AWS reference: U(https://docs.aws.amazon.com/waf/latest/APIReference/API_WebACL.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the web ACL, at most 128 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the web ACL.
      - V(absent) ends the protection of all stages of API Gateway that have it, and deletes it.
    type: str
    choices: [present, absent]
    default: present
  default_action:
    description:
      - What becomes of a request that no rule decides on.
      - Left out, a new web ACL lets it through.
    type: str
    choices: [allow, block]
  rules:
    description:
      - All rules, as C(CreateWebACL) takes them, with C(Name), C(Priority), C(Statement) and C(Action), or
        C(OverrideAction) for a group of rules. The rule with the lowest priority is asked first.
      - C(VisibilityConfig) may be left out; it then has metrics under the rule's name, and samples as
        O(sampled_requests) says.
      - C(SearchString) is the text itself, or C(base64:) followed by the Base64 of what is no text.
    type: list
    elements: dict
  sampled_requests:
    description:
      - Whether AWS keeps samples of requests for three hours. They have the requests' headers, API keys among them.
    type: bool
    default: false
  description:
    description:
      - What the web ACL is for, at most 256 characters.
    type: str
  resources:
    description:
      - ARNs of stages of API Gateway that it protects, such as
        V(arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod). A stage has one web ACL at most, which
        this one takes the place of.
      - In check mode an empty string stands for a stage that is yet to be made.
    type: list
    elements: str
  purge_resources:
    description:
      - Whether stages that are not in O(resources) are protected no more.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait for AWS to spread what was just made, or to let go of what was in use.
    type: int
    default: 300
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let no address ask more than 2000 times in five minutes
  central.llm.waf_web_acl:
    name: central-llm
    rules:
      - Name: rate
        Priority: 1
        Statement:
          RateBasedStatement: {Limit: 2000, AggregateKeyType: IP}
        Action: {Block: {}}
    resources:
      - arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod
"""

RETURN = r"""
web_acl:
  description: The web ACL as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the web ACL.
      type: str
      returned: when it exists
      sample: arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/central-llm/a1b2
    id:
      description: Id of the web ACL.
      type: str
      returned: when it exists
      sample: 2f0c1a3e-7d55-4a3b-9d0e-1f2a3b4c5d6e
    name:
      description: Name of the web ACL.
      type: str
      sample: central-llm
    description:
      description: What it is for.
      type: str
      sample: Protects central-llm
    default_action:
      description: What becomes of a request that no rule decides on.
      type: str
      sample: allow
    rules:
      description: The rules in the order in which they are asked, in AWS's own words.
      type: list
      elements: dict
      sample: [{"Name": "rate", "Priority": 1, "Action": {"Block": {}}}]
    resources:
      description: ARNs of the stages that it protects, sorted.
      type: list
      elements: str
      sample: ["arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"]
    tags:
      description: Tags of the web ACL.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._wafv2 import api
from ansible_collections.central.llm.plugins.module_utils._wafv2.web_acl import (
    SETTINGS,
    as_sent,
    check,
    normal,
    visibility,
)

STAGE = re.compile(r"arn:[\w-]+:apigateway:[\w-]+::/restapis/\w+/stages/[\w-]+")


def describe(client: t.Any, found: api.Found | None, options: Resource) -> Resource | None:
    """The web ACL in the shape that this module returns."""
    if found is None:
        return None
    item, _token = found
    resources, tags = at_once(
        lambda: api.list_resources(client, item["ARN"]), lambda: api.list_tags(client, item["ARN"])
    )
    return {
        "arn": item["ARN"],
        "id": item["Id"],
        "name": item["Name"],
        "description": item.get("Description", ""),
        "default_action": next(iter(item["DefaultAction"]), "").lower(),
        "rules": normal(item.get("Rules", []), sampled=options["sampled_requests"]),
        "resources": sorted(resources),
        "tags": tags,
    }


def validate(module: CollectionModule) -> None:
    options = module.params
    check(options["rules"] or [])
    for arn in options["resources"] or []:
        if not STAGE.fullmatch(arn) and not (module.check_mode and not arn):
            raise InvalidInput(f"resources: {arn!r} is no ARN of a stage of API Gateway.")


def request_of(name: str, current: t.Mapping[str, t.Any], desired: Resource, *, sampled: bool) -> Resource:
    """All that a web ACL is made of: what is not managed is sent again as it is."""
    request = {key: current[key] for key in SETTINGS if current.get(key) not in (None, "")}
    request.setdefault("DefaultAction", {"Allow": {}})
    request.setdefault("VisibilityConfig", visibility(name, sampled=sampled))
    # One that is as it should be may say more, such as a header or a page of its own.
    action = desired.get("default_action", "")
    if action and next(iter(request["DefaultAction"])).lower() != action:
        request["DefaultAction"] = {action.capitalize(): {}}
    if "rules" in desired:
        request["Rules"] = as_sent(desired["rules"])
    if "description" in desired:
        request.pop("Description", None)
        request |= given({"Description": desired["description"] or None})
    return {"Name": name, **request}


def protect(client: t.Any, arn: str, before: t.Collection[str], after: t.Collection[str], timeout: int) -> None:
    for resource in sorted(set(after) - set(before)):
        api.associate(client, arn, resource, timeout)
    for resource in sorted(set(before) - set(after)):
        api.disassociate(client, resource)


def update(client: t.Any, found: api.Found, changes: Resource, options: Resource) -> None:
    item, token = found
    request = request_of(item["Name"], item, changes, sampled=options["sampled_requests"])
    try:
        api.update_acl(client, {**request, "Id": item["Id"], "LockToken": token}, options["wait_timeout"])
    except AwsCallError:
        # The token of an attempt that AWS carried out, and whose answer got lost, is spent.
        now = describe(client, api.find_acl(client, item["Name"]), options)
        if now is None or differing(changes, now):
            raise


def ensure_present(
    client: t.Any, found: api.Found | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource]:
    before = describe(client, found, options)
    sampled = options["sampled_requests"]
    rules = normal(options["rules"], sampled=sampled) if options["rules"] is not None else None
    desired = given(
        {"description": options["description"], "default_action": options["default_action"], "rules": rules}
    )
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    protected = before["resources"] if before else []
    wanted = sorted(options["resources"] or [])
    kept = [] if options["purge_resources"] and options["resources"] is not None else protected
    resources = sorted({*kept, *wanted})
    name, timeout = options["name"], options["wait_timeout"]
    if before is None or found is None:
        after = {"name": name, "description": "", "default_action": "allow", "rules": [], **desired}
        if check_mode:
            return True, None, {**after, "resources": resources, "tags": tags.after}
        request = request_of(name, {}, desired, sampled=sampled)
        api.create_acl(client, {**request, **given({"Tags": api.as_list(tags.after) or None})}, timeout)
        found = api.find_acl(client, name)
        if found is None:
            raise AwsCallError(message=f"The web ACL {name} was made, and is not there. Run again.", exception=None)
        protect(client, found[0]["ARN"], [], resources, timeout)
        return True, None, describe(client, found, options) or after
    changes = differing(desired, before)
    if not check_mode:
        if changes:
            update(client, found, changes, options)
        protect(client, before["arn"], protected, resources, timeout)
        api.write_tags(client, before["arn"], tags)
    changed = bool(changes or tags.changes or resources != protected)
    return changed, before, {**before, **changes, "resources": resources, "tags": tags.after}


def remove(client: t.Any, found: api.Found, before: Resource, timeout: int) -> None:
    protect(client, before["arn"], before["resources"], [], timeout)
    api.delete_acl(client, found, timeout)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "default_action": {"type": "str", "choices": ["allow", "block"]},
            "rules": {"type": "list", "elements": "dict"},
            "sampled_requests": {"type": "bool", "default": False},
            "description": {"type": "str"},
            "resources": {"type": "list", "elements": "str"},
            "purge_resources": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module)
        options = module.params
        client = module.client("wafv2")
        found = api.find_acl(client, options["name"])
        after: Resource | None = None
        if options["state"] == "present":
            changed, before, after = ensure_present(client, found, options, check_mode=module.check_mode)
        else:
            before = module.removable(describe(client, found, options))
            changed = before is not None
            if before and found and not module.check_mode:
                remove(client, found, before, options["wait_timeout"])
        module.exit_with("web_acl", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
