# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The way of a request through security groups: from the gateway's link to the balancer, and from there to the hosts.

Pure: what there is goes in, what there shall be comes out.
"""

from __future__ import annotations

import dataclasses
import typing as t

Resource = dict[str, t.Any]

STACK_TAG = "central-llm:stack"
# In the order in which a request passes them; endpoints are what hosts reach AWS through.
DESCRIPTIONS = {
    "link": "central.llm: the VPC link of the gateway",
    "balancer": "central.llm: the internal load balancer",
    "host": "central.llm: the hosts of the engine",
    "endpoint": "central.llm: the endpoints of the services of AWS",
}
_SSH, _HTTPS = 22, 443


@dataclasses.dataclass(frozen=True)
class Settings:
    """What was asked for; a group without a name is not wanted, and without `ssh_cidrs` port 22 is left alone."""

    stack: str
    names: t.Mapping[str, str]
    port: int
    link_version: int
    subnet_cidrs: t.Sequence[str]
    ssh_cidrs: t.Sequence[str] | None
    purge: bool
    predicted: str


def plan(found: t.Sequence[Resource], made: t.Sequence[Resource], settings: Settings) -> Resource:
    """The groups that are wanted, their ids as far as they are known, and the rules of each."""
    by_name = {group["name"]: group for group in found}
    wanted = [_wanted(of, settings.names[of], by_name, settings) for of in DESCRIPTIONS if settings.names.get(of)]
    ids = {of: by_name.get(settings.names.get(of) or "", {}).get("group_id", "") for of in DESCRIPTIONS}
    for result in made:
        item, group_id = result["item"], (result.get("security_group") or {}).get("group_id")
        # Of a run for another stack before, in the same play, the names are others.
        if group_id and settings.names.get(item["of"]) == item["name"]:
            ids[item["of"]] = group_id
    return {"groups": wanted, "ids": ids, "rules": [_rules(group, ids, settings) for group in wanted]}


def _wanted(of: str, name: str, by_name: t.Mapping[str, Resource], settings: Settings) -> Resource:
    # Of endpoints, somebody else's group is never adopted: it has another description, which is refused.
    there = None if of == "endpoint" else by_name.get(name)
    # The groups of somebody else that the stack only uses: the tag tells them apart from ours, so they never get one.
    adopted = there is not None and (there.get("tags") or {}).get(STACK_TAG) != settings.stack
    description = (there or {}).get("description") or DESCRIPTIONS[of]
    return {"of": of, "name": name, "description": description, "adopted": adopted}


def _rules(group: Resource, ids: t.Mapping[str, str], settings: Settings) -> Resource:
    def peer(of: str, port: int) -> Resource:
        return {"from_port": port, "peer": ids[of] or settings.predicted, "description": _IN_WORDS[of]}

    of = group["of"]
    rules: Resource = {"group_id": ids[of] or settings.predicted}
    # Our own groups have exactly the wanted rules, adopted ones on request.
    exact = settings.purge or not group["adopted"]
    if of == "link":
        to = [peer("balancer", settings.port)] if settings.names.get("balancer") else []
        return {**rules, "egress": to, "purge_ingress": exact, "purge_egress": exact}
    if of == "balancer":
        # Through PrivateLink (version 1) nothing needs to be let in, so nobody in the VPC is either.
        linked = settings.names.get("link") and settings.link_version != 1
        return {
            **rules,
            "ingress": [peer("link", settings.port)] if linked else [],
            "egress": [peer("host", settings.port)],
            "purge_ingress": exact,
            "purge_egress": exact,
        }
    if of == "host":
        # A balancer without a group sends from addresses of its own, which AWS may choose anywhere in its subnets.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html
        addresses = [
            {"from_port": settings.port, "peer": cidr, "description": _IN_WORDS["balancer"]}
            for cidr in sorted(set(settings.subnet_cidrs))
        ]
        ssh = [
            {"from_port": _SSH, "peer": cidr, "description": "SSH, by llm_network_ssh_cidrs"}
            for cidr in dict.fromkeys(settings.ssh_cidrs or [])
        ]
        return {
            **rules,
            "ingress": [*([peer("balancer", settings.port)] if settings.names.get("balancer") else addresses), *ssh],
            # What leaves a host is not narrowed: it has to reach ECS, ECR, SSM, S3 and CloudWatch.
            "purge_ingress": exact,
            "purge_ports": [] if settings.ssh_cidrs is None else [_SSH],
        }
    return {**rules, "ingress": [peer("host", _HTTPS)], "purge_ingress": True}


_IN_WORDS = {of: description.partition(": ")[2] for of, description in DESCRIPTIONS.items()}


__all__ = ("DESCRIPTIONS", "STACK_TAG", "Settings", "plan")
