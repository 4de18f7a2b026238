# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What of a stack's resources stays while nobody changes anything, and what of that nobody asks for. Pure.

The resources are those of `stack_info`.
"""

from __future__ import annotations

import typing as t

Resource = t.Mapping[str, t.Any]

# Types of what comes and goes with sessions, images and keys, while the rooms of a stack stay as they are.
PASSING = frozenset(
    {
        "apikeys",
        "container-instance",
        "fleet",
        "image",
        "instance",
        "network-interface",
        "schedule",
        "snapshot",
        "spot-instances-request",
        "task",
        "task-definition",
        "volume",
    }
)


def lasting(resources: t.Iterable[Resource]) -> list[Resource]:
    return [each for each in resources if each["type"] not in PASSING]


def unasked(resources: t.Iterable[Resource], known: t.Iterable[Resource]) -> list[Resource]:
    """What lasts and is none of the known, each of which has a name and an id."""
    words = {str(word) for each in known for word in (each["name"], each["id"]) if word}
    return [each for each in lasting(resources) if not words & _words_of(each)]


def _words_of(resource: Resource) -> set[str]:
    """What a room may call it: by its ARN, or by what that ends with. Of AWS WAF that is a name and an id."""
    owner, _slash, last = resource["id"].rpartition("/")
    return {resource["arn"], resource["id"], last, owner if resource["service"] == "wafv2" else ""} - {""}


__all__ = ("PASSING", "lasting", "unasked")
