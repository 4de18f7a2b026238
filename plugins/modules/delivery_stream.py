#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: delivery_stream
version_added: 0.1.0
short_description: Manage an Amazon Data Firehose stream into an S3 bucket
description:
  - Creates, changes and deletes a delivery stream that is put to directly and delivers into a bucket. Only the options
    that are given are managed.
  - What a stream has taken and not delivered yet is lost when it is deleted.
  - "AWS reference: U(https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the stream, 1 to 64 letters, digits, V(-), V(_) and V(.).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the stream, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  bucket_arn:
    description:
      - ARN of the bucket. Required where the stream does not exist, like O(role_arn).
    type: str
  role_arn:
    description:
      - ARN of the role that the stream writes with.
    type: str
  prefix:
    description:
      - What the keys of objects begin with. V(!{timestamp:yyyy-MM-dd}) stands for the time of arrival, in UTC.
    type: str
  error_prefix:
    description:
      - What the keys of objects begin with that hold what could not be processed. Required where O(prefix) has an
        expression, and then has V(!{firehose:error-output-type}).
    type: str
  buffer_mib:
    description:
      - An object is written once so many MiB have come, 1 to 128.
    type: int
  buffer_seconds:
    description:
      - An object is written at the latest after so many seconds, 0 to 900.
    type: int
  compression:
    description:
      - How objects are compressed.
    type: str
    choices: [UNCOMPRESSED, GZIP, ZIP, Snappy, HADOOP_SNAPPY]
  unpack_logs:
    description:
      - Whether what comes are packed batches of CloudWatch Logs, to be written one a line, unpacked. AWS charges for
        that by the GB.
    type: bool
  encrypted:
    description:
      - Whether what waits in the stream is encrypted, with a key that AWS owns. What is written is encrypted as the
        bucket says.
    type: bool
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - central.llm.waiting
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep what two logs say, by day
  central.llm.delivery_stream:
    name: my-records
    bucket_arn: arn:aws:s3:::my-records-123456789012-eu-central-1
    role_arn: arn:aws:iam::123456789012:role/my-records
    prefix: records/day=!{timestamp:yyyy-MM-dd}/
    error_prefix: errors/!{firehose:error-output-type}/
    compression: GZIP
    unpack_logs: true
"""

RETURN = r"""
delivery_stream:
  description: The stream as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the stream.
      type: str
      returned: when it exists
      sample: arn:aws:firehose:eu-central-1:123456789012:deliverystream/my-records
    name:
      description: Name of the stream.
      type: str
      sample: my-records
    bucket_arn:
      description: ARN of the bucket.
      type: str
      sample: arn:aws:s3:::my-records-123456789012-eu-central-1
    role_arn:
      description: ARN of the role that it writes with.
      type: str
      sample: arn:aws:iam::123456789012:role/my-records
    prefix:
      description: What the keys of objects begin with.
      type: str
      sample: records/day=!{timestamp:yyyy-MM-dd}/
    error_prefix:
      description: What the keys of objects begin with that could not be processed.
      type: str
      sample: errors/!{firehose:error-output-type}/
    buffer_mib:
      description: MiB after which an object is written.
      type: int
      sample: 5
    buffer_seconds:
      description: Seconds after which an object is written.
      type: int
      sample: 300
    compression:
      description: How objects are compressed.
      type: str
      sample: GZIP
    unpack_logs:
      description: Whether batches of CloudWatch Logs are unpacked.
      type: bool
      sample: true
    encrypted:
      description: Whether what waits is encrypted.
      type: bool
      sample: false
    status:
      description: What AWS is doing with it.
      type: str
      returned: when it exists
      sample: ACTIVE
    tags:
      description: Tags of the stream.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._firehose import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

