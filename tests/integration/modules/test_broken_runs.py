"""A module that is cut off at any of its writes is finished by its next run: the sweep, one module at a time."""

from __future__ import annotations

import json
import typing as t

import pytest
from lab_network import make_network

from lab.control.generations import is_read
from lab.testing import reset

TAGS = {"central-llm:stack": "central-llm"}
DENIED = {"kind": "error", "code": "AccessDeniedException", "message": "refused", "status": 403}
# Refused; carried out and its answer lost; the same, and the client's repetition refused.
KINDS = {"denied": [DENIED], "lost": [{"kind": "lost"}], "unheard": [{"kind": "lost"}, DENIED]}

Options = dict[str, t.Any]


def balancer(lab: t.Any) -> tuple[str, str]:
    """A balancer and a target group, by ARN."""
    elbv2, network = lab.client("elbv2"), make_network(lab)
    made = elbv2.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=network.subnet_ids[:1], SecurityGroups=network.group_ids
    )
    group = elbv2.create_target_group(Name="tg", Protocol="TCP", Port=8000, VpcId=network.vpc_id, TargetType="instance")
    return made["LoadBalancers"][0]["LoadBalancerArn"], group["TargetGroups"][0]["TargetGroupArn"]


def log_group(_lab: t.Any) -> Options:
    return {"name": "x", "retention_days": 30, "tags": TAGS}


def secret(_lab: t.Any) -> Options:
    return {"name": "x", "description": "y", "value": {"key": "z"}, "tags": TAGS}


def dynamodb_table(_lab: t.Any) -> Options:
    key = {"name": "pk", "type": "S"}
    return {"name": "table", "partition_key": key, "ttl_attribute": "until", "deletion_protection": True, "tags": TAGS}


def state_lock(lab: t.Any) -> Options:
    lab.client("dynamodb").create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return {"table": "table", "name": "x", "owner": "me"}


def ecs_cluster(_lab: t.Any) -> Options:
    return {"name": "x", "tags": TAGS}


def ecs_task_definition(_lab: t.Any) -> Options:
    return {"family": "x", "containers": [{"name": "x", "image": "y", "memory": 64}], "tags": TAGS}


def ecs_service(lab: t.Any) -> Options:
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="x")
    ecs.register_task_definition(family="x", containerDefinitions=[{"name": "x", "image": "y", "memory": 64}])
    return {"cluster": "x", "name": "x", "task_definition": "x:1", "desired_count": 0, "tags": TAGS, "wait": False}


def launch_template(lab: t.Any) -> Options:
    image = lab.client("ec2").describe_images()["Images"][0]["ImageId"]
    return {"name": "x-x", "image_id": image, "instance_type": "g6e.2xlarge", "tags": TAGS}


def ec2_fleet(lab: t.Any) -> Options:
    ec2 = lab.client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="x-x", LaunchTemplateData={"ImageId": launch_template(lab)["image_id"]}
    )
    subnet = next(each for each in ec2.describe_subnets()["Subnets"] if each["AvailabilityZone"].endswith("a"))
    rung = {"instance_type": "g6e.2xlarge", "subnet_id": subnet["SubnetId"]}
    return {"name": "x", "launch_template_name": "x-x", "overrides": [rung], "tags": TAGS}


def target_group(lab: t.Any) -> Options:
    network = make_network(lab)
    return {"name": "x", "vpc_id": network.vpc_id, "port": 8000, "deregistration_delay_seconds": 5, "tags": TAGS}


def network_lb(lab: t.Any) -> Options:
    network = make_network(lab)
    groups = {"security_group_ids": network.group_ids[:1], "enforce_privatelink_rules": False}
    return {"name": "x", "subnet_ids": network.subnet_ids[:2], **groups, "cross_zone": True, "tags": TAGS}


def network_lb_listener(lab: t.Any) -> Options:
    arn, group = balancer(lab)
    return {
        "load_balancer_arn": arn,
        "port": 8000,
        "target_group_arn": group,
        "idle_timeout_seconds": 900,
        "tags": TAGS,
    }


