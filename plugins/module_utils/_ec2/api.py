# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""EC2, one function per API call.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import email.utils
import typing as t

from .._aws import AwsCallError, aws_call

Item = dict[str, t.Any]

_DELETED_AT_ONCE = 200
_NO_TEMPLATE = ("InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound")
_NO_VERSION = (*_NO_TEMPLATE, "InvalidLaunchTemplateId.VersionNotFound")


def tag_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tag_dict(tags: t.Iterable[t.Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or []}


@aws_call("look up the launch template {name}", missing=_NO_TEMPLATE)
def find_launch_template(client: t.Any, name: str) -> Item | None:
    templates = client.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"]
    return templates[0] if templates else None


@aws_call("read the versions of the launch template {template_id}")
def list_launch_template_versions(client: t.Any, template_id: str) -> list[Item]:
    paginator = client.get_paginator("describe_launch_template_versions")
    pages = paginator.paginate(LaunchTemplateId=template_id, PaginationConfig={"PageSize": 200})
    return [version for page in pages for version in page["LaunchTemplateVersions"]]


@aws_call("read version {version} of the launch template {name}", missing=_NO_VERSION)
def find_launch_template_version(client: t.Any, name: str, version: str) -> Item | None:
    answer = client.describe_launch_template_versions(LaunchTemplateName=name, Versions=[version])
    versions = answer["LaunchTemplateVersions"]
    return versions[0] if versions else None


@aws_call("create the launch template {LaunchTemplateName}")
def create_launch_template(client: t.Any, request: Item) -> Item:
    return client.create_launch_template(**request)


@aws_call("create a version of the launch template {template_id}")
def create_launch_template_version(client: t.Any, template_id: str, data: Item) -> Item:
    # No SourceVersion: what is inherited is written out, so that a parameter can also be dropped.
    return client.create_launch_template_version(LaunchTemplateId=template_id, LaunchTemplateData=data)


@aws_call("make {version} the default version of the launch template {template_id}")
def set_default_version(client: t.Any, template_id: str, version: int) -> None:
    client.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=str(version))


@aws_call("delete versions of the launch template {template_id}")
def delete_launch_template_versions(client: t.Any, template_id: str, versions: list[int]) -> None:
    """AWS takes 200 at once, and answers with HTTP 200 even when it did not delete them."""
    for start in range(0, len(versions), _DELETED_AT_ONCE):
        numbers = [str(version) for version in versions[start : start + _DELETED_AT_ONCE]]
        answer = client.delete_launch_template_versions(LaunchTemplateId=template_id, Versions=numbers)
        failed = answer.get("UnsuccessfullyDeletedLaunchTemplateVersions")
        if failed:
            reasons = ", ".join(f"{item['VersionNumber']}: {item['ResponseError'].get('Message')}" for item in failed)
            raise AwsCallError(message=f"Failed to delete versions of the launch template {template_id}: {reasons}")


@aws_call("delete the launch template {template_id}", missing=_NO_TEMPLATE)
def delete_launch_template(client: t.Any, template_id: str) -> None:
    client.delete_launch_template(LaunchTemplateId=template_id)


@aws_call("tag {resource_id}")
def tag(client: t.Any, resource_id: str, tags: dict[str, str]) -> None:
    client.create_tags(Resources=[resource_id], Tags=tag_list(tags))


@aws_call("untag {resource_id}")
def untag(client: t.Any, resource_id: str, keys: list[str]) -> None:
    client.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in keys])


@aws_call("look for instances")
def find_instances(client: t.Any, tags: dict[str, str], states: t.Sequence[str]) -> list[Item]:
    """The instances in one of these states that carry all of these tags."""
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    filters.append({"Name": "instance-state-name", "Values": list(states)})
    pages = client.get_paginator("describe_instances").paginate(Filters=filters)
    found = [item for page in pages for reservation in page["Reservations"] for item in reservation["Instances"]]
    # '*' and '?' in a tag's value are wildcards to the filter, hence the second look.
    return [item for item in found if tags.items() <= tag_dict(item.get("Tags")).items()]


@aws_call("read the instances {instance_ids}", missing=("InvalidInstanceID.NotFound",), default=[])
def read_instances(client: t.Any, instance_ids: list[str]) -> list[Item]:
    pages = client.get_paginator("describe_instances").paginate(InstanceIds=instance_ids)
    return [item for page in pages for reservation in page["Reservations"] for item in reservation["Instances"]]


@aws_call("read the instances {instance_ids}")
def instances_by_id(client: t.Any, instance_ids: list[str]) -> dict[str, Item]:
    """Those of the instances that there are: asked by a filter, an unknown id is no error."""
    if not instance_ids:
        return {}
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-id", "Values": instance_ids}]
    )
    found = [item for page in pages for reservation in page["Reservations"] for item in reservation["Instances"]]
    return {item["InstanceId"]: item for item in found}


@aws_call("terminate the instances {instance_ids}", missing=("InvalidInstanceID.NotFound",))
def terminate_instances(client: t.Any, instance_ids: list[str]) -> None:
    client.terminate_instances(InstanceIds=instance_ids)


@aws_call("read the subnets {subnet_ids}")
def zones_of_subnets(client: t.Any, subnet_ids: list[str]) -> dict[str, str]:
    pages = client.get_paginator("describe_subnets").paginate(SubnetIds=subnet_ids)
    return {subnet["SubnetId"]: subnet["AvailabilityZone"] for page in pages for subnet in page["Subnets"]}


@aws_call("list the rules of the security groups {group_ids}")
def list_security_group_rules(client: t.Any, group_ids: list[str]) -> list[Item]:
    pages = client.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": group_ids}]
    )
    return [rule for page in pages for rule in page["SecurityGroupRules"]]


@aws_call("remove inbound rules of the security group {group_id}")
def revoke_ingress(client: t.Any, group_id: str, rule_ids: list[str]) -> None:
    client.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)


@aws_call("remove outbound rules of the security group {group_id}")
def revoke_egress(client: t.Any, group_id: str, rule_ids: list[str]) -> None:
    client.revoke_security_group_egress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)


@aws_call("read where the instance types {instance_types} are offered")
def zones_of_instance_types(client: t.Any, instance_types: list[str]) -> dict[str, set[str]]:
    """The availability zones of this region that offer each of the types."""
    pages = client.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": instance_types}]
    )
    zones: dict[str, set[str]] = {name: set() for name in instance_types}
    for page in pages:
        for offering in page["InstanceTypeOfferings"]:
            zones[offering["InstanceType"]].add(offering["Location"])
    return zones


@aws_call("start {what}")
def create_fleet(client: t.Any, what: str, request: Item) -> Item:
    """An instant fleet: the answer names the instances that started and says why others did not, both with HTTP 200."""
    return client.create_fleet(**request)


@aws_call("read the fleet {fleet_id}", missing=("InvalidFleetId.NotFound", "UnauthorizedOperation"))
def age_of_fleet(client: t.Any, fleet_id: str) -> float | None:
    """Seconds since the fleet was created, both by AWS's clock; None where AWS does not show it."""
    answer = client.describe_fleets(FleetIds=[fleet_id])
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not answer.get("Fleets") or not date:
        return None
    return (email.utils.parsedate_to_datetime(date) - answer["Fleets"][0]["CreateTime"]).total_seconds()
