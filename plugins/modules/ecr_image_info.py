#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_image_info
version_added: 0.1.0
short_description: Look up a container image in Amazon ECR
description:
  - Tells the digest of an image, its tags and size, and what a scan for vulnerabilities found in it.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  repository:
    description:
      - The name of the repository.
    type: str
    required: true
  tag:
    description:
      - A tag of the image.
    type: str
  digest:
    description:
      - The digest of the image.
    type: str
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Tell what the tag means
  central.llm.ecr_image_info:
    repository: my-team/engine
    tag: 0c6d2f6fb3a1
  register: engine
"""

RETURN = r"""
image:
  description: The image; empty when the repository has none of that tag or digest, or when there is no repository.
  returned: always
  type: dict
  contains:
    digest:
      description: Digest of the image, by which it is pinned.
      type: str
      sample: sha256:1bd2e0e2f1a3ab0b43c0b2f8a2f2d8e9c5c4b6d7e8f90a1b2c3d4e5f60718293
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [0c6d2f6fb3a1]
    size_bytes:
      description: Size of its layers as they are stored, in bytes.
      type: int
      sample: 9876543210
    pushed_at:
      description: When it was pushed.
      type: str
      sample: "2026-11-28T08:00:00+00:00"
    scan:
      description: The scan for vulnerabilities.
      type: dict
      contains:
        status:
          description: Its state as ECR words it, C(NONE) where no scan was asked for.
          type: str
          sample: COMPLETE
        completed_at:
          description: When it was through, empty before.
          type: str
          sample: "2026-11-28T08:01:00+00:00"
        findings:
          description: How many vulnerabilities there are of each severity.
          type: dict
          sample: {"CRITICAL": 0, "HIGH": 2}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._ecr import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def moment(when: t.Any) -> str:
    return when.isoformat() if when else ""


def view(found: Resource) -> Resource:
    summary = found.get("imageScanFindingsSummary") or {}
    return {
        "digest": found["imageDigest"],
        "tags": sorted(found.get("imageTags") or []),
        "size_bytes": found.get("imageSizeInBytes") or 0,
        "pushed_at": moment(found.get("imagePushedAt")),
        "scan": {
            "status": (found.get("imageScanStatus") or {}).get("status", "NONE"),
            "completed_at": moment(summary.get("imageScanCompletedAt")),
            "findings": summary.get("findingSeverityCounts") or {},
        },
    }


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "repository": {"type": "str", "required": True},
            "tag": {"type": "str"},
            "digest": {"type": "str"},
        },
        mutually_exclusive=[("tag", "digest")],
        required_one_of=[("tag", "digest")],
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        identity = {"imageTag": options["tag"]} if options["tag"] else {"imageDigest": options["digest"]}
        found = api.find_image(module.client("ecr"), options["repository"], identity)
        module.exit_json(changed=False, image=view(found) if found else {})


if __name__ == "__main__":
    main()
