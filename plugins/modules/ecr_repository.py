#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_repository
version_added: 0.1.0
short_description: Manage a repository of container images in Amazon ECR
description:
  - Creates, changes and deletes a private repository of the account's own registry. Only the options that are given are
    managed.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the repository, 2 to 256 lower-case letters and digits, with V(.), V(_), V(-) and V(/) between them.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the repository, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  image_tag_mutability:
    description:
      - Whether a tag can be moved to another image. AWS lets it where a new repository is not told.
    type: str
    choices: [MUTABLE, IMMUTABLE]
  scan_on_push:
    description:
      - Whether an image is scanned for known vulnerabilities as it is pushed. Where the registry itself is configured
        to scan, its own rules count.
    type: bool
  encryption:
    description:
      - What the images are encrypted with. It cannot be changed once there is a repository.
    type: dict
    suboptions:
      type:
        description:
          - V(AES256) is a key of S3, V(KMS) one of KMS, V(KMS_DSSE) that in two layers.
        type: str
        choices: [AES256, KMS, KMS_DSSE]
        required: true
      kms_key:
        description:
          - ARN or id of the key. Left out, it is AWS's own for ECR.
        type: str
  lifecycle_policy:
    description:
      - Which images expire, as
        U(https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html) says. An empty
        dictionary is none.
    type: json
  delete_images:
    description:
      - Whether O(state=absent) deletes a repository that has images in it, and them.
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
- name: Keep images by tags that stay what they are
  central.llm.ecr_repository:
    name: my-team/engine
    image_tag_mutability: IMMUTABLE
    scan_on_push: true
    lifecycle_policy:
      rules:
        - rulePriority: 1
          description: Keep the last ten
          selection:
            tagStatus: any
            countType: imageCountMoreThan
            countNumber: 10
          action:
            type: expire
"""

RETURN = r"""
repository:
  description: The repository as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the repository. Left out in check mode where it would be made.
      type: str
      sample: arn:aws:ecr:eu-central-1:123456789012:repository/my-team/engine
    name:
      description: Name of the repository.
      type: str
      sample: my-team/engine
    uri:
      description: What images of it are named by. Left out in check mode where it would be made.
      type: str
      sample: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/my-team/engine
    image_tag_mutability:
      description: Whether a tag can be moved to another image.
      type: str
      sample: IMMUTABLE
    scan_on_push:
      description: Whether an image is scanned as it is pushed.
      type: bool
      sample: true
    encryption:
      description: What the images are encrypted with.
      type: dict
      sample: {"type": "AES256", "kms_key": ""}
    lifecycle_policy:
      description: Which images expire, empty for none.
      type: dict
      sample: {}
    tags:
      description: Tags of the repository.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import json
import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ecr import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"(?=.{2,256}\Z)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\Z")
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
SHORTEST_POLICY = 100
LONGEST_POLICY = 30720
DEFAULTS = {"image_tag_mutability": "MUTABLE", "scan_on_push": False, "lifecycle_policy": {}}


def policy_text(policy: Resource) -> str:
    return json.dumps(policy, separators=(",", ":"))


