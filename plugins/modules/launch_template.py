#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_template
version_added: 0.1.0
short_description: Manage an EC2 launch template
description:
  - Creates, changes and deletes a launch template. Only the options that are given are managed,
    what the newest version holds beyond them is carried over.
  - Versions are immutable. A change makes a new version, and no change makes none.
  - The options are compared with the newest version, whoever made it.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the template, 3 to 128 letters, digits and C(( ) . - / _).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the template, V(absent) deletes it with all versions. Instances stay.
    type: str
    choices: [present, absent]
    default: present
  image_id:
    description:
      - Id of the image that instances are started from.
    type: str
  image_parameter:
    description:
      - Name of a parameter of Systems Manager that holds the id of an image, for a template that has no image yet. An
        image that is there is kept, whatever the parameter says by now.
    type: str
  refresh_image:
    description:
      - Whether the image that O(image_parameter) names now replaces the one that is there.
    type: bool
    default: false
  instance_type:
    description: Type of the instances.
    type: str
  instance_profile_arn:
    description:
      - ARN of the instance profile. An empty string removes it.
    type: str
  security_group_ids:
    description:
      - Ids of the security groups of the instances, in any order. An empty list removes them.
      - Where the template describes network interfaces, these are the groups of the first interface, as AWS demands.
    type: list
    elements: str
  associate_public_ip_address:
    description:
      - Whether the instances get a public IPv4 address, at a charge. Left out of a template, the subnet decides.
      - AWS takes it at a network interface only. A template without one gets one, and the security groups move there,
        where AWS then demands them.
    type: bool
  user_data:
    description:
      - User data in plain text, at most 16384 bytes. It is encoded for AWS here. An empty string removes it.
      - It must hold no secrets, since whoever may read the template reads it, and a diff shows it.
    type: str
  metadata_options:
    description:
      - The instance metadata service.
      - "AWS reference: U(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html)."
    type: dict
    suboptions:
      http_tokens:
        description:
          - Whether a session token is V(required) (IMDSv2) or V(optional).
        type: str
        choices: [optional, required]
      http_put_response_hop_limit:
        description:
          - How many network hops the token may travel, 1 to 64. A container behind a bridge is one hop further.
        type: int
      http_endpoint:
        description:
          - Whether the service answers at all.
        type: str
        choices: [enabled, disabled]
      instance_metadata_tags:
        description:
          - Whether an instance can read its own tags.
        type: str
        choices: [enabled, disabled]
  block_devices:
    description:
      - The EBS volumes, all of them. A device that the template has and that is not listed is removed.
      - Parameters of a listed device that are left out stay as they are.
    type: list
    elements: dict
    suboptions:
      device_name:
        description:
          - Name of the device. V(/dev/xvda) is the root of Amazon Linux images.
        type: str
        required: true
      volume_size:
        description:
          - Size in GiB.
        type: int
      volume_type:
        description:
          - Type of the volume.
        type: str
        choices: [gp2, gp3, io1, io2, sc1, st1, standard]
      throughput:
        description:
          - Throughput of a gp3 volume in MiB/s, 125 to 2000 and at most a quarter of O(block_devices[].iops).
        type: int
      iops:
        description:
          - I/O operations a second of a gp3, io1 or io2 volume. gp3 has 3000 where nothing is given.
        type: int
      encrypted:
        description:
          - Whether the volume is encrypted.
        type: bool
      kms_key_id:
        description:
          - Id, alias or ARN of the KMS key, with O(block_devices[].encrypted=true). An empty string is the default key.
        type: str
      delete_on_termination:
        description:
          - Whether the volume is deleted together with its instance.
        type: bool
      volume_initialization_rate:
        description:
          - Rate at which the blocks of a snapshot are fetched, 100 to 300 MiB/s, at a charge. V(0) leaves it to AWS.
          - "AWS reference: U(https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html)."
        type: int
  shutdown_behavior:
    description:
      - What a shutdown from within does to the instance.
    type: str
    choices: [stop, terminate]
  instance_tags:
    description:
      - Tags of the instances, all of them. An empty dictionary removes them.
    type: dict
  volume_tags:
    description:
      - Tags of the volumes, all of them. An empty dictionary removes them.
    type: dict
  network_interface_tags:
    description:
      - Tags of the network interfaces, all of them. An empty dictionary removes them.
    type: dict
  key_name:
    description: Name of the SSH key pair. An empty string removes it.
    type: str
  monitoring:
    description:
      - Whether CloudWatch gets metrics every minute, at a charge, instead of every five.
    type: bool
  default:
    description:
      - V(latest) makes the newest version the default one, V(unchanged) leaves the default where it is.
    type: str
    choices: [latest, unchanged]
    default: latest
  keep_versions:
    description:
      - How many of the newest versions are kept, at least 1. Older ones but the default are deleted. Else all stay.
    type: int
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Describe the GPU host
  central.llm.launch_template:
    name: central-llm-launch-template
    image_parameter: /aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id
    instance_type: g6e.2xlarge
    instance_profile_arn: arn:aws:iam::123456789012:instance-profile/central-llm-host
    security_group_ids: [sg-01348191cf1b4bc37]
    user_data: "{{ lookup('ansible.builtin.template', 'user-data.sh.j2') }}"
    metadata_options:
      http_tokens: required
      http_put_response_hop_limit: 1
    block_devices:
      - device_name: /dev/xvda
        volume_size: 100
        volume_type: gp3
        throughput: 500
        encrypted: true
        delete_on_termination: true
        volume_initialization_rate: 300
    shutdown_behavior: terminate
    instance_tags:
      Name: central-llm-ec2
      central-llm:stack: central-llm
    keep_versions: 10

