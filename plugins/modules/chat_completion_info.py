#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: chat_completion_info
version_added: 0.1.0
short_description: Ask for a chat completion, and require how it is answered
description:
  - Asks an OpenAI-compatible endpoint behind API Gateway for a completion, as a client does, and fails unless it
    answers with one of the expected states of HTTP. So it also proves that a request is refused.
  - Where it answers with 200, it fails unless there is a token.
  - The API key is read from Secrets Manager by the module itself, and is in no argument, result or log.
  - It calls itself C(central-llm), by which an access log tells its requests from those of clients.
  - "AWS reference: U(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  secret:
    description:
      - Name of the secret with the key, JSON with the key as C(value). It is sent as C(x-api-key).
      - Left out, the request has no key, and AWS is not asked for one.
    type: str
  status:
    description:
      - The states of HTTP that are as they should be.
    type: list
    elements: int
    default: [200]
extends_documentation_fragment:
  - central.llm.attributes.info
  - central.llm.question
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Expect an answer
  central.llm.chat_completion_info:
    url: https://b3yr01g4hh.execute-api.eu-central-1.amazonaws.com/prod/v1/chat/completions
    secret: central-llm/clients/central-llm-client
    headers: {x-llm-source: ansible, x-llm-user: alice, x-llm-request-type: verify}
    model: my-model

- name: Expect a request without a key to be refused
  central.llm.chat_completion_info:
    url: https://b3yr01g4hh.execute-api.eu-central-1.amazonaws.com/prod/v1/chat/completions
    headers: {x-llm-source: ansible, x-llm-user: alice, x-llm-request-type: verify}
    model: my-model
    status: [403]
"""

RETURN = r"""
status:
  description: State of HTTP.
  returned: success
  type: int
  sample: 200
request_id:
  description:
    - API Gateway's extended id of the request, by which its access log knows it; empty where something else answered.
  returned: success
  type: str
  sample: JKJaXmPLvHcESHA=
tokens:
  description: Tokens of the answer; 0 where the request was refused.
  returned: success
  type: int
  sample: 16
seconds:
  description: Seconds from the request to the whole answer.
  returned: success
  type: float
  sample: 0.542
"""

import json
import time
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._chat import (
    QUESTION,
    NotAnswered,
    Refused,
    answer_to,
    read_key,
    unthrottled,
)
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# What API Gateway calls the request in its access log, as $context.extendedRequestId.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
_REQUEST_ID = "x-amz-apigw-id"


def ask(options: Resource, key: str) -> Resource:
    began = time.monotonic()
    try:
        with answer_to(options, key, "application/json") as answer:
            status, headers, said = answer.status, answer.headers, answer.read()
    except Refused as refused:
        if refused.status not in options["status"]:
            raise
        status, headers, tokens = refused.status, refused.headers, 0
    else:
        if status not in options["status"]:
            raise NotAnswered(f"The answer is HTTP {status}, and was to be {_words(options['status'])}.")
        tokens = tokens_of(said)
    seconds = round(time.monotonic() - began, 3)
    return {"status": status, "request_id": headers.get(_REQUEST_ID, ""), "tokens": tokens, "seconds": seconds}


def tokens_of(said: bytes) -> int:
    """How many tokens a completion has; an answer that is none, or has none, is not what was asked for."""
    try:
        tokens = json.loads(said)["usage"]["completion_tokens"]
    except (ValueError, TypeError, KeyError):
        tokens = None
    if not isinstance(tokens, int):
        raise NotAnswered("The answer is no completion: it is not JSON with usage.completion_tokens.")
    if tokens < 1:
        raise NotAnswered("The endpoint answered, but without a token.")
    return tokens


def _words(states: t.Iterable[int]) -> str:
    return " or ".join(str(each) for each in states)


def main() -> None:
    module = CollectionModule(
        argument_spec={
            **QUESTION,
            "secret": {"type": "str", "no_log": False},
            "status": {"type": "list", "elements": "int", "default": [200]},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        unknown = [each for each in options["status"] if not 100 <= each <= 599]
        if unknown or not options["status"]:
            raise InvalidInput(f"status: {_words(unknown) or 'empty'}. It takes states of HTTP, 100 to 599.")
        key = ""
        if options["secret"]:
            key = read_key(module, module.client("secretsmanager"), options["secret"])
        try:
            found = unthrottled(lambda: ask(options, key), options["throttled_timeout"])
        except Refused as refused:
            module.fail_json(msg=f"{refused} (expected: {_words(options['status'])})")
        except NotAnswered as error:
            module.fail_json(msg=str(error))
        module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
