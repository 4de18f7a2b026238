"""Creations that AWS would carry out twice: a lost answer makes no second one, a lost call is made again."""

from __future__ import annotations

import typing as t

import pytest
from lab_network import make_network


class Creation(t.NamedTuple):
    service: str
    operation: str
    module: str
    returned: str
    options: t.Callable[[t.Any], dict[str, t.Any]]
    # The ids of all that there is of this kind.
    ids: t.Callable[[t.Any], list[str]]


def link_options(lab: t.Any) -> dict[str, t.Any]:
    return {"name": "x", "subnet_ids": make_network(lab).subnet_ids[:2]}


def link_options_v1(lab: t.Any) -> dict[str, t.Any]:
    subnets = make_network(lab).subnet_ids[:2]
    made = lab.client("elbv2").create_load_balancer(Name="x", Type="network", Scheme="internal", Subnets=subnets)
    return {"name": "x", "version": 1, "target_arns": [made["LoadBalancers"][0]["LoadBalancerArn"]]}


def named(_lab: t.Any) -> dict[str, t.Any]:
    return {"name": "x"}


def items(method: str) -> t.Callable[[t.Any], list[str]]:
    return lambda lab: [item["id"] for item in getattr(lab.client("apigateway"), method)()["items"]]


CREATIONS = [
    Creation("apigateway", "CreateApiKey", "api_gateway_api_key", "api_key", named, items("get_api_keys")),
    Creation("apigateway", "CreateUsagePlan", "api_gateway_usage_plan", "usage_plan", named, items("get_usage_plans")),
    Creation("apigateway", "CreateRestApi", "api_gateway_rest_api", "rest_api", named, items("get_rest_apis")),
    Creation(
        "apigateway", "CreateVpcLink", "api_gateway_vpc_link", "vpc_link", link_options_v1, items("get_vpc_links")
    ),
    Creation(
        "apigatewayv2",
        "CreateVpcLink",
        "api_gateway_vpc_link",
        "vpc_link",
        link_options,
        lambda lab: [link["VpcLinkId"] for link in lab.client("apigatewayv2").get_vpc_links()["Items"]],
    ),
]
each_creation = pytest.mark.parametrize(
    "creation", CREATIONS, ids=[f"{creation.service}-{creation.operation}" for creation in CREATIONS]
)


@each_creation
@pytest.mark.parametrize("kind", ["lost", "closed"])
def test_one_is_made(lab: t.Any, run_module: t.Any, faults: t.Any, creation: Creation, kind: str) -> None:
    module, options = run_module(creation.module), creation.options(lab)
    faults.lose(creation.service, creation.operation, kind=kind)
    outcome = module.ok(**options)
    assert outcome.changed
    assert creation.ids(lab) == [outcome[creation.returned]["id"]]
    module.settled(**options)


@each_creation
def test_a_failing_server_is_no_answer(lab: t.Any, run_module: t.Any, faults: t.Any, creation: Creation) -> None:
    options = creation.options(lab)
    faults.add(creation.service, creation.operation, "ServiceUnavailableException", status=503)
    outcome = run_module(creation.module).ok(**options)
    assert creation.ids(lab) == [outcome[creation.returned]["id"]]


@each_creation
def test_no_answer_at_all_is_said(lab: t.Any, run_module: t.Any, faults: t.Any, creation: Creation) -> None:
    options = creation.options(lab)
    faults.lose(creation.service, creation.operation, kind="closed", times=50)
    message = run_module(creation.module).refused(**options)
    assert f"AWS did not answer {creation.operation}" in message and "Run again" in message
    assert creation.ids(lab) == []


@each_creation
def test_throttling_is_still_left_to_the_client(
    lab: t.Any, run_module: t.Any, faults: t.Any, creation: Creation
) -> None:
    options = creation.options(lab)
    faults.add(creation.service, creation.operation, "TooManyRequestsException", status=429, times=2)
    outcome = run_module(creation.module).ok(**options)
    assert creation.ids(lab) == [outcome[creation.returned]["id"]]


def test_the_value_of_a_key_whose_answer_was_lost_is_read(lab: t.Any, run_module: t.Any, faults: t.Any) -> None:
    faults.lose("apigateway", "CreateApiKey")
    outcome = run_module("api_gateway_api_key").ok(name="x", return_value=True)
    (key,) = lab.client("apigateway").get_api_keys(includeValues=True)["items"]
    assert outcome["value"] == key["value"]


def test_a_replaced_link_is_not_taken_for_the_new_one(lab: t.Any, run_module: t.Any, faults: t.Any) -> None:
    module, options = run_module("api_gateway_vpc_link"), link_options(lab)
    old = module.ok(**options)["vpc_link"]["id"]
    faults.lose("apigatewayv2", "CreateVpcLink")
    (group, *_rest) = lab.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["one"]}])[
        "SecurityGroups"
    ]
    outcome = module.ok(**{**options, "security_group_ids": [group["GroupId"]]}, replace=True)
    assert outcome["replaced_id"] == old
    assert sorted(CREATIONS[-1].ids(lab)) == sorted([old, outcome["vpc_link"]["id"]])


@pytest.mark.parametrize("kind", ["lost", "closed"])
def test_one_revision_is_registered(lab: t.Any, run_module: t.Any, faults: t.Any, kind: str) -> None:
    module, ecs = run_module("ecs_task_definition"), lab.client("ecs")
    for revision, image in enumerate(("one", "two"), start=1):
        containers = [{"name": "x", "image": image, "memory": 64}]
        faults.lose("ecs", "RegisterTaskDefinition", kind=kind)
        assert module.ok(family="x", containers=containers)["task_definition"]["revision"] == revision
        assert len(ecs.list_task_definitions(familyPrefix="x")["taskDefinitionArns"]) == revision
        module.settled(family="x", containers=containers)
