#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: state_lock
version_added: 0.1.0
short_description: Hold a lock that is an item of a DynamoDB table
description:
  - Keeps two runs from changing the same thing at the same time. The lock is one item, written only on the
    condition that nobody else holds it.
  - The lock expires by itself, so that a run that died does not keep others out for ever. Expiry goes by the clock of
    the machine that runs this module, which should be within seconds of true time.
  - The table has a partition key C(pk) of type string. The item is C(lock#<name>), its attribute C(expires_at), in
    seconds since the epoch, can serve as the table's time to live.
  - "AWS reference: U(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the table.
    type: str
    required: true
  name:
    description:
      - The name of the lock.
    type: str
    required: true
  state:
    description:
      - V(present) takes the lock and fails when somebody else holds it, naming who, since when and until when.
      - A lock that O(owner) holds already is kept, and gets its full time again once less than half is left.
      - V(absent) gives the lock back. A lock of somebody else stays. No table means no lock.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Who takes the lock, for instance C(user@host), on the machine that this module runs on.
    type: str
    required: true
  process:
    description:
      - The number of the process that holds the lock, on the owner's machine; 0 where none shall be told apart.
      - By default that of the C(ansible-playbook) that runs this task.
    type: int
  take_over_own:
    description:
      - Whether O(owner) takes a lock over that another process of its own holds. Otherwise it does so only when that
        process has ended, as one does that crashed.
      - With O(state=absent), whether such a lock is removed.
    type: bool
    default: true
  purpose:
    description:
      - What the lock is held for; others are told so.
    type: str
    default: ""
  ttl_seconds:
    description:
      - How long the lock is held at most, in seconds, up to seven days.
    type: int
    default: 7200
  force:
    description:
      - Whether to take, or with O(state=absent) to remove, a lock that somebody else holds.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep others from changing the stack
  central.llm.state_lock:
    table: central-llm-state
    name: central-llm
    owner: "{{ lookup('ansible.builtin.env', 'USER') }}@{{ lookup('ansible.builtin.pipe', 'hostname') }}"
    purpose: up

- name: Let others change the stack again
  central.llm.state_lock:
    table: central-llm-state
    name: central-llm
    owner: "{{ lookup('ansible.builtin.env', 'USER') }}@{{ lookup('ansible.builtin.pipe', 'hostname') }}"
    state: absent
"""

RETURN = r"""
lock:
  description:
    - The lock as it is after the run, whoever holds it; empty when nobody does.
    - Returned on a refusal, too, with the lock that is in the way.
  returned: always
  type: dict
  contains:
    name:
      description: Name of the lock.
      type: str
      sample: central-llm
    owner:
      description: Who holds it.
      type: str
      sample: alice@laptop
    purpose:
      description: What for.
      type: str
      sample: up
    process:
      description: The process that holds it, on the owner's machine; 0 where nobody said.
      type: int
      sample: 4711
    acquired_at:
      description: Since when, in UTC.
      type: str
      sample: "2026-11-23T08:00:00+00:00"
    expires_at:
      description: Until when at most, in UTC.
      type: str
      sample: "2026-11-23T10:00:00+00:00"
"""

import os
import time
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, InvalidInput, error_code
from ansible_collections.central.llm.plugins.module_utils._dynamodb import api, lock
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_CONDITION_FAILED = "ConditionalCheckFailedException"
_NO_TABLE = "ResourceNotFoundException"


class Held(Exception):
    """Somebody else holds the lock."""

    def __init__(self, held: lock.Lock) -> None:
        self.lock = held
        super().__init__(lock.refusal(held))


def read(client: t.Any, options: Resource, *, now: int) -> lock.Lock | None:
    try:
        item = api.get_item(client, options["table"], lock.item_key(options["name"]))
    except AwsCallError as error:
        if error_code(error) != _NO_TABLE:
            raise
        if options["state"] == "absent":
            return None
        raise InvalidInput(
            f"There is no table {options['table']} in {client.meta.region_name}. Create it with "
            "central.llm.dynamodb_table (partition_key: pk, of type S), or name another one."
        ) from error
    return lock.read(options["name"], item, now=now, own=(options["owner"], options["process"] or 0))


def is_free(held: lock.Lock, options: Resource) -> bool:
    """Whether this owner's process may take the lock, or remove it."""
    if options["force"]:
        return True
    if held.owner != options["owner"]:
        return False
    return options["take_over_own"] or held.process == (options["process"] or 0) or not is_alive(held.process)


def is_alive(process: int) -> bool:
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # It is there, and somebody else's.
        return True
    return True


def acquire(client: t.Any, held: lock.Lock | None, options: Resource, *, now: int, check_mode: bool) -> lock.Lock:
    if held and not is_free(held, options):
        raise Held(held)
    wanted = lock.wanted(
        held,
        name=options["name"],
        owner=options["owner"],
        purpose=options["purpose"],
        ttl_seconds=options["ttl_seconds"],
        now=now,
        process=options["process"] or 0,
    )
    if wanted == held or check_mode:
        return wanted
    try:
        request = lock.put_request(options["table"], wanted, now=now, force=options["force"], seen=held)
        api.put_item(client, request=request)
    except AwsCallError as error:
        if error_code(error) != _CONDITION_FAILED:
            raise
        # Somebody was faster since it was read.
        winner = lock.read(options["name"], error.exception.response.get("Item"), now=now)
        raise Held(winner or read(client, options, now=now) or wanted) from error
    return wanted


def release(client: t.Any, held: lock.Lock | None, options: Resource, *, check_mode: bool) -> lock.Lock | None:
    if held is None or not is_free(held, options):
        return held
    if not check_mode:
        try:
            api.delete_item(client, request=lock.delete_request(options["table"], held))
        except AwsCallError as error:
            if error_code(error) != _CONDITION_FAILED:
                raise
            # It is no longer the lock that was read, so it is not ours to remove.
            return read(client, options, now=int(time.time()))
    return None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "owner": {"type": "str", "required": True},
            "process": {"type": "int"},
            "take_over_own": {"type": "bool", "default": True},
            "purpose": {"type": "str", "default": ""},
            "ttl_seconds": {"type": "int", "default": 7200},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options, check_mode = module.params, module.check_mode
    with module.failures_reported():
        lock.validate(options)
        client = module.client("dynamodb")
        now = int(time.time())
        held = read(client, options, now=now)
        after: lock.Lock | None
        try:
            if options["state"] == "present":
                after = acquire(client, held, options, now=now, check_mode=check_mode)
            else:
                after = release(client, held, options, check_mode=check_mode)
        except Held as refused:
            module.fail_json(msg=str(refused), lock=refused.lock.as_dict())
        module.exit_with(
            "lock",
            changed=after != held,
            before=held.as_dict() if held else None,
            after=after.as_dict() if after else None,
        )


if __name__ == "__main__":
    main()
