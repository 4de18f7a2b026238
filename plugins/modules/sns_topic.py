#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic
version_added: 0.1.0
short_description: Manage an SNS topic and who is subscribed to it
description:
  - Creates, changes and deletes a standard topic. Only the options that are given are managed.
  - "AWS reference: U(https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the topic, 1 to 256 letters, digits, V(-) and V(_).
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the topic, V(absent) deletes it with all its subscriptions.
    type: str
    choices: [present, absent]
    default: present
  display_name:
    description:
      - Whom mails come from, at most 100 characters. An empty string is none.
    type: str
  kms_key_id:
    description:
      - Id, ARN or alias of the KMS key that messages are encrypted with. An empty string is none.
      - V(alias/aws/sns) lets no other service of AWS publish. A CloudWatch alarm needs a key whose policy allows
        C(cloudwatch.amazonaws.com) the actions C(kms:Decrypt) and C(kms:GenerateDataKey).
    type: str
  policy:
    description:
      - Who may publish, as a policy document. Without one a new topic gets AWS's, which lets its own account do all.
    type: json
  subscriptions:
    description:
      - Who is told. Whoever is subscribed already is left as it is.
      - A mail address and a web page have to confirm first. Until then they are told nothing, and count as subscribed
        here, so that no run asks them twice.
    type: list
    elements: dict
    suboptions:
      protocol:
        description:
          - What kind of endpoint it is.
        type: str
        choices: [application, email, email-json, http, https, lambda, sms, sqs]
        required: true
      endpoint:
        description:
          - A mail address, an address of the web, a telephone number, or an ARN.
        type: str
        required: true
  purge_subscriptions:
    description:
      - Whether subscriptions that are not in O(subscriptions) end. One that is not confirmed cannot be ended; AWS
        forgets it by itself after two days.
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
- name: Let somebody know by mail
  central.llm.sns_topic:
    name: my-alarms
    display_name: Alarms
    subscriptions:
      - protocol: email
        endpoint: operators@example.org
"""

RETURN = r"""
topic:
  description: The topic as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the topic.
      type: str
      returned: when it exists
      sample: arn:aws:sns:eu-central-1:123456789012:my-alarms
    name:
      description: Name of the topic.
      type: str
      sample: my-alarms
    display_name:
      description: Whom mails come from.
      type: str
      sample: Alarms
    kms_key_id:
      description: The key that messages are encrypted with, empty for none.
      type: str
      sample: ""
    policy:
      description: Who may publish.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    subscriptions:
      description: Who is told, by protocol and endpoint, those that have to confirm first among them.
      type: list
      elements: dict
      sample: [{"protocol": "email", "endpoint": "operators@example.org"}]
    pending:
      description: Endpoints that have not confirmed yet.
      type: list
      elements: str
      sample: [operators@example.org]
    tags:
      description: Tags of the topic.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import json
import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._at_once import at_once
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._iam import documents
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._sns import api

ATTRIBUTES = {"display_name": "DisplayName", "kms_key_id": "KmsMasterKeyId", "policy": "Policy"}
PROTOCOLS = ["application", "email", "email-json", "http", "https", "lambda", "sms", "sqs"]
# These have to agree; the others are the account's own, and agree at once.
ASKED_FIRST = frozenset({"email", "email-json", "http", "https"})
LONGEST_DISPLAY_NAME = 100
# https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")