NEEDED = ("bucket_arn", "role_arn")
# What AWS takes where nothing is said. https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
DEFAULTS: Resource = {
    "prefix": "",
    "error_prefix": "",
    "buffer_mib": 5,
    "buffer_seconds": 300,
    "compression": "UNCOMPRESSED",
    "unpack_logs": False,
    "encrypted": False,
}
# A batch stays whole: its lines need group, stream and ids.
# https://docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs-decompression.html
UNPACKING = [
    {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
    {"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]},
]
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}\Z")
_KIND_OF_ERROR = "!{firehose:error-output-type}"


def described(found: Resource, tags: dict[str, str]) -> Resource:
    name = found["DeliveryStreamName"]
    to = found["Destinations"][0].get("ExtendedS3DestinationDescription") if found["Destinations"] else None
    if to is None or found["DeliveryStreamType"] != "DirectPut":
        raise InvalidInput(f"The delivery stream {name} is of another kind than this module manages.")
    hints, processing = to.get("BufferingHints") or {}, to.get("ProcessingConfiguration") or {}
    processors = {each["Type"] for each in processing.get("Processors") or []} if processing.get("Enabled") else set()
    encryption = found.get("DeliveryStreamEncryptionConfiguration") or {}
    return {
        "arn": found["DeliveryStreamARN"],
        "name": name,
        "bucket_arn": to["BucketARN"],
        "role_arn": to["RoleARN"],
        "prefix": to.get("Prefix") or "",
        "error_prefix": to.get("ErrorOutputPrefix") or "",
        "buffer_mib": hints.get("SizeInMBs", DEFAULTS["buffer_mib"]),
        "buffer_seconds": hints.get("IntervalInSeconds", DEFAULTS["buffer_seconds"]),
        "compression": to.get("CompressionFormat") or "UNCOMPRESSED",
        "unpack_logs": processors >= {each["Type"] for each in UNPACKING},
        "encrypted": encryption.get("Status") in ("ENABLED", "ENABLING"),
        "status": found["DeliveryStreamStatus"],
        "tags": tags,
    }


def describe(client: t.Any, name: str) -> tuple[Resource | None, Resource]:
    """The stream in the shape that this module returns, and what a change of it has to name; one that is going is none.

    AWS refuses a change of another version than the one that was read here.
    """
    found = api.find_stream(client, name)
    if found is None or found["DeliveryStreamStatus"] == "DELETING":
        return None, {}
    stream = described(found, api.list_tags(client, name))
    version = {
        "CurrentDeliveryStreamVersionId": found["VersionId"],
        "DestinationId": found["Destinations"][0]["DestinationId"],
    }
    return stream, version


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    if not _NAME.match(options["name"]):
        raise InvalidInput(f"name: {options['name']!r} is not 1 to 64 letters, digits, '-', '_' and '.'.")
    for option, least, most in (("buffer_mib", 1, 128), ("buffer_seconds", 0, 900)):
        if options[option] is not None and not least <= options[option] <= most:
            raise InvalidInput(f"{option}: {options[option]} is not {least} to {most}.")


def require_prefixes(wanted: Resource) -> None:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""
    if "!{" in wanted["prefix"] and not wanted["error_prefix"]:
        raise InvalidInput("error_prefix: must be given where prefix has an expression.")
    if wanted["error_prefix"] and "!{" in wanted["prefix"] and _KIND_OF_ERROR not in wanted["error_prefix"]:
        raise InvalidInput(f"error_prefix: must have {_KIND_OF_ERROR} where prefix has an expression.")


def destination(wanted: Resource) -> Resource:
    found = {
        "BucketARN": wanted["bucket_arn"],
        "RoleARN": wanted["role_arn"],
        "Prefix": wanted["prefix"],
        "ErrorOutputPrefix": wanted["error_prefix"],
        "BufferingHints": {"SizeInMBs": wanted["buffer_mib"], "IntervalInSeconds": wanted["buffer_seconds"]},
        "CompressionFormat": wanted["compression"],
    }
    unpack = wanted["unpack_logs"]
    return {**found, "ProcessingConfiguration": {"Enabled": unpack, "Processors": UNPACKING if unpack else []}}


def create(client: t.Any, wanted: Resource, tags: dict[str, str], *, timeout: int) -> None:
    encryption = {"KeyType": "AWS_OWNED_CMK"} if wanted["encrypted"] else None
    request = {
        "DeliveryStreamName": wanted["name"],
        "DeliveryStreamType": "DirectPut",
        "ExtendedS3DestinationConfiguration": destination(wanted),
        "DeliveryStreamEncryptionConfigurationInput": encryption,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()] or None,
    }
    api.create_stream(client, request=given(request), timeout=timeout)


def change(client: t.Any, wanted: Resource, version: Resource, changes: Resource, *, timeout: int) -> None:
    name = wanted["name"]
    if changes.keys() - {"encrypted"}:
        request = {"DeliveryStreamName": name, **version, "ExtendedS3DestinationUpdate": destination(wanted)}
        api.update_destination(client, request=request, timeout=timeout)
    if "encrypted" in changes:
        if changes["encrypted"]:
            api.start_encryption(client, name)
        else:
            api.stop_encryption(client, name)


def ensure_present(
    client: t.Any, before: Resource | None, version: Resource, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in (*NEEDED, *DEFAULTS)})
    missing = [key for key in NEEDED if key not in desired]
    if before is None and missing:
        raise InvalidInput(f"There is no delivery stream {name}; {', '.join(missing)} must be given.")
    found = before or {"name": name, **DEFAULTS, "tags": {}}
    tags = plan_tags(found["tags"], options["tags"], purge=options["purge_tags"])
    changes = differing(desired, before or {})
    after = {**found, **desired, "tags": tags.after}
    require_prefixes(after)
    timeout = options["wait_timeout"] if options["wait"] else 0
    if not check_mode:
        if before is None:
            create(client, after, tags.after, timeout=timeout)
        else:
            change(client, after, version, changes, timeout=timeout)
            if tags.put:
                api.tag(client, name, tags.put)
            if tags.remove:
                api.untag(client, name, tags.remove)
        # One that another run has begun to make is waited for, too.
        waits = before is None or "encrypted" in changes or before.get("status") == "CREATING"
        if options["wait"] and waits:
            api.wait_active(client, name, encrypted=after["encrypted"], timeout=timeout)
        if before is None:
            after = describe(client, name)[0] or after
    return before is None or bool(changes) or tags.changes, after


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_stream(client, before["name"])
        if options["wait"]:
            api.wait_gone(client, before["name"], timeout=options["wait_timeout"])
    return True, None


def main() -> None:
    compressions = ["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"]
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "bucket_arn": {"type": "str"},
            "role_arn": {"type": "str"},
            "prefix": {"type": "str"},
            "error_prefix": {"type": "str"},
            "buffer_mib": {"type": "int"},
            "buffer_seconds": {"type": "int"},
            "compression": {"type": "str", "choices": compressions},
            "unpack_logs": {"type": "bool"},
            "encrypted": {"type": "bool"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        validate(options)
        client = module.client("firehose")
        before, version = describe(client, options["name"])
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, version, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, options, check_mode=module.check_mode)
        module.exit_with("delivery_stream", changed=changed, before=before, after=after, observed=["status"])


if __name__ == "__main__":
    main()
