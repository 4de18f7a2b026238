#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket
version_added: 0.1.0
short_description: Manage an S3 bucket whose objects are to be kept
description:
  - Creates, changes and deletes a general purpose bucket, with versioning, encryption, object lock, lifecycle and
    policy. Only the options that are given are managed.
  - A bucket that holds anything is never deleted. Objects are none of this module's business.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the bucket, which is taken once in the world.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the bucket, V(absent) deletes an empty one.
    type: str
    choices: [present, absent]
    default: present
  versioning:
    description:
      - Whether objects keep their former versions. AWS suspends versioning, and never forgets what there is.
      - O(object_lock) needs it.
    type: bool
  kms_key_arn:
    description:
      - ARN of the KMS key that new objects are encrypted with, with a bucket key. An empty string is S3's own key.
    type: str
  block_public_access:
    description:
      - Whether the public is kept out, whatever a policy or an ACL says.
    type: bool
  policy:
    description:
      - Who may do what, as a policy document.
    type: json
  object_lock:
    description:
      - How long new objects can be neither changed nor deleted. Once on, it stays on. What is locked already keeps its
        lock.
    type: dict
    suboptions:
      mode:
        description:
          - V(GOVERNANCE) lets go whoever has C(s3:BypassGovernanceRetention), V(COMPLIANCE) nobody, not even the root
            of the account.
        type: str
        choices: [GOVERNANCE, COMPLIANCE]
        required: true
      days:
        description:
          - For how many days, 1 to 36500.
        type: int
        required: true
  lifecycle_rules:
    description:
      - What happens to objects by and by. They take the place of all rules that there are. An empty list is not taken,
        since AWS deletes a lifecycle by another call.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - The name of the rule.
        type: str
        required: true
      prefix:
        description:
          - What the keys of its objects begin with, empty for all.
        type: str
        default: ""
      expire_days:
        description:
          - Days after which an object is deleted, which leaves a former version where there is versioning.
        type: int
      noncurrent_expire_days:
        description:
          - Days after which a former version is deleted. One that is locked stays until its lock has run out.
        type: int
      transition_days:
        description:
          - Days after which an object goes to O(lifecycle_rules[].transition_class).
        type: int
      transition_class:
        description:
          - The storage class that it goes to.
        type: str
        choices: [STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE]
      abort_upload_days:
        description:
          - Days after which an upload that was never finished is thrown away.
        type: int
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep what nobody may change
  central.llm.s3_bucket:
    name: my-records-123456789012-eu-central-1
    versioning: true
    block_public_access: true
    object_lock: {mode: GOVERNANCE, days: 400}
    lifecycle_rules:
      - {id: cold, transition_days: 90, transition_class: GLACIER_IR, expire_days: 401, noncurrent_expire_days: 1}
"""

RETURN = r"""
bucket:
  description: The bucket as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the bucket.
      type: str
      sample: arn:aws:s3:::my-records-123456789012-eu-central-1
    name:
      description: Name of the bucket.
      type: str
      sample: my-records-123456789012-eu-central-1
    versioning:
      description: Whether objects keep their former versions.
      type: bool
      sample: true
    kms_key_arn:
      description: ARN of the key that new objects are encrypted with, empty for S3's own.
      type: str
      sample: ""
    block_public_access:
      description: Whether the public is kept out altogether.
      type: bool
      sample: true
    policy:
      description: Who may do what, empty for no policy.
      type: dict
      sample: {}
    object_lock:
      description: How long new objects can be neither changed nor deleted, empty where they can.
      type: dict
      sample: {"mode": "GOVERNANCE", "days": 400}
    lifecycle_rules:
      description: What happens to objects by and by; a rule that says more than this module knows is marked C(foreign).
      type: list
      elements: dict
      sample: []
    tags:
      description: Tags of the bucket.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import functools
import json
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._iam import documents
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._s3 import api, settings

MANAGED = ("versioning", "kms_key_arn", "block_public_access", "policy", "object_lock", "lifecycle_rules")
# What S3 gives a new bucket. https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
NEW: Resource = {
    "versioning": False,
    "kms_key_arn": "",
    "block_public_access": True,
    "policy": {},
    "object_lock": {},
    "lifecycle_rules": [],
}
LONGEST_LOCK = 36500
# The region in which a bucket is made without saying so.
UNNAMED_REGION = "us-east-1"


def describe(client: t.Any, name: str) -> Resource | None:
    """The bucket in the shape that this module returns."""
    if api.find_bucket(client, name) is None:
        return None
    reads = (
        api.get_versioning,
        api.get_encryption,
        api.get_public_access_block,
        api.get_policy,
        api.get_object_lock,
        api.get_lifecycle,
        api.get_tags,
    )
    versioning, encryption, blocks, policy, lock, lifecycle, tags = at_once(
        *[functools.partial(read, client, name) for read in reads]
    )
    return {
        "arn": f"arn:{client.meta.partition}:s3:::{name}",
        "name": name,
        "versioning": versioning == "Enabled",
        "kms_key_arn": settings.kms_key_of(encryption),
        "block_public_access": all((blocks or {}).get(each) for each in settings.BLOCKS),
        "policy": json.loads(policy or "{}"),
        "object_lock": settings.object_lock_of(lock),
        "lifecycle_rules": [settings.rule_of(each) for each in lifecycle],
        "tags": tags,
    }