- name: Try a new image without starting hosts from it yet
  central.llm.launch_template:
    name: central-llm-launch-template
    image_id: ami-0123456789abcdef0
    default: unchanged
"""

RETURN = r"""
launch_template:
  description: The template as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the template.
      type: str
      returned: when it exists
      sample: lt-0123456789abcdef0
    name:
      description: Name of the template.
      type: str
      sample: central-llm-launch-template
    latest_version:
      description: Number of the newest version.
      type: int
      sample: 7
    default_version:
      description: Number of the version that instances are started from when none is named.
      type: int
      sample: 7
    versions:
      description: Numbers of all versions that exist.
      type: list
      elements: int
      sample: [5, 6, 7]
    data:
      description: What the newest version holds, in the names of this module's options.
      type: dict
      sample: {"image_id": "ami-0ea47fea769e59918", "instance_type": "g6e.2xlarge"}
    tags:
      description: Tags of the template itself.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import plan_tags
from ansible_collections.central.llm.plugins.module_utils._ec2 import api
from ansible_collections.central.llm.plugins.module_utils._ec2.images import read_image_parameter
from ansible_collections.central.llm.plugins.module_utils._ec2.template_data import merge, same, view
from ansible_collections.central.llm.plugins.module_utils._ec2.template_limits import (
    validate_interfaces,
    validate_model,
    validate_options,
    validate_volumes,
)
from ansible_collections.central.llm.plugins.module_utils._ec2.template_options import ARGUMENT_SPEC
from ansible_collections.central.llm.plugins.module_utils._ec2.template_versions import plan_versions, warnings_of
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def describe(client: t.Any, name: str) -> tuple[Resource | None, Resource]:
    """The template in the shape that this module returns, and its newest version's data as AWS has it."""
    template = api.find_launch_template(client, name)
    if template is None:
        return None, {}
    versions = api.list_launch_template_versions(client, template["LaunchTemplateId"])
    newest = max(versions, key=lambda version: version["VersionNumber"])
    resource = {
        "id": template["LaunchTemplateId"],
        "name": name,
        "latest_version": newest["VersionNumber"],
        "default_version": template["DefaultVersionNumber"],
        "versions": sorted(version["VersionNumber"] for version in versions),
        "data": view(newest["LaunchTemplateData"]),
        "tags": api.tag_dict(template.get("Tags")),
    }
    return resource, newest["LaunchTemplateData"]


def create(client: t.Any, name: str, data: Resource, tags: dict[str, str]) -> Resource:
    request: Resource = {"LaunchTemplateName": name, "LaunchTemplateData": data}
    if tags:
        request["TagSpecifications"] = [{"ResourceType": "launch-template", "Tags": api.tag_list(tags)}]
    return api.create_launch_template(client, request=request)


def with_image(options: Resource, newest: Resource, resolve: t.Callable[[str], str]) -> Resource:
    """The options with the parameter's image, where that is to be looked up."""
    wanted = options["image_parameter"] and (options["refresh_image"] or not newest.get("ImageId"))
    return {**options, "image_id": resolve(options["image_parameter"])} if wanted else options


def ensure_present(
    client: t.Any, options: Resource, resolve: t.Callable[[str], str], *, check_mode: bool
) -> tuple[Resource | None, Resource, list[str]]:
    """The template before and after, and what AWS warns about."""
    validate_options(options)
    before, newest = describe(client, options["name"])
    options = with_image(options, newest, resolve)
    wanted = merge(newest, options)
    validate_model(client, wanted)
    validate_interfaces(newest, options)
    if options["block_devices"]:
        validate_volumes(view(wanted)["block_devices"])
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])

    if before is None:
        if not wanted:
            raise InvalidInput(f"There is no launch template {options['name']} and no option says what to put into it.")
        numbers = {"latest_version": 1, "default_version": 1, "versions": [1]}
        after = {"name": options["name"], **numbers, "data": view(wanted), "tags": tags.after}
        if check_mode:
            return None, after, []
        answer = create(client, options["name"], wanted, tags.after)
        return None, {"id": answer["LaunchTemplate"]["LaunchTemplateId"], **after}, warnings_of(answer)

    change = plan_versions(
        before,
        new_version=not same(newest, wanted),
        default=options["default"],
        keep=options["keep_versions"],
    )
    warnings: list[str] = []
    if not check_mode:
        if change.new_version:
            warnings = warnings_of(api.create_launch_template_version(client, before["id"], wanted))
        if change.default != before["default_version"]:
            api.set_default_version(client, before["id"], change.default)
        api.delete_launch_template_versions(client, before["id"], change.prune)
        if tags.put:
            api.tag(client, before["id"], tags.put)
        if tags.remove:
            api.untag(client, before["id"], tags.remove)
    after = {
        **before,
        "latest_version": change.latest,
        "default_version": change.default,
        "versions": change.versions,
        "data": view(wanted),
        "tags": tags.after,
    }
    return before, after, warnings


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> None:
    if before and not check_mode:
        api.delete_launch_template(client, before["id"])


def main() -> None:
    module = CollectionModule(
        argument_spec=ARGUMENT_SPEC, mutually_exclusive=[("image_id", "image_parameter")], supports_check_mode=True
    )
    with module.failures_reported():
        client = module.client("ec2")
        before: Resource | None
        after: Resource | None = None
        if module.params["state"] == "present":

            def resolve(parameter: str) -> str:
                return read_image_parameter(module.client("ssm"), parameter)

            before, after, warnings = ensure_present(client, module.params, resolve, check_mode=module.check_mode)
            for warning in warnings:
                module.warn(warning)
        else:
            before = module.removable(describe(client, module.params["name"])[0])
            ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("launch_template", changed=before != after, before=before, after=after)


if __name__ == "__main__":
    main()
