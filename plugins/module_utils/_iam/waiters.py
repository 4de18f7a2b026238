# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What is waited for in IAM, which is eventually consistent: what was just created may not be found yet.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

from __future__ import annotations

import typing as t

from .._waiter import on_error, on_path, wait_for, waiter_model

_FOUND = [on_error("NoSuchEntity", "retry")]


def wait_for_role(client: t.Any, name: str, *, timeout: int) -> None:
    model = waiter_model("GetRole", [on_path("Role.RoleName", name, "success"), *_FOUND])
    wait_for(client, model, description=f"the role {name} to be there", timeout=timeout, RoleName=name)


def wait_for_profile(client: t.Any, name: str, role: str | None, *, timeout: int) -> None:
    """The profile with its role, where it is to have one."""
    there = on_path("InstanceProfile.InstanceProfileName", name, "success")
    if role:
        there = on_path(f"InstanceProfile.Roles[?RoleName=='{role}'] | length(@)", 1, "success")
    model = waiter_model("GetInstanceProfile", [there, *_FOUND])
    wait_for(
        client, model, description=f"the instance profile {name} to be there", timeout=timeout, InstanceProfileName=name
    )
