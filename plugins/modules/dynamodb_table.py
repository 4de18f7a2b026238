#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamodb_table
version_added: 0.1.0
short_description: Manage a DynamoDB table
description:
  - Creates, changes and deletes a table that is paid by request. Only the options that are given are managed.
  - The key of a table cannot be changed. A table of this name with another key is an error, never replaced.
  - "AWS reference: U(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the table, 3 to 255 letters, digits, C(_), C(.) and C(-).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the table. V(absent) deletes it with all its items.
      - A table under deletion protection is only deleted together with O(deletion_protection=false).
    type: str
    choices: [present, absent]
    default: present
  partition_key:
    description:
      - The partition key. Required to create a table.
    type: dict
    suboptions:
      name:
        description:
          - Name of the attribute.
        type: str
        required: true
      type:
        description:
          - Type of the attribute, V(S) string, V(N) number or V(B) binary.
        type: str
        choices: [S, N, B]
        default: S
  sort_key:
    description:
      - The sort key. Left out beside O(partition_key), the table has none.
    type: dict
    suboptions:
      name:
        description:
          - Name of the attribute.
        type: str
        required: true
      type:
        description:
          - Type of the attribute, V(S) string, V(N) number or V(B) binary.
        type: str
        choices: [S, N, B]
        default: S
  billing:
    description:
      - How reads and writes are paid. A new table is V(PAY_PER_REQUEST) anyway, a provisioned one is changed to it.
    type: str
    choices: [PAY_PER_REQUEST]
  ttl_attribute:
    description:
      - Attribute with the time at which an item expires, in seconds since the epoch. An empty string turns expiry off.
      - AWS deletes expired items within days, and takes a change only once an hour.
    type: str
  point_in_time_recovery:
    description:
      - Whether the table can be restored to any second of the last 35 days, at a charge.
    type: bool
  deletion_protection:
    description:
      - Whether the table is protected from being deleted.
      - With O(state=absent), V(false) turns a protection off that is on; without it a protected table is not deleted.
    type: bool
  indexes:
    description:
      - Global secondary indexes. One that exists cannot be changed; another key under its name is an error.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the index.
        type: str
        required: true
      partition_key:
        description:
          - Its partition key, as that of the table.
        type: dict
        required: true
        suboptions: &key
          name:
            description:
              - Name of the attribute.
            type: str
            required: true
          type:
            description:
              - Type of the attribute, V(S) string, V(N) number or V(B) binary.
            type: str
            choices: [S, N, B]
            default: S
      sort_key:
        description:
          - Its sort key; left out, it has none.
        type: dict
        suboptions: *key
      projection:
        description:
          - What of an item it holds, all attributes or the keys.
        type: str
        choices: [ALL, KEYS_ONLY]
        default: ALL
  purge_indexes:
    description:
      - Whether indexes that O(indexes) does not name are deleted. Only where O(indexes) is given.
    type: bool
    default: false
  kms_key_arn:
    description:
      - ARN of the KMS key that encrypts the table, not of an alias. An empty string returns to a key that AWS owns.
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
- name: Keep the memory of the stack
  central.llm.dynamodb_table:
    name: central-llm-state
    partition_key:
      name: pk
      type: S
    ttl_attribute: expires_at
    deletion_protection: true
    tags:
      central-llm:stack: central-llm

- name: Delete the table, although it is protected
  central.llm.dynamodb_table:
    name: central-llm-state
    state: absent
    deletion_protection: false
"""

RETURN = r"""
table:
  description: The table as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the table.
      type: str
      returned: when it exists
      sample: arn:aws:dynamodb:eu-central-1:123456789012:table/central-llm-state
    name:
      description: Name of the table.
      type: str
      sample: central-llm-state
    status:
      description: Status of the table.
      type: str
      returned: when it exists
      sample: ACTIVE
    partition_key:
      description: Name and type of the partition key.
      type: dict
      sample: {"name": "pk", "type": "S"}
    sort_key:
      description: Name and type of the sort key, empty where there is none.
      type: dict
      sample: {}
    billing:
      description: How reads and writes are paid.
      type: str
      sample: PAY_PER_REQUEST
    ttl_attribute:
      description: Attribute by which items expire, empty where they do not.
      type: str
      sample: expires_at
    point_in_time_recovery:
      description: Whether the table can be restored to a point in time.
      type: bool
      sample: false
    deletion_protection:
      description: Whether the table is protected from being deleted.
      type: bool
      sample: true
    kms_key_arn:
      description: ARN of the key that encrypts the table, empty for one that AWS owns.
      type: str
      sample: ""
    indexes:
      description: Its global secondary indexes, as the option of this name, by name.
      type: list
      elements: dict
      sample: [{name: by-user, partition_key: {name: user, type: S}, sort_key: {name: at, type: S}, projection: ALL}]
    tags:
      description: Tags of the table.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._dynamodb import api, index_changes
from ansible_collections.central.llm.plugins.module_utils._dynamodb.indexes import plan as plan_indexes
from ansible_collections.central.llm.plugins.module_utils._dynamodb.table import (
    create_request,
    encryption,
    validate,
    validate_change,
    validate_indexes,
)
from ansible_collections.central.llm.plugins.module_utils._dynamodb.table import describe as in_our_shape
from ansible_collections.central.llm.plugins.module_utils._dynamodb.waiters import wait_active, wait_backups, wait_gone
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_NEW = {
    "billing": "PAY_PER_REQUEST",
    "ttl_attribute": "",
    "point_in_time_recovery": False,
    "deletion_protection": False,
    "kms_key_arn": "",
}


