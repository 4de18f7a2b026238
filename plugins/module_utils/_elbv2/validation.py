# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What AWS would refuse, said before anything is written. Pure."""

from __future__ import annotations

import re
import typing as t

from .._aws import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_CODES = re.compile(r"\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?)*")


def validate_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name: '{name}' cannot name a {what}: AWS takes 1 to 32 letters, digits and hyphens, "
            "with no hyphen at either end."
        )


def validate_load_balancer_name(name: str) -> None:
    validate_name(name, "load balancer")
    if name.startswith("internal-"):
        raise InvalidInput(f"name: '{name}' begins with 'internal-', which AWS keeps for its own DNS names.")


def validate_range(option: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise InvalidInput(f"{option}: {value} is out of range; AWS takes {low} to {high}.")


def validate_matcher(matcher: str) -> None:
    """HTTP codes of a health check behind a Network Load Balancer."""
    numbers = [int(number) for number in re.findall(r"\d+", matcher)]
    if not _CODES.fullmatch(matcher) or not all(200 <= number <= 599 for number in numbers):
        raise InvalidInput(
            f"health_check.matcher: '{matcher}' is not understood; AWS takes codes from 200 to 599 "
            "as one ('200'), several ('200,204') or a range ('200-299')."
        )


def validate_unique(option: str, values: t.Sequence[str] | None) -> None:
    doubled = sorted({value for value in values or [] if (values or []).count(value) > 1})
    if doubled:
        raise InvalidInput(f"{option}: {', '.join(doubled)} is listed more than once.")


__all__ = (
    "validate_load_balancer_name",
    "validate_matcher",
    "validate_name",
    "validate_range",
    "validate_unique",
)
