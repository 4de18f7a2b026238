#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_image
version_added: 0.1.0
short_description: Manage an EC2 image of one's own
description:
  - Creates an image (AMI) from an instance or registers one from a snapshot, changes its tags, and deregisters it with
    the snapshots that it was made of.
  - An image is found by its name, which an account has once in a region. What an image holds cannot be changed, so that
    one that is there is left as it is, whatever it would be made from now.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html) and
    U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the image, 3 to 128 letters, digits and C(( ) [ ] . / - ' @ _) and spaces.
    type: str
    required: true
  state:
    description:
      - V(present) makes the image or changes its tags, V(absent) deregisters it.
    type: str
    choices: [present, absent]
    default: present
  instance_id:
    description:
      - Id of the instance that a new image is made from. AWS restarts it for that, so that its file systems are whole.
      - Only check mode takes an empty one, for an instance that the run is yet to start.
    type: str
  snapshot_id:
    description:
      - Id of the snapshot of a root volume that a new image is registered from.
    type: str
  root_device:
    description:
      - Device of the root volume, for an image that is registered.
    type: str
    default: /dev/xvda
  architecture:
    description:
      - Architecture, for an image that is registered.
    type: str
    choices: [x86_64, arm64]
    default: x86_64
  boot_mode:
    description:
      - Boot mode, for an image that is registered. Left out, it is the instance type's.
    type: str
    choices: [legacy-bios, uefi, uefi-preferred]
  description:
    description:
      - What a new image is, at most 255 characters.
    type: str
  keep_snapshots:
    description:
      - Ids of snapshots that are never deleted. An image that one of them belongs to is deregistered alone.
    type: list
    elements: str
    default: []
  wait:
    description:
      - Whether to wait until the image can be used.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most. A first image of a large volume takes AWS a good part of an hour.
    type: int
    default: 3600
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - The snapshots of a new image get its tags, too. Later changes of O(tags) are the image's alone.
"""

EXAMPLES = r"""
- name: Keep a host as it is now
  central.llm.ec2_image:
    name: my-host-2026-11-28
    instance_id: i-0123456789abcdef0
    tags:
      owner: my-team

- name: Make an image of a snapshot again
  central.llm.ec2_image:
    name: my-host-restored
    snapshot_id: snap-04d5095fae1bfaca0

- name: Remove an image and its snapshots
  central.llm.ec2_image:
    name: my-host-2026-11-28
    keep_snapshots: [snap-04d5095fae1bfaca0]
    state: absent
"""

RETURN = r"""
image:
  description: The image as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the image. Left out in check mode where it would be made.
      type: str
      sample: ami-0ea47fea769e59918
    name:
      description: Name of the image.
      type: str
      sample: my-host-2026-11-28
    description:
      description: What it is.
      type: str
      sample: ""
    state:
      description: State of the image.
      type: str
      sample: available
    root_device:
      description: Device of its root volume.
      type: str
      sample: /dev/xvda
    snapshot_ids:
      description: Ids of the snapshots that it is made of.
      type: list
      elements: str
      sample: [snap-04d5095fae1bfaca0]
    created_at:
      description: When it was made.
      type: str
      sample: "2026-11-28T08:00:00.000Z"
    tags:
      description: Tags of the image.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._ec2 import api, own_images
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

LONGEST_DESCRIPTION = 255
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
_NAME = re.compile(r"[A-Za-z0-9()\[\] ./'@_-]{3,128}\Z")


def validate(options: Resource) -> None:
    if not _NAME.match(options["name"]):
        raise InvalidInput(
            f"name: {options['name']!r} is not 3 to 128 letters, digits, spaces and ( ) [ ] . / - ' @ _."
        )
    if len(options["description"] or "") > LONGEST_DESCRIPTION:
        raise InvalidInput(f"description: longer than the {LONGEST_DESCRIPTION} characters that EC2 takes.")


def view(image: Resource) -> Resource:
    mappings = image.get("BlockDeviceMappings") or []
    return {
        "id": image["ImageId"],
        "name": image["Name"],
        "description": image.get("Description") or "",
        "state": image["State"],
        "root_device": image.get("RootDeviceName") or "",
        "snapshot_ids": [each["Ebs"]["SnapshotId"] for each in mappings if (each.get("Ebs") or {}).get("SnapshotId")],
        "created_at": image.get("CreationDate") or "",
        "tags": api.tag_dict(image.get("Tags")),
    }


def describe(client: t.Any, name: str) -> Resource | None:
    found = own_images.find_image(client, name)
    return view(found) if found else None


def registration(options: Resource, tags: dict[str, str]) -> Resource:
    """As the ECS-optimized images are registered: hosts get their metadata with tokens only."""
    ebs = {"SnapshotId": options["snapshot_id"], "VolumeType": "gp3", "DeleteOnTermination": True}
    request = {
        "Name": options["name"],
        "Description": options["description"],
        "Architecture": options["architecture"],
        "BootMode": options["boot_mode"],
        "RootDeviceName": options["root_device"],
        "BlockDeviceMappings": [{"DeviceName": options["root_device"], "Ebs": ebs}],
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "ImdsSupport": "v2.0",
        "TagSpecifications": own_images.tag_specifications(tags, "image") or None,
    }
    return given(request)


def creation(options: Resource, tags: dict[str, str]) -> Resource:
    request = {
        "Name": options["name"],
        "Description": options["description"],
        "InstanceId": options["instance_id"],
        "TagSpecifications": own_images.tag_specifications(tags, "image", "snapshot") or None,
    }
    return given(request)


def require_source(client: t.Any, options: Resource) -> None:
    if options["snapshot_id"]:
        snapshot = own_images.find_snapshot(client, options["snapshot_id"])
        if snapshot is None:
            raise InvalidInput(f"snapshot_id: there is no snapshot {options['snapshot_id']} in this Region.")
        if snapshot["State"] != "completed":
            raise InvalidInput(
                f"snapshot_id: {options['snapshot_id']} is {snapshot['State']}, and has to be completed."
            )
    elif options["instance_id"]:
        if not api.read_instances(client, [options["instance_id"]]):
            raise InvalidInput(f"instance_id: there is no instance {options['instance_id']} in this Region.")
    elif options["instance_id"] is None:
        raise InvalidInput(f"There is no image {options['name']}, and neither instance_id nor snapshot_id is given.")


def make(client: t.Any, options: Resource, tags: dict[str, str]) -> Resource:
    if options["snapshot_id"]:
        own_images.register_image(client, request=registration(options, tags))
    else:
        own_images.create_image(client, request=creation(options, tags))
    return own_images.wait_listed(client, options["name"])


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None:
        require_source(client, options)
        after: Resource = {"name": options["name"], "description": options["description"] or "", "tags": tags.after}
        if not check_mode:
            after = view(make(client, options, tags.after))
    else:
        if before["state"] not in own_images.USABLE:
            raise InvalidInput(
                f"The image {before['id']} of the name {options['name']} is {before['state']}. Remove it "
                "(state: absent), or give another name."
            )
        after = {**before, "tags": tags.after}
        if not check_mode and tags.put:
            api.tag(client, before["id"], tags.put)
        if not check_mode and tags.remove:
            api.untag(client, before["id"], tags.remove)
    if not check_mode and options["wait"] and after.get("state") != "available":
        own_images.wait_available(client, after["id"], timeout=options["wait_timeout"])
    if not check_mode:
        after = describe(client, options["name"]) or after
    return before is None or tags.changes, after


def ensure_absent(
    client: t.Any, before: Resource | None, keep: t.Collection[str], *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        kept = set(before["snapshot_ids"]) & set(keep)
        own_images.deregister_image(client, before["id"], with_snapshots=not kept)
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "instance_id": {"type": "str"},
            "snapshot_id": {"type": "str"},
            "root_device": {"type": "str", "default": "/dev/xvda"},
            "architecture": {"type": "str", "choices": ["x86_64", "arm64"], "default": "x86_64"},
            "boot_mode": {"type": "str", "choices": ["legacy-bios", "uefi", "uefi-preferred"]},
            "description": {"type": "str"},
            "keep_snapshots": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 3600},
        },
        mutually_exclusive=[("instance_id", "snapshot_id")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = module.params
        validate(options)
        client = module.client("ec2")
        before = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            if before is None and options["instance_id"] is not None:
                module.yet_to_be_made("instance_id")
            changed, after = ensure_present(client, before, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, options["keep_snapshots"], check_mode=module.check_mode)
        # What AWS makes up, or is doing at the moment.
        module.exit_with("image", changed=changed, before=before, after=after, observed=["state"])


if __name__ == "__main__":
    main()
