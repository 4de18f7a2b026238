#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_lines_info
version_added: 0.1.0
short_description: Show the last lines of a CloudWatch log stream
description:
  - Reads the end of the stream that was written to last, without what looks like a secret.
  - A group or stream that does not exist has no lines; that is no error.
  - What is hidden is told by names such as C(api_key=) and by well-known shapes. It is a precaution, and no reason to
    log secrets.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - Name of the log group.
    type: str
    required: true
    aliases: [log_group]
  stream_prefix:
    description:
      - With what the stream's name begins.
    type: str
    default: ""
  lines:
    description:
      - How many lines to show at most.
    type: int
    default: 20
  since:
    description:
      - Leave out what was logged before, in ISO 8601.
    type: str
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look at what the engine said last
  central.llm.log_lines_info:
    name: /ecs/central-llm-service
    stream_prefix: engine/vllm/
"""

RETURN = r"""
stream:
  description: Name of the stream; null when there is none.
  returned: always
  type: str
  sample: engine/vllm/0cf5ad6c0f0c4d3c9d7b7f2e6f0c4a5e
lines:
  description: The last lines, in the order in which they were logged.
  returned: always
  type: list
  elements: str
  sample: ["INFO 11-23 08:01:12 Loading model weights"]
"""

import datetime
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._logs import lines, streams
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
_MOST = 10000


def describe(client: t.Any, options: Resource, since: float) -> Resource:
    name = options["name"]
    stream = lines.newest_stream(streams.list_newest_streams(client, name), options["stream_prefix"])
    events = streams.last_events(client, name, stream, options["lines"]) if stream else []
    new = (event["message"] for event in events if event["timestamp"] >= since * 1000)
    return {"stream": stream, "lines": [lines.shown(message) for message in new]}


def moment(since: str | None) -> float:
    try:
        found = datetime.datetime.fromisoformat(since) if since else None
    except ValueError as error:
        raise InvalidInput(f"since is {since!r}, which is no time in ISO 8601.") from error
    if found is None:
        return 0
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True, "aliases": ["log_group"]},
            "stream_prefix": {"type": "str", "default": ""},
            "lines": {"type": "int", "default": 20},
            "since": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        if not 1 <= options["lines"] <= _MOST:
            raise InvalidInput(f"lines is {options['lines']}, it takes 1 to {_MOST}.")
        since = moment(options["since"])
        module.exit_json(changed=False, **describe(module.client("logs"), options, since))


if __name__ == "__main__":
    main()
