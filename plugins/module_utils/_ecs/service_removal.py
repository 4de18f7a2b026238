# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""How a service goes: scaled down, deleted, and its name free again."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from . import api, waiters

Resource = dict[str, t.Any]


def ensure_absent(client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool) -> bool:
    if before is None:
        return False
    cluster, name, timeout = options["cluster"], options["name"], options["wait_timeout"]
    under_way = before["status"] == "DRAINING"
    busy = before["desired_count"] or before["running_count"] or before["pending_count"]
    gently = bool(busy) and not options["force"] and not under_way
    if gently and not options["wait"]:
        raise InvalidInput(
            f"The service {name} still has tasks, and AWS deletes it only when they have stopped. "
            "Allow the module to wait, or give force: true to have AWS stop them."
        )
    if not check_mode:
        if gently:
            api.update_service(client, request={"cluster": cluster, "service": name, "desiredCount": 0})
            waiters.wait_until_idle(client, cluster, name, timeout)
        if not under_way:
            api.delete_service(client, cluster, name, force=options["force"])
        if options["wait"]:
            waiters.wait_until_inactive(client, cluster, name, timeout)
    return not under_way


def clear_the_name(client: t.Any, options: Resource, *, check_mode: bool) -> None:
    """Let a deletion that is under way end: AWS gives the name free only then."""
    if not options["wait"]:
        raise InvalidInput(
            f"The service {options['name']} is being deleted, and AWS gives its name free only when that is done. "
            "Run again later, or allow the module to wait."
        )
    if not check_mode:
        waiters.wait_until_inactive(client, options["cluster"], options["name"], options["wait_timeout"])


__all__ = ("clear_the_name", "ensure_absent")
