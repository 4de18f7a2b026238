# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The many names of a KMS key: id, ARN, alias, ARN of the alias. Pure."""

from __future__ import annotations

# AWS leaves the key out of its answers where it is its own.
_OWN = "alias/aws/secretsmanager"


def normal(key: str) -> str:
    """The name of a key, empty for AWS's own."""
    return "" if key == _OWN or key.endswith(f":{_OWN}") else key


def same(one: str, other: str) -> bool:
    """Whether both name the same key, as far as the names tell: an alias and an id do not."""
    short, long = sorted((normal(one), normal(other)), key=len)
    return short == long or (short != "" and long.endswith((f":{short}", f"/{short}")))


__all__ = ("normal", "same")
