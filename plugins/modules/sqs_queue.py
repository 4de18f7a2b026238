#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_queue
version_added: 0.1.0
short_description: Manage an SQS queue
description:
  - Creates, changes and deletes a standard queue. Only the options that are given are managed.
  - "AWS reference: U(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the queue.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the queue, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  message_retention:
    description:
      - How many seconds a message is kept, 60 to 1209600. AWS keeps four days where nothing was given.
    type: int
  visibility_timeout:
    description:
      - How many seconds a message that was received stays hidden, 0 to 43200.
    type: int
  managed_encryption:
    description:
      - Whether messages are encrypted with a key of SQS's own.
    type: bool
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep what could not be delivered for two weeks
  central.llm.sqs_queue:
    name: my-dead-letters
    message_retention: 1209600
"""

RETURN = r"""
queue:
  description: The queue as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the queue.
      type: str
      returned: when it exists
      sample: arn:aws:sqs:eu-central-1:123456789012:my-dead-letters
    url:
      description: Address of the queue.
      type: str
      returned: when it exists
      sample: https://sqs.eu-central-1.amazonaws.com/123456789012/my-dead-letters
    name:
      description: Name of the queue.
      type: str
      sample: my-dead-letters
    message_retention:
      description: How many seconds a message is kept.
      type: int
      sample: 1209600
    visibility_timeout:
      description: How many seconds a message that was received stays hidden.
      type: int
      sample: 30
    managed_encryption:
      description: Whether messages are encrypted with a key of SQS's own.
      type: bool
      sample: true
    messages:
      description: How many messages are in it, about, those included that somebody has just received.
      type: int
      sample: 0
    tags:
      description: Tags of the queue.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._sqs import api

# What AWS takes where nothing was given.
DEFAULTS: Resource = {"message_retention": 345600, "visibility_timeout": 30, "managed_encryption": True}
ATTRIBUTES = {
    "message_retention": "MessageRetentionPeriod",
    "visibility_timeout": "VisibilityTimeout",
    "managed_encryption": "SqsManagedSseEnabled",
}
LIMITS = {"message_retention": (60, 1209600), "visibility_timeout": (0, 43200)}
# A message that is not to be seen yet, or that somebody has received, counts by itself.
KINDS = ("", "Delayed", "NotVisible")
# A name is free again a minute after its queue was deleted.
NAME_SECONDS = 90


def describe(client: t.Any, name: str, url: str | None) -> Resource | None:
    """The queue in the shape that this module returns."""
    if url is None:
        return None
    attributes, tags = at_once(lambda: api.read_attributes(client, url), lambda: api.list_tags(client, url))
    if attributes is None:
        return None
    return {
        "arn": attributes["QueueArn"],
        "url": url,
        "name": name,
        "message_retention": int(attributes["MessageRetentionPeriod"]),
        "visibility_timeout": int(attributes["VisibilityTimeout"]),
        "managed_encryption": attributes.get("SqsManagedSseEnabled", "false") == "true",
        "messages": sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in KINDS),
        "tags": tags,
    }


def validate(options: Resource) -> None:
    """What AWS would refuse, before anything is touched."""
    for name, (least, most) in LIMITS.items():
        if options[name] is not None and not least <= options[name] <= most:
            raise InvalidInput(f"{name}: {options[name]} is not between {least} and {most}.")
    if options["name"].endswith(".fifo"):
        raise InvalidInput("name: a FIFO queue is none that this module manages.")


def attributes_of(options: Resource) -> dict[str, str]:
    return {ATTRIBUTES[name]: str(value).lower() for name, value in options.items()}


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in DEFAULTS})
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None:
        after = {"name": name, **DEFAULTS, **desired, "messages": 0, "tags": tags.after}
        if check_mode:
            return True, after
        request = {"QueueName": name, "Attributes": attributes_of({**DEFAULTS, **desired}), "tags": tags.after}
        url = api.create_queue(client, request=request, timeout=NAME_SECONDS)
        # "You must wait at least one second after the queue is created to be able to use the queue."
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
        return True, describe(client, name, url) or {**after, "arn": api.arn_of(client, url), "url": url}
    changes = differing(desired, before)
    if not check_mode:
        if changes:
            api.set_attributes(client, before["url"], attributes_of(changes))
        if tags.put:
            api.tag(client, before["url"], tags.put)
        if tags.remove:
            api.untag(client, before["url"], tags.remove)
    return bool(changes or tags.changes), {**before, **changes, "tags": tags.after}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_queue(client, before["url"])
    return True, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "message_retention": {"type": "int"},
            "visibility_timeout": {"type": "int"},
            "managed_encryption": {"type": "bool"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("sqs")
        before = describe(client, module.params["name"], api.find_queue(client, module.params["name"]))
        after: Resource | None
        if module.params["state"] == "present":
            changed, after = ensure_present(client, before, module.params, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("queue", changed=changed, before=before, after=after, observed=["messages"])


if __name__ == "__main__":
    main()
