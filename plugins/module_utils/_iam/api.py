# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""IAM, one function per API call.

https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .documents import Document, compact, parse

_MISSING = ("NoSuchEntity",)

Answer = dict[str, t.Any]


# Roles


@aws_call("look up the role {name}", missing=_MISSING)
def find_role(client: t.Any, name: str) -> Answer | None:
    return client.get_role(RoleName=name)["Role"]


@aws_call("create the role {RoleName}")
def create_role(client: t.Any, request: Answer) -> None:
    client.create_role(**request)


@aws_call("delete the role {name}", missing=_MISSING)
def delete_role(client: t.Any, name: str) -> None:
    client.delete_role(RoleName=name)


@aws_call("change the trust policy of the role {name}")
def put_trust(client: t.Any, name: str, document: Document) -> None:
    client.update_assume_role_policy(RoleName=name, PolicyDocument=compact(document))


@aws_call("change the role {RoleName}")
def update_role(client: t.Any, request: Answer) -> None:
    client.update_role(**request)


@aws_call("set the permissions boundary {arn} of the role {name}")
def put_boundary(client: t.Any, name: str, arn: str) -> None:
    client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=arn)


@aws_call("remove the permissions boundary of the role {name}", missing=_MISSING)
def delete_boundary(client: t.Any, name: str) -> None:
    client.delete_role_permissions_boundary(RoleName=name)


@aws_call("tag the role {name}")
def tag_role(client: t.Any, name: str, tags: dict[str, str]) -> None:
    client.tag_role(RoleName=name, Tags=tag_list(tags))


@aws_call("untag the role {name}")
def untag_role(client: t.Any, name: str, keys: list[str]) -> None:
    client.untag_role(RoleName=name, TagKeys=keys)


# Policies of a role


@aws_call("list the policies attached to the role {name}", missing=_MISSING, default=[])
def attached_policies(client: t.Any, name: str) -> list[str]:
    pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


@aws_call("attach the policy {arn} to the role {name}")
def attach_policy(client: t.Any, name: str, arn: str) -> None:
    client.attach_role_policy(RoleName=name, PolicyArn=arn)


@aws_call("detach the policy {arn} from the role {name}", missing=_MISSING)
def detach_policy(client: t.Any, name: str, arn: str) -> None:
    client.detach_role_policy(RoleName=name, PolicyArn=arn)


@aws_call("list the inline policies of the role {name}", missing=_MISSING, default=[])
def inline_policy_names(client: t.Any, name: str) -> list[str]:
    pages = client.get_paginator("list_role_policies").paginate(RoleName=name)
    return [policy for page in pages for policy in page["PolicyNames"]]


@aws_call("read the inline policy {policy} of the role {name}", missing=_MISSING, default={})
def inline_policy(client: t.Any, name: str, policy: str) -> Document:
    return parse(client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])


@aws_call("write the inline policy {policy} of the role {name}")
def put_inline_policy(client: t.Any, name: str, policy: str, document: Document) -> None:
    client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=compact(document))


@aws_call("delete the inline policy {policy} of the role {name}", missing=_MISSING)
def delete_inline_policy(client: t.Any, name: str, policy: str) -> None:
    client.delete_role_policy(RoleName=name, PolicyName=policy)


# Instance profiles


@aws_call("look up the instance profile {name}", missing=_MISSING)
def find_profile(client: t.Any, name: str) -> Answer | None:
    return client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]


@aws_call("list the instance profiles of the role {name}", missing=_MISSING, default=[])
def profiles_of_role(client: t.Any, name: str) -> list[str]:
    pages = client.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name)
    return [profile["InstanceProfileName"] for page in pages for profile in page["InstanceProfiles"]]


@aws_call("create the instance profile {InstanceProfileName}")
def create_profile(client: t.Any, request: Answer) -> None:
    client.create_instance_profile(**request)


@aws_call("delete the instance profile {name}", missing=_MISSING)
def delete_profile(client: t.Any, name: str) -> None:
    client.delete_instance_profile(InstanceProfileName=name)


@aws_call("put the role {role} into the instance profile {name}")
def add_role(client: t.Any, name: str, role: str) -> None:
    client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)


@aws_call("take the role {role} out of the instance profile {name}", missing=_MISSING)
def remove_role(client: t.Any, name: str, role: str) -> None:
    client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)


@aws_call("tag the instance profile {name}")
def tag_profile(client: t.Any, name: str, tags: dict[str, str]) -> None:
    client.tag_instance_profile(InstanceProfileName=name, Tags=tag_list(tags))


@aws_call("untag the instance profile {name}")
def untag_profile(client: t.Any, name: str, keys: list[str]) -> None:
    client.untag_instance_profile(InstanceProfileName=name, TagKeys=keys)


# Simulation


@aws_call("simulate the policies of {PolicySourceArn}")
def simulate(client: t.Any, request: Answer) -> list[Answer]:
    pages = client.get_paginator("simulate_principal_policy").paginate(**request)
    return [result for page in pages for result in page["EvaluationResults"]]


def tag_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_dict(tags: t.Iterable[t.Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or ()}