def describe(client: t.Any, name: str) -> Resource | None:
    """The table in the shape that this module returns."""
    table = api.find_table(client, name)
    if table is None:
        return None
    # One that is being created or deleted has neither time to live nor backups to read.
    settled = table["TableStatus"] not in ("CREATING", "DELETING")
    ttl, backups, tags = at_once(
        lambda: api.read_ttl(client, name) if settled else {},
        lambda: api.read_backups(client, name) if settled else {},
        lambda: api.list_tags(client, table["TableArn"]),
    )
    return in_our_shape(table, ttl, backups, tags)


def update(client: t.Any, before: Resource, changes: Resource, *, timeout: int) -> None:
    """One change at a time, each from an active table: AWS takes no other while a table is updating."""
    name = before["name"]
    settings = {
        "billing": lambda value: {"BillingMode": value},
        "kms_key_arn": lambda value: {"SSESpecification": encryption(value)},
        "deletion_protection": lambda value: {"DeletionProtectionEnabled": value},
    }
    for option, setting in settings.items():
        if option in changes:
            wait_active(client, name, timeout=timeout)
            api.update_table(client, name, option, **setting(changes[option]))
    later = [option for option in ("ttl_attribute", "point_in_time_recovery") if option in changes]
    if later:
        wait_active(client, name, timeout=timeout)
    if "ttl_attribute" in changes:
        attribute = changes["ttl_attribute"]
        api.update_ttl(client, name, attribute or before["ttl_attribute"], enabled=bool(attribute))
    if "point_in_time_recovery" in changes:
        wait_backups(client, name, timeout=timeout)
        api.update_backups(client, name, enabled=changes["point_in_time_recovery"])


def create(client: t.Any, after: Resource, *, timeout: int) -> Resource:
    table = api.create_table(client, request=create_request(after, after["tags"]))
    at_creation = {**after, "ttl_attribute": "", "point_in_time_recovery": False}
    update(client, at_creation, differing(after, at_creation), timeout=timeout)
    return {**after, "arn": table["TableArn"], "status": table["TableStatus"]}


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    desired = given({key: options[key] for key in _NEW})
    timeout = options["wait_timeout"]
    if before and before["status"] == "DELETING":
        if not check_mode:
            wait_gone(client, options["name"], timeout=timeout)
        before = None
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    validate_indexes(options, before)

    if before is None:
        if not options["partition_key"]:
            raise InvalidInput(f"There is no table {options['name']}; partition_key is needed to create it.")
        keys = {"partition_key": options["partition_key"], "sort_key": options["sort_key"] or {}}
        indexes = plan_indexes([], options["indexes"] or [], purge=False).after
        after = {"name": options["name"], **keys, **_NEW, **desired, "indexes": indexes, "tags": tags.after}
        if not check_mode:
            after = create(client, after, timeout=timeout)
        return True, after

    validate_change(before, options)
    if not check_mode and before["status"] == "CREATING":
        # Left behind by a run that was cut short: what comes after the creation can only be seen now.
        wait_active(client, before["name"], timeout=timeout)
        before = describe(client, before["name"]) or before
    changes = differing(desired, before)
    plan = plan_indexes(before["indexes"], options["indexes"], purge=options["purge_indexes"])
    if not check_mode:
        index_changes.carry_out(client, before, plan, timeout=timeout)
        update(client, before, changes, timeout=timeout)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    changed = bool(changes or tags.changes or plan.create or plan.delete)
    return changed, {**before, **changes, "indexes": plan.after, "tags": tags.after}


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    doomed = before["status"] == "DELETING"
    protected = before["deletion_protection"] and not doomed
    if protected and options["deletion_protection"] is not False:
        raise InvalidInput(
            f"The table {before['name']} is under deletion protection. "
            "Give deletion_protection: false together with state: absent to delete it all the same."
        )
    if not check_mode:
        if not doomed:
            if protected:
                update(client, before, {"deletion_protection": False}, timeout=options["wait_timeout"])
            if protected or before["status"] != "ACTIVE":
                wait_active(client, before["name"], timeout=options["wait_timeout"])
            api.delete_table(client, before["name"])
        if options["wait"]:
            wait_gone(client, before["name"], timeout=options["wait_timeout"])
    return not doomed, None


def main() -> None:
    key = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "choices": ["S", "N", "B"], "default": "S"},
    }
    index = {
        "name": {"type": "str", "required": True},
        "partition_key": {"type": "dict", "options": key, "required": True, "no_log": False},
        "sort_key": {"type": "dict", "options": key, "no_log": False},
        "projection": {"type": "str", "choices": ["ALL", "KEYS_ONLY"], "default": "ALL"},
    }
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "partition_key": {"type": "dict", "options": key, "no_log": False},
            "sort_key": {"type": "dict", "options": key, "no_log": False},
            "billing": {"type": "str", "choices": ["PAY_PER_REQUEST"]},
            "ttl_attribute": {"type": "str"},
            "point_in_time_recovery": {"type": "bool"},
            "deletion_protection": {"type": "bool"},
            "kms_key_arn": {"type": "str", "no_log": False},
            "indexes": {"type": "list", "elements": "dict", "options": index},
            "purge_indexes": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options, check_mode = module.params, module.check_mode
    with module.failures_reported():
        validate(options)
        client = module.client("dynamodb")
        before = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, check_mode=check_mode)
            if options["wait"] and not check_mode and (changed or after["status"] != "ACTIVE"):
                wait_active(client, options["name"], timeout=options["wait_timeout"])
                after = {**after, "status": "ACTIVE"}
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, options, check_mode=check_mode)
        module.exit_with("table", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
