# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""VPC links of both versions: which one is meant, what of it cannot change, and whether it can be used. Pure."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput

Link = dict[str, t.Any]
Options = t.Mapping[str, t.Any]

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MOST_SUBNETS = 10


class Found(t.NamedTuple):
    """The link that is meant, the ids of others of its name, and the ids of those that are being deleted."""

    link: Link | None
    others: list[str]
    leaving: list[str]


def differences(link: Link, options: Options, fixed: t.Sequence[str]) -> list[str]:
    """The options whose value AWS would have to change and cannot; order does not count."""
    return [name for name in fixed if options[name] is not None and sorted(set(options[name])) != link[name]]


def find(links: t.Sequence[Link], options: Options, fixed: t.Sequence[str]) -> Found:
    """Look among all links of the region. The id wins; of several of a name the one that is as asked for."""
    wanted = _by_id(links, options) if options["id"] else None
    if options["id"] and wanted is None:
        return Found(None, [], [link["id"] for link in links if link["id"] == options["id"]])
    names = {wanted["name"] if wanted else options["name"]}
    if wanted and options["replace"]:
        # The link that took the place of the one with this id, in a run before this one.
        names |= {options["name"]} - {None}
    named = [link for link in links if link["name"] in names]
    leaving = [link["id"] for link in named if link["status"] == "DELETING"]
    living = [link for link in named if link["status"] != "DELETING"]
    if wanted is None:
        link = _choose(living, options, fixed)
    else:
        link = _replacement(wanted, living, options, fixed) if options["replace"] else wanted
    others = [each["id"] for each in living if link and each["id"] != link["id"]]
    return Found(link, others, leaving)


def _by_id(links: t.Sequence[Link], options: Options) -> Link | None:
    """None stands for a link that is gone, or about to be."""
    found = next((link for link in links if link["id"] == options["id"]), None)
    present = options["state"] == "present"
    if found is None and present:
        raise InvalidInput(
            f"There is no VPC link V{options['version']} with the id {options['id']}, and AWS chooses the ids of new "
            "ones. Correct the id or the version, or leave the id out to find or create the link by its name."
        )
    if found and found["status"] == "DELETING":
        if present:
            raise InvalidInput(f"The VPC link {found['id']} is being deleted. Leave the id out to create a new one.")
        return None
    if found and not present and options["name"] not in (None, found["name"]):
        raise InvalidInput(
            f"The VPC link {found['id']} is named {found['name']}, not {options['name']}, and is not deleted. "
            "Correct the id or the name, or leave the name out."
        )
    return found


def _choose(living: list[Link], options: Options, fixed: t.Sequence[str]) -> Link | None:
    if len(living) <= 1:
        return living[0] if living else None
    same = [link for link in living if not differences(link, options, fixed)]
    if options["state"] == "present":
        # A link that failed and the one that was made instead of it.
        same = [link for link in same if link["status"] != "FAILED"] or same
    if len(same) == 1:
        return same[0]
    listed = "; ".join(f"{link['id']} ({link['status']}, {_shape(link, fixed)})" for link in living)
    raise InvalidInput(
        f"There are {len(living)} VPC links V{options['version']} named {options['name']}: {listed}. Names are not "
        "unique in API Gateway: give the id of the one that is meant, and delete those that nothing uses."
    )


def _replacement(wanted: Link, living: list[Link], options: Options, fixed: t.Sequence[str]) -> Link:
    if usable_as_asked(wanted, options, fixed):
        return wanted
    whole = {**options, **desired(wanted, options, fixed)}
    instead = [link for link in living if link["id"] != wanted["id"] and usable_as_asked(link, whole, fixed)]
    return instead[0] if len(instead) == 1 else wanted


def usable_as_asked(link: Link, options: Options, fixed: t.Sequence[str]) -> bool:
    return link["status"] != "FAILED" and not differences(link, options, fixed)


def desired(link: Link, options: Options, fixed: t.Sequence[str]) -> Link:
    """What a link that takes the place of this one is made of."""
    return {name: link[name] if options[name] is None else sorted(set(options[name])) for name in fixed}


def _shape(link: Link, fixed: t.Sequence[str]) -> str:
    return ", ".join(f"{name} {' '.join(link[name]) or 'none'}" for name in fixed)


def validate(options: Options, fixed: t.Sequence[str]) -> None:
    version = options["version"]
    foreign = [name for name in ("subnet_ids", "security_group_ids", "target_arns") if name not in fixed]
    if version == 2:
        foreign.append("description")
    for name in foreign:
        if options[name] is not None:
            raise InvalidInput(f"A VPC link V{version} has no {name}. Leave it out, or set version: {3 - version}.")
    if options["target_arns"] is not None and len(set(options["target_arns"])) != 1:
        raise InvalidInput("target_arns: a VPC link V1 has exactly one target, the ARN of a network load balancer.")
    for name in ("subnet_ids", "security_group_ids"):
        if options[name] == []:
            raise InvalidInput(f"{name} is empty. Give at least one, or leave it out.")
    if len(set(options["subnet_ids"] or [])) > MOST_SUBNETS:
        raise InvalidInput(f"subnet_ids: a VPC link V2 takes at most {MOST_SUBNETS} subnets.")


def check_new(options: Options, fixed: t.Sequence[str]) -> None:
    """What a link that does not exist yet cannot do without."""
    if options[fixed[0]] is None:
        raise InvalidInput(f"There is no VPC link named {options['name']} yet, and {fixed[0]} is needed to create it.")


def check_usable(link: Link, options: Options, fixed: t.Sequence[str]) -> None:
    """Refuse a link that cannot be made what is asked for, before anything is written."""
    if link["status"] == "FAILED":
        raise InvalidInput(
            f"The VPC link {link['id']} ({link['name']}) is FAILED: {link['status_message'] or 'AWS gives no reason'}. "
            "Remove the cause, then delete the link (state: absent with its id) and run again, or set replace: true."
        )
    differing = differences(link, options, fixed)
    if differing:
        listed = "; ".join(
            f"{name} is {', '.join(link[name]) or 'none'}, asked for is {', '.join(options[name])}"
            for name in differing
        )
        raise InvalidInput(
            f"The VPC link {link['id']} ({link['name']}) differs in what AWS cannot change: {listed}. Set replace: "
            "true to make a new link beside it, move the integrations to the new one, deploy, then delete this one."
        )
    if link["status"] == "INACTIVE" and options["wait"]:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
        raise InvalidInput(
            f"The VPC link {link['id']} ({link['name']}) is INACTIVE: {link['status_message'] or 'no reason given'}. "
            "A link that has had no traffic for 60 days loses its network interfaces, and requests over it fail. Send "
            "a request through the gateway: it makes API Gateway bring the link back within minutes. Then run again."
        )


__all__ = (
    "Found",
    "Link",
    "check_new",
    "check_usable",
    "desired",
    "differences",
    "find",
    "usable_as_asked",
    "validate",
)
