# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Creations that AWS would carry out twice: those without a client token, of what has no unique name.

A client repeats a call whose answer did not arrive, and cannot know whether it was carried out. For most creations
that is harmless, for a token or a unique name tells AWS that they are the same. For these it makes a second resource,
so that they are looked up before they are repeated.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import contextlib
import typing as t

try:
    from botocore.exceptions import HTTPClientError
except ImportError:  # AnsibleAWSModule reports a missing SDK.
    pass

from ._aws import AwsCallError

T = t.TypeVar("T")

_ATTEMPTS = 4


class Unanswered(Exception):
    """Nobody knows whether the call was carried out."""


def create_once(client: t.Any, operation: str, create: t.Callable[[], T], find: t.Callable[[], T | None]) -> T:
    """What `create` makes with one call of `operation`, or what an attempt without an answer turns out to have made.

    `find` looks for what only such an attempt can have made: the caller has looked before, and there was none.
    Refusals, throttling among them, are answers; the client deals with them as ever.
    """
    reason = ""
    with _silence_reported(client, operation):
        for _attempt in range(_ATTEMPTS):
            try:
                return create()
            except Unanswered as error:
                reason = str(error)
                made = find()
                if made is not None:
                    return made
    raise AwsCallError(
        message=f"AWS did not answer {operation} in {_ATTEMPTS} attempts, and nothing shows that one of them was "
        f"carried out: {reason}. Run again: should one show later, that run takes it.",
        exception=None,
    )


@contextlib.contextmanager
def _silence_reported(client: t.Any, operation: str) -> t.Iterator[None]:
    """Ask before the client's own retries do: what the handler raises ends them."""
    service = client.meta.service_model.service_id.hyphenize()
    event = f"needs-retry.{service}.{operation}"
    client.meta.events.register_first(event, _raise_unanswered)
    try:
        yield
    finally:
        client.meta.events.unregister(event, _raise_unanswered)


def _raise_unanswered(
    response: tuple[t.Any, dict[str, t.Any]] | None = None, caught_exception: Exception | None = None, **_other: t.Any
) -> None:
    """A connection that was never made is no such case: botocore has other exceptions for it."""
    if isinstance(caught_exception, HTTPClientError):
        raise Unanswered(str(caught_exception)) from caught_exception
    if response is not None and response[0].status_code >= 500:
        error = response[1].get("Error", {})
        raise Unanswered(f"{error.get('Code') or response[0].status_code}: {error.get('Message') or 'no message'}")


__all__ = ("Unanswered", "create_once")
