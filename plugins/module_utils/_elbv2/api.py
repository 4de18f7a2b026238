# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Elastic Load Balancing (version 2), one function per API call.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Answer = dict[str, t.Any]

_NO_LOAD_BALANCER = ("LoadBalancerNotFound",)
_NO_TARGET_GROUP = ("TargetGroupNotFound",)
_NO_LISTENER = ("ListenerNotFound",)
_NO_RESOURCE = _NO_LOAD_BALANCER + _NO_TARGET_GROUP + _NO_LISTENER


# Load balancers


@aws_call("look up the load balancer {name}", missing=_NO_LOAD_BALANCER)
def find_load_balancer(client: t.Any, name: str) -> Answer | None:
    """The load balancer of this name, of whatever type: names are unique in account and Region."""
    found = client.describe_load_balancers(Names=[name])["LoadBalancers"]
    return found[0] if found else None


@aws_call("list the load balancers")
def list_load_balancers(client: t.Any) -> list[Answer]:
    pages = client.get_paginator("describe_load_balancers").paginate()
    return [found for page in pages for found in page["LoadBalancers"]]


@aws_call("create the load balancer {Name}")
def create_load_balancer(client: t.Any, request: Answer) -> Answer:
    return client.create_load_balancer(**request)["LoadBalancers"][0]


@aws_call("read the attributes of {arn}", missing=_NO_LOAD_BALANCER, default={})
def load_balancer_attributes(client: t.Any, arn: str) -> dict[str, str]:
    return _as_dict(client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


@aws_call("change the attributes of {arn}")
def modify_load_balancer_attributes(client: t.Any, arn: str, attributes: dict[str, str]) -> None:
    client.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=_as_list(attributes))


@aws_call("set the subnets of {arn}")
def set_subnets(client: t.Any, arn: str, subnet_ids: list[str]) -> None:
    client.set_subnets(LoadBalancerArn=arn, Subnets=subnet_ids)


@aws_call("set the security groups of {LoadBalancerArn}")
def set_security_groups(client: t.Any, request: Answer) -> None:
    client.set_security_groups(**request)


@aws_call("delete the load balancer {arn}", missing=_NO_LOAD_BALANCER)
def delete_load_balancer(client: t.Any, arn: str) -> None:
    client.delete_load_balancer(LoadBalancerArn=arn)


# Target groups


@aws_call("look up the target group {name}", missing=_NO_TARGET_GROUP)
def find_target_group(client: t.Any, name: str) -> Answer | None:
    found = client.describe_target_groups(Names=[name])["TargetGroups"]
    return found[0] if found else None


@aws_call("create the target group {Name}")
def create_target_group(client: t.Any, request: Answer) -> Answer:
    return client.create_target_group(**request)["TargetGroups"][0]


@aws_call("change the health check of {TargetGroupArn}")
def modify_target_group(client: t.Any, request: Answer) -> None:
    client.modify_target_group(**request)


@aws_call("delete the target group {arn}", missing=("ResourceInUse",), default=False)
def delete_target_group(client: t.Any, arn: str) -> bool:
    """False where something still forwards to it. Deleting one that does not exist succeeds."""
    client.delete_target_group(TargetGroupArn=arn)
    return True


@aws_call("read the attributes of {arn}", missing=_NO_TARGET_GROUP, default={})
def target_group_attributes(client: t.Any, arn: str) -> dict[str, str]:
    return _as_dict(client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])


@aws_call("change the attributes of {arn}")
def modify_target_group_attributes(client: t.Any, arn: str, attributes: dict[str, str]) -> None:
    client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=_as_list(attributes))


@aws_call("read the health of the targets of {arn}", missing=_NO_TARGET_GROUP)
def target_health(client: t.Any, arn: str) -> list[Answer] | None:
    """The health of all targets; None where the target group does not exist."""
    return client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]


@aws_call("deregister targets of {arn}", missing=_NO_TARGET_GROUP)
def deregister_targets(client: t.Any, arn: str, targets: list[Answer]) -> None:
    client.deregister_targets(TargetGroupArn=arn, Targets=targets)


# Listeners


@aws_call("look up the listeners of {load_balancer_arn}", missing=_NO_LOAD_BALANCER)
def list_listeners(client: t.Any, load_balancer_arn: str) -> list[Answer] | None:
    """The listeners; None where the load balancer does not exist."""
    pages = client.get_paginator("describe_listeners").paginate(LoadBalancerArn=load_balancer_arn)
    return [listener for page in pages for listener in page["Listeners"]]


@aws_call("create the listener on port {Port} of {LoadBalancerArn}")
def create_listener(client: t.Any, request: Answer) -> Answer:
    return client.create_listener(**request)["Listeners"][0]


@aws_call("change the listener {ListenerArn}")
def modify_listener(client: t.Any, request: Answer) -> None:
    client.modify_listener(**request)


@aws_call("read the attributes of {arn}", missing=_NO_LISTENER, default={})
def listener_attributes(client: t.Any, arn: str) -> dict[str, str]:
    return _as_dict(client.describe_listener_attributes(ListenerArn=arn)["Attributes"])


@aws_call("change the attributes of {arn}")
def modify_listener_attributes(client: t.Any, arn: str, attributes: dict[str, str]) -> None:
    client.modify_listener_attributes(ListenerArn=arn, Attributes=_as_list(attributes))


@aws_call("delete the listener {arn}", missing=_NO_LISTENER)
def delete_listener(client: t.Any, arn: str) -> None:
    client.delete_listener(ListenerArn=arn)


# Tags


@aws_call("read the tags of {arn}", missing=_NO_RESOURCE, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    descriptions = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {tag["Key"]: tag.get("Value", "") for found in descriptions for tag in found["Tags"]}


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.add_tags(ResourceArns=[arn], Tags=tag_list(tags))


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.remove_tags(ResourceArns=[arn], TagKeys=keys)


def tag_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _as_dict(attributes: list[dict[str, str]]) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in attributes}


def _as_list(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in attributes.items()]
