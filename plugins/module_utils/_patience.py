# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Calls that AWS refuses until something else is known everywhere: a role that was just made, a queue that is gone.

Most have no error code of their own, only words, so that botocore's retries do not know them.
"""

from __future__ import annotations

import contextlib
import typing as t

_DELAY = 2.0


@contextlib.contextmanager
def patience(client: t.Any, operation: str, words: t.Sequence[str], timeout: int) -> t.Iterator[None]:
    """Repeat the operation while AWS answers with one of these words or codes, for `timeout` seconds.

    botocore waits between attempts for as long as a handler says.
    """

    def wait(response: t.Any = None, attempts: int = 0, **_other: t.Any) -> float | None:
        error = response[1].get("Error", {}) if response else {}
        said = f"{error.get('Code')}: {error.get('Message')}"
        refused = any(each in said for each in words)
        return _DELAY if refused and attempts * _DELAY <= timeout else None

    event = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register_first(event, wait)
    try:
        yield
    finally:
        client.meta.events.unregister(event, wait)


__all__ = ("patience",)
