#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_key_probe_info
version_added: 0.1.0
short_description: Prove that an API key is let through at the live endpoint
description:
  - Sends requests with an API key until it was let through several times in a row, and fails where that never happens.
    A key that was just made, attached or enabled is refused for a while, by one node of API Gateway longer than by
    another; AWS states no time for that.
  - A throttled request (429) counts as let through, since API Gateway knows the key then.
  - It calls itself C(central-llm), by which an access log tells its requests from those of clients.
  - The value of the key is read from API Gateway, sent to O(url), and neither returned nor shown.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  key_id:
    description:
      - The id of the API key.
    type: str
    required: true
  url:
    description:
      - What to send GET to.
    type: str
    required: true
  headers:
    description:
      - Headers to send besides the key.
    type: dict
    default: {}
  times:
    description:
      - How often in a row the key has to be let through.
    type: int
    default: 5
  delay:
    description:
      - Seconds between two requests.
    type: int
    default: 3
  timeout:
    description:
      - After how many seconds to give up.
    type: int
    default: 600
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Wait until the gateway knows the key everywhere
  central.llm.api_gateway_key_probe_info:
    key_id: a1b2c3d4e5
    url: https://b3yr01g4hh.execute-api.eu-central-1.amazonaws.com/prod/healthz
    headers:
      x-llm-user: rotation
"""

RETURN = r"""
requests:
  description: How many requests were sent.
  returned: success
  type: int
  sample: 9
refused:
  description: How many of them were not let through.
  returned: success
  type: int
  sample: 4
"""

import time
import typing as t
import urllib.error

from ansible.module_utils.urls import open_url
from ansible_collections.central.llm.plugins.module_utils._apigateway import api_keys as api
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._logs.access_log import OWN_AGENT
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_LET_THROUGH = (200, 429)
# One request: an endpoint that hangs must not use up the whole time.
_REQUEST_TIMEOUT = 30


class NotProven(Exception):
    """The key was not let through often enough; the message says what came instead."""


def ask(url: str, headers: dict[str, str], key: str) -> tuple[bool, str]:
    """Whether the key was let through, and what the answer was."""
    try:
        with open_url(
            url, headers={**headers, "x-api-key": key}, http_agent=OWN_AGENT, timeout=_REQUEST_TIMEOUT
        ) as answer:
            return answer.status in _LET_THROUGH, f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace").replace(key, "********")
        return error.code in _LET_THROUGH, f"HTTP {error.code}: {said}"
    except (OSError, ValueError) as error:
        return False, str(error).replace(key, "********")


def prove(
    attempt: t.Callable[[], tuple[bool, str]], options: Resource, clock: t.Callable[[], float] = time.monotonic
) -> tuple[int, int]:
    """How many requests it took, and how many of them were refused."""
    end = clock() + options["timeout"]
    sent = refused = in_a_row = 0
    while True:
        passed, answer = attempt()
        sent += 1
        refused += not passed
        in_a_row = in_a_row + 1 if passed else 0
        if in_a_row == options["times"]:
            return sent, refused
        if clock() >= end:
            raise NotProven(
                f"The key {options['key_id']} was not let through {options['times']} times in a row within "
                f"{options['timeout']} s: {refused} of {sent} requests were refused. The last answer of "
                f"{options['url']} was {answer}"
            )
        time.sleep(options["delay"])


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "key_id": {"type": "str", "required": True, "no_log": False},
            "url": {"type": "str", "required": True},
            "headers": {"type": "dict", "default": {}},
            "times": {"type": "int", "default": 5},
            "delay": {"type": "int", "default": 3},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        if options["times"] < 1 or options["delay"] < 0 or options["timeout"] < 0:
            raise InvalidInput("times must be at least 1, delay and timeout 0 or more.")
        key = api.read_value(module.client("apigateway"), options["key_id"])
        module.no_log_values.add(key)
        headers = {str(name): str(value) for name, value in options["headers"].items()}
        try:
            sent, refused = prove(lambda: ask(options["url"], headers, key), options)
        except NotProven as error:
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, requests=sent, refused=refused)


if __name__ == "__main__":
    main()
