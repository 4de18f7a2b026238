#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: access_log_usage_info
version_added: 0.1.0
short_description: Tell who has used API keys, from an access log
description:
  - Reads the access log of an API Gateway stage in CloudWatch Logs, whose lines are JSON, and tells of each API key
    how often it was used, when last, and from which addresses.
  - Requests that were refused for what they asked count as use, for who sent them has the key. What a disabled or
    unknown key was refused for does not, since API Gateway logs no id of such a key.
  - API Gateway delivers access logs some minutes late, and on a best-effort basis.
  - It reads with C(FilterLogEvents), which costs nothing per query and finds what was written a moment ago. CloudWatch
    Logs Insights is charged by the volume that it scans, needs polling, and stops at 10000 lines.
  - "AWS references: U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html)
    and U(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - Name of the log group. One that does not exist is an error, for it cannot tell that nobody used a key.
    type: str
    required: true
    aliases: [log_group]
  key_ids:
    description:
      - The ids of the API keys, at most 18.
    type: list
    elements: str
    required: true
  hours:
    description:
      - How many hours to look back. Left out, as far as the log reaches.
    type: float
  newest:
    description:
      - Whether to tell only the newest one of all uses of these keys by clients. A request by which this collection
        proves a key, with the user agent C(central-llm), is none.
      - The log is read newest first, back to 2024, and no further than that use. With a botocore of before 2026-06-18,
        which knows no such order, all lines of these keys are read.
    type: bool
    default: false
  key_field:
    description:
      - The field of a line that holds C($context.identity.apiKeyId).
    type: str
    default: apiKeyId
  address_field:
    description:
      - The field of a line that holds C($context.identity.sourceIp).
    type: str
    default: sourceIp
  agent_field:
    description:
      - The field of a line that holds C($context.identity.userAgent), for O(newest).
    type: str
    default: userAgent
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Ask who has used a key during the last day
  central.llm.access_log_usage_info:
    name: /aws/apigateway/central-llm-rest-api/prod
    key_ids: [a1b2c3d4e5]
    hours: 24
  register: used

- name: Ask with which of a client's keys it came last
  central.llm.access_log_usage_info:
    name: /aws/apigateway/central-llm-rest-api/prod
    key_ids: [a1b2c3d4e5, f6g7h8i9j0]
    newest: true
  register: last
"""

RETURN = r"""
usage:
  description: One entry for each key that was used, in the order of O(key_ids).
  returned: always
  type: list
  elements: dict
  contains:
    key_id:
      description: Id of the key.
      type: str
      sample: a1b2c3d4e5
    requests:
      description: How many requests came with it.
      type: int
      sample: 17
    last_used:
      description: When the last one came, in ISO 8601.
      type: str
      sample: "2026-11-23T10:15:00+00:00"
    addresses:
      description: Where they came from, the last one first.
      type: list
      elements: dict
      sample: [{"address": "203.0.113.7", "requests": 17, "last_used": "2026-11-23T10:15:00+00:00"}]
"""

import time
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._logs import access_log, filtered
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def validate(options: Resource) -> None:
    if options["hours"] is not None and options["hours"] <= 0:
        raise InvalidInput(f"hours is {options['hours']}; it must be above 0.")
    if not 1 <= len(options["key_ids"]) <= access_log.MOST_KEYS:
        raise InvalidInput(f"key_ids has {len(options['key_ids'])} ids; it takes 1 to {access_log.MOST_KEYS}.")
    for option in ("key_field", "address_field", "agent_field"):
        if not access_log.is_field(options[option]):
            raise InvalidInput(f"{option} is {options[option]!r}; it takes letters, digits, '_' and '-'.")
    for key_id in options["key_ids"]:
        if not access_log.is_key_id(key_id):
            raise InvalidInput(f"key_ids has {key_id!r}, which is no id of an API key.")


def events_of(client: t.Any, options: Resource) -> list[Resource]:
    key_ids, key_field = options["key_ids"], options["key_field"]
    since = 0 if options["hours"] is None else int((time.time() - options["hours"] * 3600) * 1000)
    pattern = access_log.pattern(key_field, key_ids)
    if not options["newest"]:
        return filtered.filter_events(client, options["name"], pattern, since)

    def wanted(event: Resource) -> bool:
        return access_log.by_client(event, key_ids, key_field, options["agent_field"])

    newest = filtered.newest_event(client, options["name"], pattern, since, wanted)
    return [newest] if newest else []


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True, "aliases": ["log_group"]},
            "key_ids": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "hours": {"type": "float"},
            "newest": {"type": "bool", "default": False},
            "key_field": {"type": "str", "default": "apiKeyId", "no_log": False},
            "address_field": {"type": "str", "default": "sourceIp"},
            "agent_field": {"type": "str", "default": "userAgent"},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        validate(options)
        found = access_log.usage(
            events_of(module.client("logs"), options),
            options["key_ids"],
            options["key_field"],
            options["address_field"],
        )
        module.exit_json(changed=False, usage=found)


if __name__ == "__main__":
    main()
