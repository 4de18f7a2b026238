#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: state_record
version_added: 0.1.0
short_description: Keep a document in a DynamoDB table
description:
  - Keeps one document under a kind and a name, and replaces it as a whole.
  - The table has a partition key C(pk) of type string. The item is C(<kind>#<name>), the document its attribute
    C(value) as JSON, and C(expires_at), in seconds since the epoch, can serve as the table's time to live.
  - "AWS reference: U(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the table.
    type: str
    required: true
  kind:
    description:
      - What kind of document it is, in lower-case letters, digits and hyphens.
    type: str
    required: true
  name:
    description:
      - The name of the document.
    type: str
    required: true
  state:
    description:
      - V(absent) forgets the document. No table means no document.
    type: str
    choices: [present, absent]
    default: present
  value:
    description:
      - The document. No secrets belong here.
      - Required with O(state=present).
    type: dict
  keep_days:
    description:
      - After so many days the table may forget the document. Left out, it is kept.
      - The days count from when the document was written last; a document that is as asked for is not written again.
    type: int
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Remember when the session began
  central.llm.state_record:
    table: central-llm-state
    kind: session
    name: "2026-11-23T08:00:00+00:00"
    value: {owner: alice@laptop, instance_ids: [i-0598c7d356eba48d7]}
    keep_days: 400
"""

RETURN = r"""
record:
  description: The record as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    kind:
      description: Kind of the document.
      type: str
      sample: session
    name:
      description: Name of the document.
      type: str
      sample: "2026-11-23T08:00:00+00:00"
    value:
      description: The document.
      type: dict
      sample: {"owner": "alice@laptop"}
    expires_at:
      description: When the table may forget it, in seconds since the epoch; null when it is kept.
      type: int
      sample: 1826784000
"""

import time
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, InvalidInput, error_code
from ansible_collections.central.llm.plugins.module_utils._dynamodb import api, record
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_NO_TABLE = "ResourceNotFoundException"
_DAY = 24 * 3600


def find(client: t.Any, options: Resource, *, now: int) -> record.Record | None:
    try:
        item = api.get_item(client, options["table"], record.item_key(options["kind"], options["name"]))
    except AwsCallError as error:
        if error_code(error) != _NO_TABLE:
            raise
        if options["state"] == "absent":
            return None
        raise InvalidInput(
            f"There is no table {options['table']} in {client.meta.region_name}. Create it with "
            "central.llm.dynamodb_table (partition_key: pk, of type S), or name another one."
        ) from error
    return record.read(item, now=now)


def ensure_present(
    client: t.Any, before: record.Record | None, options: Resource, *, now: int, check_mode: bool
) -> record.Record:
    expires_at = now + options["keep_days"] * _DAY if options["keep_days"] else None
    wanted = record.Record(options["kind"], options["name"], options["value"], expires_at)
    kept = before is not None and (before.expires_at is None) == (expires_at is None)
    if before and kept and record.encode(before.value) == record.encode(wanted.value):
        return before
    if not check_mode:
        api.put_item(client, request={"TableName": options["table"], "Item": wanted.as_item()})
    return wanted


def ensure_absent(client: t.Any, before: record.Record | None, options: Resource, *, check_mode: bool) -> None:
    if before and not check_mode:
        key = record.item_key(options["kind"], options["name"])
        api.delete_item(client, request={"TableName": options["table"], "Key": key})


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "value": {"type": "dict"},
            "keep_days": {"type": "int"},
        },
        required_if=[("state", "present", ["value"])],
        supports_check_mode=True,
    )
    options, check_mode = module.params, module.check_mode
    with module.failures_reported():
        record.validate(options)
        client = module.client("dynamodb")
        now = int(time.time())
        before = find(client, options, now=now)
        after: record.Record | None = None
        if options["state"] == "present":
            after = ensure_present(client, before, options, now=now, check_mode=check_mode)
        else:
            ensure_absent(client, before, options, check_mode=check_mode)
        module.exit_with(
            "record",
            changed=after != before,
            before=before.as_dict() if before else None,
            after=after.as_dict() if after else None,
        )


if __name__ == "__main__":
    main()
