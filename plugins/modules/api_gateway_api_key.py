#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_api_key
version_added: 0.1.0
short_description: Manage an API key of API Gateway
description:
  - Creates, changes and deletes an API key of REST APIs. Only the options that are given are managed.
  - The value of a key, its secret, is made by API Gateway when the key is created and cannot be changed afterwards.
    It is returned only with O(return_value=true), and never part of a difference.
  - A key opens nothing until it is attached to a usage plan, see M(central.llm.api_gateway_usage_plan).
  - "AWS references: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html)
    and U(https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateApiKey-Patch)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the key. Names are not unique in API Gateway; when several keys have it, the module fails and
        lists them, and O(id) says which one is meant.
      - Together with O(id), the key is renamed if it has another name.
      - At least one of O(name) and O(id) is needed.
    type: str
  id:
    description:
      - The id of a key that exists. It wins over O(name).
    type: str
  state:
    description:
      - V(present) creates or changes the key.
      - V(absent) deletes it. Clients that use it are refused from then on, and the value cannot be had again. To test
        whether anybody still uses a key, disable it first (O(enabled=false)).
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the key is for. An empty string removes the description.
    type: str
  enabled:
    description:
      - Whether the key is accepted. A new key is enabled unless V(false) is given.
    type: bool
  customer_id:
    description:
      - The id of the customer in AWS Marketplace. An empty string removes it.
    type: str
  value:
    description:
      - The value of a new key, 20 to 128 characters, different from that of any other key. AWS advises to leave it out
        and to let API Gateway make one.
      - AWS cannot change the value of a key. For a key that exists, the value is compared, and another one is refused.
        To change it, rotate. Create a new key, attach it to the usage plan, let the clients switch over, then disable
        and at last delete the old one.
    type: str
  return_value:
    description:
      - Whether to return the key's value as RV(value). Set C(no_log=true) on such a task, and on every later one that
        shows it.
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
- name: Make a key for the clients of the analytics team
  central.llm.api_gateway_api_key:
    name: central-llm-analytics
    description: Analytics team
    tags:
      central-llm:stack: central-llm
      central-llm:client: analytics
  register: created

- name: Read the value of the key, without showing it
  central.llm.api_gateway_api_key:
    id: "{{ created.api_key.id }}"
    return_value: true
  register: secret
  no_log: true

- name: Refuse the key, so that it can be accepted again
  central.llm.api_gateway_api_key:
    name: central-llm-analytics
    enabled: false

- name: Delete the key
  central.llm.api_gateway_api_key:
    name: central-llm-analytics
    state: absent
"""

RETURN = r"""
api_key:
  description: The API key as it is after the run, without its value; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the key. It is no secret.
      type: str
      returned: when it exists; check mode cannot foretell the id of a new key
      sample: a1b2c3d4e5
    name:
      description: Name of the key.
      type: str
      sample: central-llm-analytics
    description:
      description: Description of the key, empty for none.
      type: str
      sample: Analytics team
    enabled:
      description: Whether the key is accepted.
      type: bool
      sample: true
    customer_id:
      description: Id of the customer in AWS Marketplace, empty for none.
      type: str
      sample: ""
    created_date:
      description: When the key was created, in ISO 8601.
      type: str
      returned: when it exists; check mode cannot foretell the date of a new key
      sample: "2026-11-23T10:15:00+00:00"
    stage_keys:
      description: Stages that the key was tied to in the way that AWS had before usage plans.
      type: list
      elements: str
      sample: []
    tags:
      description: Tags of the key.
      type: dict
      sample: {"central-llm:client": "analytics"}
value:
  description:
    - The value of the key. Hidden by Ansible when it was given as O(value).
  returned: with O(return_value=true), when the key exists
  type: str
  sample: (a secret of 40 letters and digits)
"""

import hmac
import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import api_keys as api
from ansible_collections.central.llm.plugins.module_utils._apigateway import finding
from ansible_collections.central.llm.plugins.module_utils._apigateway.patch import replacements
from ansible_collections.central.llm.plugins.module_utils._apigateway.tags import arn_of, validate_tags, write_tags
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

KIND = "API key"
# What can be changed, and what a new key has where nothing is given.
MEMBERS = {"name": "name", "description": "description", "enabled": "enabled", "customer_id": "customerId"}
NEW = {"description": "", "enabled": True, "customer_id": ""}


def describe(key: t.Mapping[str, t.Any] | None) -> Resource | None:
    return api.as_resource(key) if key else None


def find(client: t.Any, options: Resource) -> Resource | None:
    def summary(key: Resource) -> str:
        enabled = "enabled" if key.get("enabled") else "disabled"
        return f"{key['id']} ({enabled}, created {key.get('createdDate')}, tags {key.get('tags') or {}})"

    return describe(
        finding.locate(
            KIND,
            options,
            by_id=lambda key_id: api.find_api_key(client, key_id),
            by_name=lambda name: api.list_api_keys(client, name),
            summary=summary,
        )
    )


def validate(options: Resource) -> None:
    finding.check_name(KIND, options["name"])
    validate_tags(options["tags"])
    length = len(options["value"]) if options["value"] is not None else None
    if length is not None and not 20 <= length <= 128:
        raise InvalidInput(f"value has {length} characters; API Gateway takes 20 to 128.")


def check_value(client: t.Any, before: Resource, value: str) -> None:
    if not hmac.compare_digest(api.read_value(client, before["id"]).encode(), value.encode()):
        raise InvalidInput(
            f"The API key {before['id']} ({before['name']}) has another value, and AWS cannot change the value of a "
            "key. Leave value out to keep it. To change it, rotate: create a new key, attach it to the usage plan, let "
            "the clients switch over, then disable and at last delete the old one."
        )


def create(client: t.Any, after: Resource, value: str | None) -> tuple[Resource, str | None]:
    """The new key, and the value that it was given or that API Gateway made, as far as the answer holds it."""
    request = {member: after[option] for option, member in MEMBERS.items() if after[option] != ""}
    created = api.create_api_key(client, request=given({**request, "value": value, "tags": after["tags"] or None}))
    return t.cast(Resource, describe(created)), created.get("value")


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource, str | None]:
    """Whether something changed, the key, and its value where that is at hand."""
    desired = given({option: options[option] for option in MEMBERS})
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        after = {**NEW, **desired, "stage_keys": [], "tags": tags.after}
        return (True, after, None) if check_mode else (True, *create(client, after, options["value"]))

    if options["value"] is not None:
        check_value(client, before, options["value"])
    changes = differing(desired, before)
    if not check_mode:
        if changes:
            api.update_api_key(client, before["id"], replacements(changes, MEMBERS))
        write_tags(client, arn_of(client, "apikeys", before["id"]), tags)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}, None


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_api_key(client, before["id"])
    return True, None


def run(module: CollectionModule) -> None:
    options = module.params
    validate(options)
    client = module.client("apigateway")
    before = find(client, options)
    after: Resource | None
    value: str | None = None
    if options["state"] == "present":
        changed, after, value = ensure_present(client, before, options, check_mode=module.check_mode)
    else:
        before = module.removable(before)
        changed, after = ensure_absent(client, before, check_mode=module.check_mode)
    returned = {}
    if options["return_value"] and after and "id" in after:
        returned["value"] = value or api.read_value(client, after["id"])
    module.exit_with("api_key", changed=changed, before=before, after=after, **returned)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "enabled": {"type": "bool"},
            "customer_id": {"type": "str"},
            "value": {"type": "str", "no_log": True},
            "return_value": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        run(module)


if __name__ == "__main__":
    main()
