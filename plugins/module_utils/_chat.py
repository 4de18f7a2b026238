# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Chat completions as a client asks for them, with a key that is read from Secrets Manager and shown to nobody."""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import time
import typing as t
import urllib.error

from ansible.module_utils.urls import open_url

from ._aws import InvalidInput
from ._logs.access_log import OWN_AGENT
from ._module import CollectionModule, Resource
from ._secretsmanager import api

# What a module is told of the question, besides whose key it asks with.
QUESTION: t.Final = {
    "url": {"type": "str", "required": True},
    "headers": {"type": "dict", "default": {}},
    "model": {"type": "str", "required": True},
    "prompt": {"type": "str", "default": "Say hello."},
    "max_tokens": {"type": "int", "default": 16, "no_log": False},
    "timeout": {"type": "int", "default": 300},
    "throttled_timeout": {"type": "int", "default": 30},
}

# As much of an answer that nobody expected as helps to understand it.
_SHOWN = 2000

# Seconds between two requests where one was too many.
_PAUSE = 1.0
# What says of a 429 that the quota is used up: to OpenAI's clients, and as API Gateway says it by itself.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_USED_UP = ("insufficient_quota", "Limit Exceeded")

T = t.TypeVar("T")


class NotAnswered(Exception):
    """There is no answer, or none that was asked for; the message says what there is."""


class Refused(NotAnswered):
    """An answer that is an error of HTTP."""

    def __init__(self, status: int, headers: t.Any, text: str) -> None:
        super().__init__(f"The answer is HTTP {status}: {text}")
        self.status = status
        self.headers = headers


def read_key(module: CollectionModule, client: t.Any, secret: str) -> str:
    """The key in a secret, which from here on is in nothing that the module says."""
    text = api.read_value(client, secret)
    if text is None:
        raise InvalidInput(f"There is no secret {secret}, or it has no value.")
    try:
        value = json.loads(text)["value"]
    except (ValueError, TypeError, KeyError):
        value = None
    if not isinstance(value, str) or not value:
        # Without the text: it may be the key all the same.
        raise InvalidInput(f"The secret {secret} is no JSON with the key as 'value'.")
    module.no_log_values.add(value)
    return value


@contextlib.contextmanager
def answer_to(options: Resource, key: str, accept: str, **further: t.Any) -> t.Iterator[t.Any]:
    """The answer to the question that a module was given, while it arrives; without a key, where that is empty."""
    body = {
        "model": options["model"],
        "messages": [{"role": "user", "content": options["prompt"]}],
        "max_tokens": options["max_tokens"],
        **further,
    }
    headers = {str(name): str(value) for name, value in options["headers"].items()}
    headers |= {"Content-Type": "application/json", "Accept": accept, **({"x-api-key": key} if key else {})}
    try:
        with open_url(
            options["url"],
            method="POST",
            data=json.dumps(body),
            headers=headers,
            http_agent=OWN_AGENT,
            timeout=options["timeout"],
        ) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN).decode(errors="replace")
        raise Refused(error.code, error.headers, said.replace(key, "********") if key else said) from error
    # What is cut off in the middle is neither of the first two.
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NotAnswered(f"No answer from {options['url']}: {error}") from error


def unthrottled(
    ask: t.Callable[[], T],
    timeout: int,
    clock: t.Callable[[], float] = time.monotonic,
    pause: t.Callable[[float], None] = time.sleep,
) -> T:
    """What comes of asking, which is repeated for so many seconds while there are too many requests."""
    end = clock() + timeout
    while True:
        try:
            return ask()
        except Refused as refused:
            if refused.status != http.HTTPStatus.TOO_MANY_REQUESTS:
                raise
            if any(words in str(refused) for words in _USED_UP):
                raise NotAnswered(
                    f"{refused} The quota of this key is used up until its next period: ask with the key of another "
                    "client, or raise the quota of this one."
                ) from refused
            if clock() >= end:
                raise
        pause(_PAUSE)


__all__ = ("QUESTION", "NotAnswered", "Refused", "answer_to", "read_key", "unthrottled")
