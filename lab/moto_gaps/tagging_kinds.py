"""What bears tags in a Region, as GetResources names it.

moto lacks what follows here: the lab's own stores (API Gateway, fleets, web ACLs), ECR, rules, listeners, dashboards,
container instances, and of EC2 addresses, security group rules, endpoints, launch templates and network ACLs. It
counts buckets of every Region as one's own, and words some types of EC2 otherwise than their ARNs.

What its own service still describes is found here too: a terminated instance, a secret that waits for its deletion, a
task definition that was deregistered. IAM's users and roles are not found by AWS either:
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from __future__ import annotations

import itertools
import typing as t

from moto import backends
from moto.core.resource_tagging import iter_taggable_backends

from lab.context import ACCOUNT_ID
from lab.moto_gaps import apigateway_store, apigateway_vpc_links_v2, ec2_fleets, wafv2_web_acls

Tags = dict[str, str]
# Where a partition's global resources are found: https://docs.aws.amazon.com/tag-editor/latest/userguide/find-resources-to-tag.html
GLOBAL_REGION = "us-east-1"
# Of these, not all that moto knows, or not as AWS has it.
_OWN = {"ec2", "s3"}
LOOKS_AGAIN = 20

Found = t.Iterator[tuple[str, Tags]]


def tagged(region: str) -> dict[str, Tags]:
    """Tags by ARN, in the order of the ARNs; what bears none is not there."""
    for attempt in itertools.count(1):
        try:
            every = [*_of_moto(region), *itertools.chain(*(look(region) for look in LOOKS))]
            break
        except RuntimeError:
            # Another service's call changed a store while it was read: only a service's own calls are serialised.
            if attempt == LOOKS_AGAIN:
                raise
    return dict(sorted((arn, tags) for arn, tags in every if tags))


def _of_moto(region: str) -> Found:
    for each in iter_taggable_backends(ACCOUNT_ID, region):
        if each.SERVICE_NAMESPACE not in _OWN:
            yield from ((found.arn, dict(found.tags)) for found in each.iter_tagged_resources())


def made(service: str, region: str) -> t.Any:
    """moto's backend where there is one; a look makes none."""
    known = dict(backends.get_backend(t.cast("t.Any", service))[ACCOUNT_ID])
    return known.get(region)


def pairs(tags: t.Any) -> Tags:
    """Tags in either of the two spellings that AWS has for them."""
    return {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags or ()}


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html has the types in the ARNs.
def ec2(region: str) -> Found:
    at = f"arn:aws:ec2:{region}:{ACCOUNT_ID}"
    for fleet_id, fleet in ec2_fleets.fleets(region).items():
        yield f"{at}:fleet/{fleet_id}", pairs(fleet["Tags"])
    ec2 = made("ec2", region)
    if ec2 is None:
        return
    groups = [group for by_vpc in ec2.groups.values() for group in by_vpc.values()]
    kinds: dict[str, t.Iterable[t.Any]] = {
        "dhcp-options": ec2.dhcp_options_sets.values(),
        "elastic-ip": ec2.addresses,
        "image": ec2.amis.values(),
        "instance": (one for reservation in ec2.reservations.values() for one in reservation.instances),
        "internet-gateway": ec2.internet_gateways.values(),
        "launch-template": ec2.launch_templates.values(),
        "natgateway": ec2.nat_gateways.values(),
        "network-acl": ec2.network_acls.values(),
        "network-interface": ec2.enis.values(),
        "route-table": ec2.route_tables.values(),
        "security-group": groups,
        "security-group-rule": (rule for one in groups for rule in [*one.ingress_rules, *one.egress_rules]),
        "snapshot": ec2.snapshots.values(),
        "spot-instances-request": ec2.spot_instance_requests.values(),
        "subnet": (one for by_zone in ec2.subnets.values() for one in by_zone.values()),
        "volume": ec2.volumes.values(),
        "vpc": ec2.vpcs.values(),
        "vpc-endpoint": ec2.vpc_end_points.values(),
    }
    for kind, members in kinds.items():
        yield from ((f"{at}:{kind}/{one.id}", dict(ec2.tags.get(one.id, {}))) for one in members)


def s3(region: str) -> Found:
    s3 = made("s3", "aws")
    for bucket in s3.buckets.values() if s3 else ():
        if bucket.region_name == region:
            yield bucket.arn, s3.tagger.get_tag_dict_for_resource(bucket.arn)


def ecr(region: str) -> Found:
    ecr = made("ecr", region)
    for repository in ecr.repositories.values() if ecr else ():
        yield repository.arn, ecr.tagger.get_tag_dict_for_resource(repository.arn)


def rules(region: str) -> Found:
    events = made("events", region)
    for bus in events.event_buses.values() if events else ():
        yield from ((rule.arn, events.tagger.get_tag_dict_for_resource(rule.arn)) for rule in bus.rules.values())


def listeners(region: str) -> Found:
    elbv2 = made("elbv2", region)
    for balancer in elbv2.load_balancers.values() if elbv2 else ():
        for arn in balancer.listeners:
            yield arn, elbv2.tagging_service.get_tag_dict_for_resource(arn)


def container_instances(region: str) -> Found:
    ecs = made("ecs", region)
    for by_id in ecs.container_instances.values() if ecs else ():
        yield from ((one.container_instance_arn, pairs(getattr(one, "tags", None))) for one in by_id.values())


# https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
def apigateway(region: str) -> Found:
    at, store = f"arn:aws:apigateway:{region}::", apigateway_store.store(region)
    for name, api in store.apis.items():
        yield f"{at}/restapis/{name}", dict(api.info.get("tags") or {})
        for stage in api.stages.values():
            yield f"{at}/restapis/{name}/stages/{stage['stageName']}", dict(stage.get("tags") or {})
    for kind, members in (("apikeys", store.keys), ("usageplans", store.plans), ("vpclinks", store.links)):
        yield from ((f"{at}/{kind}/{name}", dict(one.get("tags") or {})) for name, one in members.items())
    for link in apigateway_vpc_links_v2.links(region):
        yield f"{at}/vpclinks/{link['VpcLinkId']}", dict(link["Tags"])


def wafv2(region: str) -> Found:
    yield from ((arn, dict(tags)) for arn, tags in wafv2_web_acls.store(region).tags.items())


def global_ones(region: str) -> Found:
    if region != GLOBAL_REGION:
        return
    iam = made("iam", "aws")
    for profile in iam.instance_profiles.values() if iam else ():
        yield profile.arn, pairs(profile.tags)
    # A dashboard belongs to no Region; moto keeps it in the one that it was made in.
    for cloudwatch in dict(backends.get_backend("cloudwatch")[ACCOUNT_ID]).values():
        for one in cloudwatch.dashboards.values():
            yield one.arn, cloudwatch.tagger.get_tag_dict_for_resource(one.arn)


LOOKS = (
    ec2,
    s3,
    ecr,
    rules,
    listeners,
    container_instances,
    apigateway,
    wafv2,
    global_ones,
)
