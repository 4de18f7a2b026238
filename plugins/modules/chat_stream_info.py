#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: chat_stream_info
version_added: 0.1.0
short_description: Stream a chat completion, and measure it
description:
  - Asks an OpenAI-compatible endpoint for a streamed completion and tells how long the first token took and how fast
    the others came, as a client sees it.
  - Fails unless the stream is whole.
  - The API key is read from Secrets Manager by the module itself, and is in no argument, result or log.
  - It calls itself C(central-llm), by which an access log tells its requests from those of clients.
  - "AWS reference: U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  secret:
    description:
      - Name of the secret with the key, JSON with the key as C(value). It is sent as C(x-api-key).
    type: str
    required: true
extends_documentation_fragment:
  - central.llm.attributes.info
  - central.llm.question
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Measure the endpoint
  central.llm.chat_stream_info:
    url: https://b3yr01g4hh.execute-api.eu-central-1.amazonaws.com/prod/v1/chat/completions
    secret: central-llm/clients/central-llm-client
    headers: {x-llm-source: ansible, x-llm-user: alice, x-llm-request-type: verify}
    model: my-model
"""

RETURN = r"""
first_token_seconds:
  description: Seconds from the request to the first token.
  returned: success
  type: float
  sample: 0.182
tokens:
  description: Tokens of the answer.
  returned: success
  type: int
  sample: 16
tokens_per_second:
  description: Tokens a second after the first one; null where there are too few to tell.
  returned: success
  type: float
  sample: 41.7
seconds:
  description: Seconds from the request to the last token.
  returned: success
  type: float
  sample: 0.542
"""

import time

from ansible_collections.central.llm.plugins.module_utils._chat import (
    QUESTION,
    NotAnswered,
    answer_to,
    read_key,
    unthrottled,
)
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._stream import Stream

_STREAM = "text/event-stream"


def ask(options: Resource, key: str) -> Stream:
    began = time.monotonic()
    stream = Stream()
    with answer_to(options, key, _STREAM, stream=True, stream_options={"include_usage": True}) as answer:
        kind = answer.headers.get("Content-Type", "")
        if not kind.startswith(_STREAM):
            raise NotAnswered(f"The answer is {kind or 'of no type'}, and no stream of events.")
        for line in answer:
            stream.feed(line.decode(errors="replace").rstrip("\r\n"), time.monotonic() - began)
    if stream.complaint:
        raise NotAnswered(f"The stream is not whole: {stream.complaint}.")
    return stream


def main() -> None:
    module = CollectionModule(
        argument_spec={**QUESTION, "secret": {"type": "str", "required": True, "no_log": False}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        key = read_key(module, module.client("secretsmanager"), module.params["secret"])
        try:
            stream = unthrottled(lambda: ask(module.params, key), module.params["throttled_timeout"])
        except NotAnswered as error:
            module.fail_json(msg=str(error))
        speed = stream.tokens_per_second
        module.exit_json(
            changed=False,
            first_token_seconds=round(stream.first_at or 0, 3),
            tokens=stream.tokens,
            tokens_per_second=None if speed is None else round(speed, 1),
            seconds=round(stream.last_at, 3),
        )


if __name__ == "__main__":
    main()