def described(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """By protocol and endpoint; one that has ended stays in the list for a while."""
    there = {(each["Protocol"], each["Endpoint"]) for each in found if each["SubscriptionArn"] != "Deleted"}
    return [{"protocol": protocol, "endpoint": endpoint} for protocol, endpoint in sorted(there)]


def describe(client: t.Any, name: str, arn: str | None) -> tuple[Resource | None, dict[tuple[str, str], str]]:
    """The topic in the shape that this module returns, and the ARNs of confirmed subscriptions."""
    if arn is None:
        return None, {}
    attributes, found, tags = at_once(
        lambda: api.read_attributes(client, arn),
        lambda: api.list_subscriptions(client, arn),
        lambda: api.list_tags(client, arn),
    )
    if attributes is None:
        return None, {}
    topic = {
        "arn": arn,
        "name": name,
        "display_name": attributes.get("DisplayName", ""),
        "kms_key_id": attributes.get("KmsMasterKeyId", ""),
        "policy": json.loads(attributes.get("Policy") or "{}"),
        "subscriptions": described(found),
        "pending": sorted(each["Endpoint"] for each in found if each["SubscriptionArn"] == "PendingConfirmation"),
        "tags": tags,
    }
    confirmed = {
        (each["Protocol"], each["Endpoint"]): each["SubscriptionArn"]
        for each in found
        if each["SubscriptionArn"].startswith("arn:")
    }
    return topic, confirmed


def validate(options: Resource) -> Resource:
    """The options with the policy read, or what AWS would refuse, before anything is touched."""
    if not _NAME.match(options["name"]):
        raise InvalidInput(f"name: {options['name']!r} is not 1 to 256 letters, digits, '-' and '_'.")
    if len(options["display_name"] or "") > LONGEST_DISPLAY_NAME:
        raise InvalidInput(f"display_name: longer than the {LONGEST_DISPLAY_NAME} characters that SNS takes.")
    policy = None if options["policy"] is None else documents.read(options["policy"])
    for each in options["subscriptions"] or []:
        if each["protocol"] in ("http", "https") and not each["endpoint"].startswith(each["protocol"] + "://"):
            raise InvalidInput(f"subscriptions: {each['endpoint']!r} does not begin with {each['protocol']}://.")
        if each["protocol"].startswith("email") and "@" not in each["endpoint"]:
            raise InvalidInput(f"subscriptions: {each['endpoint']!r} is no mail address.")
        if each["protocol"] in ("application", "lambda", "sqs") and not each["endpoint"].startswith("arn:"):
            raise InvalidInput(f"subscriptions: {each['endpoint']!r} is no ARN, by which {each['protocol']} is told.")
    return {**options, "policy": policy}


def attribute_changes(desired: Resource, before: Resource) -> Resource:
    changes = differing(desired, before)
    # SNS stores a policy in its own words.
    if "policy" in changes and documents.same(changes["policy"], before["policy"]):
        del changes["policy"]
    return changes


def as_attribute(name: str, value: t.Any) -> str:
    return documents.compact(value) if name == "policy" else value


def surplus(before: Resource, options: Resource, confirmed: t.Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    """The subscriptions that purging ends."""
    if not options["purge_subscriptions"] or options["subscriptions"] is None:
        return []
    wanted = {(each["protocol"], each["endpoint"]) for each in options["subscriptions"]}
    there = [(each["protocol"], each["endpoint"]) for each in before["subscriptions"]]
    return [each for each in there if each not in wanted and each in confirmed]


def ensure_present(
    client: t.Any,
    before: Resource | None,
    confirmed: dict[tuple[str, str], str],
    options: Resource,
    *,
    check_mode: bool,
) -> tuple[bool, Resource]:
    name = options["name"]
    desired = given({key: options[key] for key in ATTRIBUTES})
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    found = before or {"name": name, "display_name": "", "kms_key_id": "", "subscriptions": [], "pending": []}
    ended = surplus(found, options, confirmed)
    stay = [each for each in found["subscriptions"] if (each["protocol"], each["endpoint"]) not in ended]
    new = [each for each in options["subscriptions"] or [] if each not in stay]
    asked = [each["endpoint"] for each in new if each["protocol"] in ASKED_FIRST]
    after = {
        **found,
        "subscriptions": sorted(stay + new, key=lambda each: (each["protocol"], each["endpoint"])),
        "pending": sorted([*found["pending"], *asked]),
        "tags": tags.after,
    }
    if before is None:
        after |= desired
        if not check_mode:
            request = {
                "Name": name,
                "Attributes": {ATTRIBUTES[key]: as_attribute(key, value) for key, value in desired.items()} or None,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.after.items()] or None,
            }
            arn = api.create_topic(client, request=given(request))
            for each in new:
                api.subscribe(client, arn, each["protocol"], each["endpoint"])
            # A topic that was made a moment ago may be in no list yet, and not be read either.
            after = describe(client, name, arn)[0] or {**after, "arn": arn}
        return True, after
    changes = attribute_changes(desired, before)
    if not check_mode:
        arn = before["arn"]
        for key, value in changes.items():
            api.set_attribute(client, arn, ATTRIBUTES[key], as_attribute(key, value))
        for each in new:
            api.subscribe(client, arn, each["protocol"], each["endpoint"])
        for each in ended:
            api.unsubscribe(client, confirmed[each])
        if tags.put:
            api.tag(client, arn, tags.put)
        if tags.remove:
            api.untag(client, arn, tags.remove)
    return bool(changes or new or ended or tags.changes), {**after, **changes}


def ensure_absent(client: t.Any, before: Resource | None, *, check_mode: bool) -> tuple[bool, Resource | None]:
    if before is None:
        return False, None
    if not check_mode:
        api.delete_topic(client, before["arn"])
    return True, None


def main() -> None:
    subscription = {
        "protocol": {"type": "str", "choices": PROTOCOLS, "required": True},
        "endpoint": {"type": "str", "required": True},
    }
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "display_name": {"type": "str"},
            "kms_key_id": {"type": "str", "no_log": False},
            "policy": {"type": "json"},
            "subscriptions": {"type": "list", "elements": "dict", "options": subscription},
            "purge_subscriptions": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = validate(module.params)
        client = module.client("sns")
        before, confirmed = describe(client, options["name"], api.find_topic(client, options["name"]))
        after: Resource | None
        if options["state"] == "present":
            changed, after = ensure_present(client, before, confirmed, options, check_mode=module.check_mode)
        else:
            before = module.removable(before)
            changed, after = ensure_absent(client, before, check_mode=module.check_mode)
        module.exit_with("topic", changed=changed, before=before, after=after, observed=["pending"])


if __name__ == "__main__":
    main()
