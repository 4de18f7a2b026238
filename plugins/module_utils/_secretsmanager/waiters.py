# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What is waited for in Secrets Manager."""

from __future__ import annotations

import typing as t

from .._waiter import on_error, wait_for, waiter_model


def wait_gone(client: t.Any, name: str, *, timeout: int) -> None:
    """A deletion without recovery happens a moment after its answer; until then the name cannot be used again."""
    model = waiter_model("DescribeSecret", [on_error("ResourceNotFoundException", "success")])
    wait_for(client, model, description=f"the secret {name} to be deleted", timeout=timeout, SecretId=name)