def validate(options: Resource) -> Resource:
    """The options with the policy read, or what AWS would refuse, before anything is touched."""
    if not settings.is_name(options["name"]):
        raise InvalidInput(
            f"name: {options['name']!r} is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens."
        )
    lock = options["object_lock"]
    if lock and not 1 <= lock["days"] <= LONGEST_LOCK:
        raise InvalidInput(f"object_lock: {lock['days']} is not 1 to {LONGEST_LOCK} days.")
    if options["lifecycle_rules"] == []:
        raise InvalidInput("lifecycle_rules: an empty list is not taken; delete the lifecycle by hand.")
    for rule in options["lifecycle_rules"] or []:
        if bool(rule["transition_days"]) != bool(rule["transition_class"]):
            raise InvalidInput(f"lifecycle_rules: {rule['id']} needs transition_days and transition_class, or neither.")
        if not any(rule[key] for key in rule if key.endswith("_days")):
            raise InvalidInput(f"lifecycle_rules: {rule['id']} does nothing.")
    policy = None if options["policy"] is None else documents.read(options["policy"])
    return {**options, "policy": policy}


def changes_of(desired: Resource, before: Resource) -> Resource:
    changes = differing(desired, before)
    # S3 stores a policy in its own words.
    if "policy" in changes and documents.same(changes["policy"], before["policy"]):
        del changes["policy"]
    return changes


def create(client: t.Any, name: str, *, locks: bool) -> None:
    # ACLs are off by default; to say so takes a permission of its own.
    request: Resource = {"Bucket": name}
    if client.meta.region_name != UNNAMED_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": client.meta.region_name}
    if locks:
        request["ObjectLockEnabledForBucket"] = True
    api.create_bucket(client, request=request)


def change(client: t.Any, name: str, changes: Resource) -> None:
    """What the public could see comes first, what needs versioning after it."""
    if "block_public_access" in changes:
        blocks = dict.fromkeys(settings.BLOCKS, changes["block_public_access"])
        api.put_public_access_block(client, name, blocks)
    if "policy" in changes:
        api.put_policy(client, name, documents.compact(changes["policy"]))
    if "kms_key_arn" in changes:
        api.put_encryption(client, name, settings.encryption(changes["kms_key_arn"]))
    if "versioning" in changes:
        api.put_versioning(client, name, "Enabled" if changes["versioning"] else "Suspended")
    if "object_lock" in changes:
        api.put_object_lock(client, name, settings.object_lock(changes["object_lock"]))
    if "lifecycle_rules" in changes:
        api.put_lifecycle(client, name, [settings.rule(each) for each in changes["lifecycle_rules"]])


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in MANAGED})
    arn = f"arn:{client.meta.partition}:s3:::{name}"
    # A bucket that is made to lock has versioning from the start.
    fresh = {"arn": arn, "name": name, **NEW, "versioning": bool(desired.get("object_lock")), "tags": {}}
    found = before or fresh
    if desired.get("object_lock") and not desired.get("versioning", found["versioning"]):
        raise InvalidInput("object_lock: a bucket without versioning locks nothing; set versioning, too.")
    changes = changes_of(desired, found)
    tags = plan_tags(found["tags"], options["tags"], purge=options["purge_tags"])
    if not check_mode:
        if before is None:
            create(client, name, locks=bool(desired.get("object_lock")))
        # Tagged before all else: a run that ends here has left a bucket that is known to be ours.
        if tags.changes:
            api.put_tags(client, name, tags.after)
        change(client, name, changes)
    return before is None or bool(changes) or tags.changes, {**found, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_bucket(client, before["name"])
    return True, None


def main() -> None:
    classes = ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
    lock = {
        "mode": {"type": "str", "choices": ["GOVERNANCE", "COMPLIANCE"], "required": True},
        "days": {"type": "int", "required": True},
    }
    rule = {
        "id": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "expire_days": {"type": "int"},
        "noncurrent_expire_days": {"type": "int"},
        "transition_days": {"type": "int"},
        "transition_class": {"type": "str", "choices": classes},
        "abort_upload_days": {"type": "int"},
    }
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "versioning": {"type": "bool"},
            "kms_key_arn": {"type": "str", "no_log": False},
            "block_public_access": {"type": "bool"},
            "policy": {"type": "json"},
            "object_lock": {"type": "dict", "options": lock},
            "lifecycle_rules": {"type": "list", "elements": "dict", "options": rule},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = validate(module.params)
        client = module.client("s3")
        before = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("bucket", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