def api_gateway_account(lab: t.Any) -> Options:
    iam = lab.client("iam")
    trusted = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName="logs", AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]}))["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="logs", PolicyArn=policy)
    return {"cloudwatch_role_arn": arn}


def api_gateway_rest_api(_lab: t.Any) -> Options:
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    get = {"responses": {"200": {"description": "fine"}}, "x-amazon-apigateway-integration": mock}
    document = {"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {"/x": {"get": get}}}
    return {"name": "x", "definition": document, "tags": TAGS}


def api_gateway_stage(lab: t.Any) -> Options:
    gateway = lab.client("apigateway")
    api = gateway.create_rest_api(name="x", endpointConfiguration={"types": ["REGIONAL"]})
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK")
    limits = [{"path": "*", "method": "*", "throttling_rate_limit": 5.0, "throttling_burst_limit": 5}]
    stage = {"rest_api_id": api["id"], "name": "prod", "deployment": "present"}
    return {**stage, "method_settings": limits, "variables": {"a": "b"}, "tags": TAGS}


def api_gateway_usage_plan(lab: t.Any) -> Options:
    keys = [lab.client("apigateway").create_api_key(name=name, enabled=True)["id"] for name in ("one", "two")]
    return {"name": "x", "throttle": {"rate_limit": 5, "burst_limit": 10}, "keys": keys, "tags": TAGS}


def api_gateway_api_key(_lab: t.Any) -> Options:
    return {"name": "x", "tags": TAGS}


def api_gateway_vpc_link(lab: t.Any) -> Options:
    return {"name": "x", "subnet_ids": make_network(lab).subnet_ids[:2], "tags": TAGS}


# In the order of `up`; its other modules are amazon.aws's.
MODULES = [
    dynamodb_table,
    state_lock,
    launch_template,
    ec2_fleet,
    target_group,
    network_lb,
    network_lb_listener,
    log_group,
    ecs_cluster,
    ecs_task_definition,
    ecs_service,
    api_gateway_account,
    api_gateway_vpc_link,
    api_gateway_rest_api,
    api_gateway_stage,
    api_gateway_api_key,
    api_gateway_usage_plan,
    secret,
]


def order(faults: t.Any, place: tuple[str, str, int], kind: str) -> None:
    service, operation, position = place
    for fault in KINDS[kind]:
        faults.order(service=service, operation=operation, skip=position, **fault)


def writes(faults: t.Any) -> list[tuple[str, str, int]]:
    """Service, operation and how many of it came before, of each write that was seen."""
    found: list[tuple[str, str, int]] = []
    for call in faults.seen():
        if not is_read(call["operation"]):
            before = sum(seen[:2] == (call["service"], call["operation"]) for seen in found)
            found.append((call["service"], call["operation"], before))
    return found


each_module = pytest.mark.parametrize("prepare", MODULES, ids=lambda prepare: prepare.__name__)
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
@each_module
def test_the_next_run_finishes(lab: t.Any, run_module: t.Any, faults: t.Any, prepare: t.Any, kind: str) -> None:
    module, options = run_module(prepare.__name__), prepare(lab)
    faults.forget_calls()
    module.ok(**options)
    places = writes(faults)
    assert places
    for place in places:
        reset(lab)
        options = prepare(lab)
        order(faults, place, kind)
        broken = module(**options)
        faults.forget()
        assert kind != "denied" or broken.failed, f"{place} was refused, and nothing said so"
        module.ok(**options)
        module.settled(**options)


@each_kind
# The account's setting is everybody's, and is never removed.
@pytest.mark.parametrize(
    "prepare", [each for each in MODULES if each is not api_gateway_account], ids=lambda each: each.__name__
)
def test_the_next_removal_finishes(lab: t.Any, run_module: t.Any, faults: t.Any, prepare: t.Any, kind: str) -> None:
    def prepared() -> Options:
        options = prepare(lab)
        unprotected = {"deletion_protection": False} if "deletion_protection" in options else {}
        module.ok(**{**options, **unprotected})
        return {**options, **unprotected, "state": "absent"}

    module = run_module(prepare.__name__)
    options = prepared()
    faults.forget_calls()
    module.ok(**options)
    places = writes(faults)
    assert places
    for place in places:
        reset(lab)
        options = prepared()
        order(faults, place, kind)
        broken = module(**options)
        faults.forget()
        assert kind != "denied" or broken.failed, f"{place} was refused, and nothing said so"
        module.ok(**options)
        module.settled(**options)
