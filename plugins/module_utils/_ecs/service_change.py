# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What a service is asked to become: the task definition that is meant, and what AWS cannot change."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from . import api
from .service import same_revision
from .transformations import validate_name

Resource = dict[str, t.Any]


def resolve(client: t.Any, asked: str | None, current: str, *, check_mode: bool) -> str | None:
    """The ARN of the task definition that is asked for."""
    if asked is None or same_revision(asked, current):
        return current or None
    found = api.find_task_definition(client, asked)
    if found is not None and found.get("status", "ACTIVE") == "ACTIVE":
        return found["taskDefinitionArn"]
    if check_mode:
        # An earlier task of the same check may be the one that would register it.
        return asked
    raise InvalidInput(
        f"task_definition: {asked} is no ACTIVE task definition. "
        "Register it first, or give a family to take its newest revision."
    )


def validate(options: Resource, before: Resource | None) -> None:
    """Raise InvalidInput for what a service can never become."""
    strategy, launch_type = options["capacity_provider_strategy"], options["launch_type"]
    if launch_type is not None and strategy is not None:
        raise InvalidInput(
            "launch_type: AWS takes either a launch type or a capacity_provider_strategy; leave one out."
        )
    if before is None:
        validate_name(options["name"], "service")
        if options["task_definition"] is None:
            raise InvalidInput(f"task_definition: required to create the service {options['name']}.")
        return
    if launch_type not in (None, before["launch_type"]):
        found = before["launch_type"] or "a capacity provider strategy"
        raise InvalidInput(
            f"launch_type: the service {options['name']} runs on {found}, and AWS cannot change that to "
            f"{launch_type}. Delete the service first, use another name, or leave launch_type out."
        )


__all__ = ("resolve", "validate")