def in_order(policy: Resource) -> Resource:
    """In the order in which ECR applies the rules and answers with them, whichever it was given in.

    Tags that a rule names all have to be there, so that their order has no meaning.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    if not policy:
        return policy

    def selection(said: Resource) -> Resource:
        return {key: sorted(value, key=str) if isinstance(value, list) else value for key, value in said.items()}

    rules = sorted(policy["rules"], key=lambda rule: rule["rulePriority"])
    return {**policy, "rules": [{**rule, "selection": selection(rule["selection"])} for rule in rules]}


def is_rule(rule: t.Any) -> bool:
    """Whether it is one as far as its order is concerned; the rest is for ECR to judge."""
    return (
        isinstance(rule, dict) and isinstance(rule.get("rulePriority"), int) and isinstance(rule.get("selection"), dict)
    )


def validate(options: Resource) -> Resource:
    """The options with the lifecycle policy read, or what AWS would refuse, before anything is touched."""
    if not _NAME.match(options["name"]):
        raise InvalidInput(
            f"name: {options['name']!r} is not 2 to 256 lower-case letters and digits, '.', '_', '-' and '/' between."
        )
    if options["encryption"] and options["encryption"]["type"] == "AES256" and options["encryption"]["kms_key"]:
        raise InvalidInput("encryption: AES256 takes no kms_key; KMS and KMS_DSSE do.")
    if options["lifecycle_policy"] is None:
        return options
    try:
        policy = json.loads(options["lifecycle_policy"])
    except ValueError as error:
        raise InvalidInput(f"lifecycle_policy: not JSON: {error}.") from error
    if not isinstance(policy, dict) or (policy and not (isinstance(policy.get("rules"), list) and policy["rules"])):
        raise InvalidInput("lifecycle_policy: takes a dictionary with a list of rules, or an empty one for none.")
    if policy and not SHORTEST_POLICY <= len(policy_text(policy)) <= LONGEST_POLICY:
        raise InvalidInput(
            f"lifecycle_policy: {len(policy_text(policy))} characters; ECR takes {SHORTEST_POLICY} to {LONGEST_POLICY}."
        )
    if policy and not all(map(is_rule, policy["rules"])):
        raise InvalidInput("lifecycle_policy: each rule takes a rulePriority, a whole number, and a selection.")
    return {**options, "lifecycle_policy": in_order(policy)}


def view(client: t.Any, found: Resource) -> Resource:
    encryption = found.get("encryptionConfiguration") or {}
    lifecycle_policy, tags = at_once(
        lambda: api.read_lifecycle_policy(client, found["repositoryName"]),
        lambda: api.list_tags(client, found["repositoryArn"]),
    )
    return {
        "arn": found["repositoryArn"],
        "name": found["repositoryName"],
        "uri": found["repositoryUri"],
        "image_tag_mutability": found["imageTagMutability"],
        "scan_on_push": (found.get("imageScanningConfiguration") or {}).get("scanOnPush", False),
        "encryption": {"type": encryption.get("encryptionType", "AES256"), "kms_key": encryption.get("kmsKey", "")},
        "lifecycle_policy": in_order(json.loads(lifecycle_policy or "{}")),
        "tags": tags,
    }


def describe(client: t.Any, name: str) -> Resource | None:
    found = api.find_repository(client, name)
    return view(client, found) if found else None


def require_same_encryption(before: Resource, wanted: Resource | None) -> None:
    """AWS has no call for another one: https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"""
    if wanted is None:
        return
    there = before["encryption"]
    key = wanted["kms_key"]
    # AWS answers with the ARN, whichever way the key was named.
    same_key = not key or there["kms_key"] == key or there["kms_key"].endswith(f"/{key}")
    if wanted["type"] != there["type"] or not same_key:
        raise InvalidInput(
            f"encryption: the repository {before['name']} has {there['type']} {there['kms_key']}".rstrip()
            + ", and AWS cannot change that. Leave it as it is, or use a repository of another name."
        )


def creation(options: Resource, tags: dict[str, str]) -> Resource:
    encryption = options["encryption"]
    request = {
        "repositoryName": options["name"],
        "imageTagMutability": options["image_tag_mutability"],
        "imageScanningConfiguration": None
        if options["scan_on_push"] is None
        else {"scanOnPush": options["scan_on_push"]},
        "encryptionConfiguration": encryption
        and given({"encryptionType": encryption["type"], "kmsKey": encryption["kms_key"]}),
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()] or None,
    }
    return given(request)


def write(client: t.Any, name: str, changes: Resource) -> None:
    if "image_tag_mutability" in changes:
        api.put_image_tag_mutability(client, name, changes["image_tag_mutability"])
    if "scan_on_push" in changes:
        api.put_image_scanning_configuration(client, name, scan_on_push=changes["scan_on_push"])
    if changes.get("lifecycle_policy"):
        api.put_lifecycle_policy(client, name, policy_text(changes["lifecycle_policy"]))
    elif "lifecycle_policy" in changes:
        api.delete_lifecycle_policy(client, name)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    desired = given({key: options[key] for key in DEFAULTS})
    if before is None:
        if not check_mode:
            found = api.create_repository(client, request=creation(options, tags.after))
            if options["lifecycle_policy"]:
                write(client, name, {"lifecycle_policy": options["lifecycle_policy"]})
            return True, view(client, found)
        encryption = options["encryption"] or {"type": "AES256", "kms_key": None}
        encryption = {"type": encryption["type"], "kms_key": encryption["kms_key"] or ""}
        return True, {"name": name, **DEFAULTS, **desired, "encryption": encryption, "tags": tags.after}
    require_same_encryption(before, options["encryption"])
    changes = differing(desired, before)
    if not check_mode:
        write(client, name, changes)
        if tags.put:
            api.tag(client, before["arn"], tags.put)
        if tags.remove:
            api.untag(client, before["arn"], tags.remove)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def ensure_absent(
    client: t.Any, before: Resource | None, *, with_images: bool, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not with_images and api.has_images(client, before["name"]):
        raise InvalidInput(f"The repository {before['name']} has images in it. delete_images deletes them, too.")
    if not check_mode:
        api.delete_repository(client, before["name"], with_images=with_images)
    return True, None


def main() -> None:
    encryption = {
        "type": {"type": "str", "choices": ["AES256", "KMS", "KMS_DSSE"], "required": True},
        "kms_key": {"type": "str", "no_log": False},
    }
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "image_tag_mutability": {"type": "str", "choices": ["MUTABLE", "IMMUTABLE"]},
            "scan_on_push": {"type": "bool"},
            "encryption": {"type": "dict", "options": encryption},
            "lifecycle_policy": {"type": "json"},
            "delete_images": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = validate(module.params)
        client = module.client("ecr")
        before = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(
                client, before, with_images=options["delete_images"], check_mode=module.check_mode
            )
        module.exit_with("repository", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
