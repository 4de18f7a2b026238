#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret
version_added: 0.1.0
short_description: Manage a secret in AWS Secrets Manager
description:
  - Creates, changes and deletes a secret. Only the options that are given are managed.
  - A new version is written only when the value differs from the current one. The one before stays as C(AWSPREVIOUS).
  - The value is never returned, and a diff only says that it changes. Read it with
    P(amazon.aws.secretsmanager_secret#lookup).
  - "AWS reference: U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the secret, letters, digits and C(/_+=.@-).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the secret. V(absent) schedules its deletion, see O(recovery_window_days).
    type: str
    choices: [present, absent]
    default: present
  value:
    description:
      - The value, a string of at most 65536 bytes or a dictionary, which is stored as JSON.
      - Left out, the value stays. Required to create a secret.
      - AWS advises to write a new value at most every ten minutes over long times.
    type: raw
  only_if_absent:
    description:
      - Whether O(value) is written only when the secret has none yet, for instance a generated password.
    type: bool
    default: false
  description:
    description:
      - What the secret is for. An empty string removes the description.
    type: str
  kms_key_id:
    description:
      - Id, alias or ARN of the KMS key that encrypts the secret. An empty string is AWS's own, which a new secret has.
    type: str
  restore:
    description:
      - Whether a secret that is scheduled for deletion is restored with O(state=present). Otherwise that is an error.
      - Check mode cannot read the value of such a secret, so it does not say whether the value would change, too.
    type: bool
    default: true
  recovery_window_days:
    description:
      - How many days a deleted secret can be restored and its name not be used otherwise, 7 to 30.
      - V(0) deletes it at once and for good, and also one that is scheduled for deletion.
    type: int
    default: 30
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish a client's key
  central.llm.secret:
    name: central-llm/clients/alice
    value:
      apiKeyId: "{{ created.api_key.id }}"
      value: "{{ created.value }}"
      createdAt: "{{ created.api_key.created_date }}"
    tags:
      central-llm:stack: central-llm
  no_log: true

- name: Delete a client's key for good
  central.llm.secret:
    name: central-llm/clients/alice
    state: absent
    recovery_window_days: 0
"""

RETURN = r"""
secret:
  description: The secret as it is after the run, without its value; empty when there is none or it is being deleted.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the secret.
      type: str
      returned: when it exists
      sample: arn:aws:secretsmanager:eu-central-1:123456789012:secret:central-llm/clients/alice-a1b2c3
    name:
      description: Name of the secret.
      type: str
      sample: central-llm/clients/alice
    version_id:
      description: Id of the current version, empty where there is none. Left out in check mode when it changes.
      type: str
      sample: 2f6f0b2c-3d3c-4f6c-9a4e-7f1f3b1f6a10
    value:
      description: V(changed) when the run wrote a new value, else V(unchanged). Never the value itself.
      type: str
      sample: unchanged
    description:
      description: What the secret is for.
      type: str
      sample: Key of the client alice
    kms_key_id:
      description: The KMS key, empty for AWS's own.
      type: str
      sample: ""
    created_date:
      description: When the secret was created.
      type: str
      returned: when it exists
      sample: "2026-11-23T08:00:00+00:00"
    tags:
      description: Tags of the secret.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._secretsmanager import api, kms_key
from ansible_collections.central.llm.plugins.module_utils._secretsmanager.value import same, stored
from ansible_collections.central.llm.plugins.module_utils._secretsmanager.waiters import wait_gone

_NAME = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
_GONE_TIMEOUT = 120
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# A part of a value that is shorter than this is no secret, but would be struck out of ARNs and dates.
_SHORTEST_SECRET = 6


def describe(client: t.Any, name: str) -> tuple[Resource | None, bool]:
    """The secret in the shape that this module returns, and whether it is scheduled for deletion."""
    found = api.find_secret(client, name)
    if found is None:
        return None, False
    stages = found.get("VersionIdsToStages", {})
    created = found.get("CreatedDate")
    resource = {
        "arn": found["ARN"],
        "name": found["Name"],
        "version_id": next((version for version, names in stages.items() if "AWSCURRENT" in names), ""),
        "value": "unchanged",
        "description": found.get("Description", ""),
        "kms_key_id": kms_key.normal(found.get("KmsKeyId", "")),
        "created_date": created.isoformat() if created else "",
        "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])},
    }
    return resource, "DeletedDate" in found


def validate(options: Resource) -> None:
    if not _NAME.fullmatch(options["name"]):
        raise InvalidInput(f"name is {options['name']!r}: a secret takes 1 to 512 letters, digits and /_+=.@-")
    window = options["recovery_window_days"]
    if window and not 7 <= window <= 30:
        raise InvalidInput(f"recovery_window_days is {window}, it takes 7 to 30, or 0 to delete at once and for good.")
    if len(options["description"] or "") > 2048:
        raise InvalidInput("description is longer than 2048 letters.")
    if options["value"] is not None:
        stored(options["value"])


def value_differs(client: t.Any, before: Resource, options: Resource) -> bool:
    if options["value"] is None:
        return False
    if not before["version_id"]:
        return True
    return not options["only_if_absent"] and not same(options["value"], api.read_value(client, before["name"]))


def create(client: t.Any, options: Resource, after: Resource) -> Resource:
    request: Resource = {"Name": after["name"], "SecretString": stored(options["value"])}
    request["Description"] = after["description"] or None
    request["KmsKeyId"] = after["kms_key_id"] or None
    request["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(after["tags"].items())] or None
    api.create_secret(client, request=given(request))
    described, _deleted = describe(client, after["name"])
    return {**(described or after), "value": "changed"}


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, deleted: bool, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({"description": options["description"], "kms_key_id": options["kms_key_id"]})
    if "kms_key_id" in desired:
        known = before["kms_key_id"] if before else ""
        desired["kms_key_id"] = known if kms_key.same(desired["kms_key_id"], known) else desired["kms_key_id"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        if options["value"] is None:
            raise InvalidInput(f"There is no secret {name}; value is needed to create it.")
        fresh = {"name": name, "value": "changed", "description": "", "kms_key_id": ""}
        after = {**fresh, **desired, "tags": tags.after}
        return True, after if check_mode else create(client, options, after)

    if deleted and not options["restore"]:
        raise InvalidInput(
            f"The secret {name} is scheduled for deletion. Run with restore: true to keep it, or delete it for good "
            "with state: absent and recovery_window_days: 0."
        )
    if deleted and not check_mode:
        api.restore_secret(client, name)
    changes = differing(desired, before)
    after = {**before, **changes, "tags": tags.after}
    if deleted and check_mode:
        # AWS hands out no value while a deletion is scheduled, so that nobody can tell whether it would change.
        return True, {key: value for key, value in after.items() if key not in ("value", "version_id")}
    new_value = value_differs(client, before, options)
    if new_value:
        after["value"] = "changed"
        del after["version_id"]
    if not check_mode:
        # The key first: the new value is then encrypted with it.
        if changes:
            renamed = {"description": "Description", "kms_key_id": "KmsKeyId"}
            api.update_secret(client, request={"SecretId": name, **{renamed[key]: changes[key] for key in changes}})
        if new_value:
            after["version_id"] = api.put_value(client, name, stored(options["value"]))["VersionId"]
        if tags.put:
            api.tag(client, name, tags.put)
        if tags.remove:
            api.untag(client, name, tags.remove)
    return bool(deleted or changes or new_value or tags.changes), after


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, deleted: bool, check_mode: bool
) -> bool:
    name, window = options["name"], options["recovery_window_days"]
    if before is None or (deleted and window):
        return False
    if not check_mode:
        how: Resource = {"RecoveryWindowInDays": window} if window else {"ForceDeleteWithoutRecovery": True}
        api.delete_secret(client, request={"SecretId": name, **how})
        if not window:
            wait_gone(client, name, timeout=_GONE_TIMEOUT)
    return True


def hide_value(module: CollectionModule) -> Resource:
    """The options; the module itself, whose arguments are part of every result, forgets the value."""
    options = dict(module.params)
    if options["value"] is not None:
        module.params["value"] = _HIDDEN
        masked = module.no_log_values
        masked.difference_update({text for text in masked if len(text) < _SHORTEST_SECRET})
    return options


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "value": {"type": "raw", "no_log": True},
            "only_if_absent": {"type": "bool", "default": False},
            "description": {"type": "str"},
            "kms_key_id": {"type": "str", "no_log": False},
            "restore": {"type": "bool", "default": True},
            "recovery_window_days": {"type": "int", "default": 30},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    options, check_mode = hide_value(module), module.check_mode
    with module.failures_reported():
        validate(options)
        client = module.client("secretsmanager")
        before, deleted = describe(client, options["name"])
        after: Resource | None = None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, deleted=deleted, check_mode=check_mode)
        else:
            before = module.removable(before)
            changed = ensure_absent(client, before, options, deleted=deleted, check_mode=check_mode)
        # A secret that is scheduled for deletion is no longer there for anybody who wants to use it.
        shown = None if deleted else before
        module.exit_with("secret", changed=changed, before=shown, after=after)


if __name__ == "__main__":
    main()
