"""The stack as a whole: what status tells of it, and what teardown leaves of it."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import boto3
import pytest

from tests.tools.left_over import left_over

from .playing import Run, a_lab, forget_calls, play, writes


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, str]]:
    with a_lab(tmp_path_factory.mktemp("lab")) as environment:
        yield environment


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reference")


def status(lab: dict[str, str], reference: Path) -> Run:
    forget_calls(lab)
    run = play(lab, "status", "-e", f"llm_reference_folder={reference}")
    assert run.status == 0, run.output
    assert writes(lab) == []
    return run


def test_of_an_empty_account_everything_is_missing(lab: dict[str, str], reference: Path) -> None:
    run = status(lab, reference)
    assert "0 differ from the inventory" in run.output and "Hosts: none" in run.output
    written = json.loads((reference / "central-llm.json").read_text())
    assert written["resources"] == [] and written["endpoint"] == ""
    assert written["vpc"].startswith("vpc-"), "the default VPC is there"


def test_of_a_stack_that_is_up_everything_is_as_wanted(lab: dict[str, str], reference: Path) -> None:
    up = play(lab, "up")
    assert up.status == 0, up.output
    run = status(lab, reference)
    assert "0 differ from the inventory, 0 are missing" in run.output
    assert "Engines: 1 of 1 run. Healthy targets: 1" in run.output
    assert "Nobody asks for" not in run.output and "could not be looked at" not in run.output

    written = json.loads((reference / "central-llm.json").read_text())
    ids = {(resource["kind"], resource["name"]): resource["id"] for resource in written["resources"]}
    gateway, ec2, elbv2 = boto3.client("apigateway"), boto3.client("ec2"), boto3.client("elbv2")
    assert ids["rest_api", "central-llm-rest-api"] == gateway.get_rest_apis()["items"][0]["id"]
    assert ids["usage_plan", "central-llm-usage-plan"] == gateway.get_usage_plans()["items"][0]["id"]
    assert ids["api_key", "central-llm-client"] == gateway.get_api_keys()["items"][0]["id"]
    link = boto3.client("apigatewayv2").get_vpc_links()["Items"][0]
    assert ids["vpc_link", "central-llm-link"] == link["VpcLinkId"]
    balancer = elbv2.describe_load_balancers(Names=["central-llm-nlb"])["LoadBalancers"][0]
    assert ids["network_lb", "central-llm-nlb"] == balancer["LoadBalancerArn"]
    groups = {group["GroupName"]: group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    assert ids["security_group", "central-llm-service-sg"] == groups["central-llm-service-sg"]
    host = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    image = ec2.describe_images(ImageIds=[host["ImageId"]])["Images"][0]
    assert written["image"] == host["ImageId"]
    assert written["snapshots"] == [image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]]
    page = (reference / "central-llm.md").read_text()
    assert all(resource["id"] in page for resource in written["resources"])
    assert written["endpoint"] in page and "execute-api" in written["endpoint"]


def test_drift_is_told_and_nothing_is_mended(lab: dict[str, str], reference: Path) -> None:
    logs, cloudwatch = boto3.client("logs"), boto3.client("cloudwatch")
    logs.put_retention_policy(logGroupName="/ecs/central-llm-service", retentionInDays=7)
    logs.create_log_group(logGroupName="/of/a/former/setting", tags={"central-llm:stack": "central-llm"})
    logs.create_log_group(logGroupName="/of/another", tags={"central-llm:stack": "central-llm-two"})
    ec2 = boto3.client("ec2")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["central-llm-service-sg"]}])[
        "SecurityGroups"
    ]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    told = " ".join(status(lab, reference).output.split())
    assert "retention_days: is 7, wanted 30" in told
    assert "lets in tcp 22 from 0.0.0.0/0" in told
    assert "2 differ from the inventory" in told
    assert "Nobody asks for this any more: logs log-group /of/a/former/setting" in told
    assert told.count("Nobody asks for") == 1
    logs.delete_log_group(logGroupName="/of/a/former/setting")
    # Nobody asked for anything else, and what others changed up does not see unless it is told to look.
    kept = play(lab, "up")
    assert kept.status == 0 and kept.changed == 0 and "left alone" in kept.output, kept.output
    # What others removed it does see, and then converges all.
    alarm = "central-llm-slow-answers"
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    mended = play(lab, "up")
    assert mended.status == 0 and mended.changed == 3, mended.output
    assert "Gone since the rooms were converged" in mended.output and f"alarm:{alarm}" in mended.output
    assert len(cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]) == 1
    always = play(lab, "up", "-e", "llm_session_converge=always")
    assert always.status == 0 and always.changed == 0 and "left alone" not in always.output, always.output


def test_teardown_wants_the_word_and_the_lock(lab: dict[str, str]) -> None:
    forget_calls(lab)
    run = play(lab, "teardown")
    assert run.status != 0 and "-e llm_teardown=central-llm" in run.output
    dynamodb, key = boto3.client("dynamodb"), {"pk": {"S": "lock#central-llm"}}
    held = {**key, "owner": {"S": "somebody@else"}, "expires_at": {"N": str(int(time.time()) + 600)}}
    dynamodb.put_item(TableName="central-llm-state", Item=held)
    run = play(lab, "teardown", "-e", "llm_teardown=central-llm")
    dynamodb.delete_item(TableName="central-llm-state", Key=key)
    assert run.status != 0 and "held by somebody@else" in run.output and "llm_session_force=true" in run.output
    assert set(writes(lab)) <= {"SimulatePrincipalPolicy", "PutItem", "DeleteItem"}


def test_teardown_leaves_the_logs_alone_unless_told(lab: dict[str, str]) -> None:
    run = play(lab, "teardown", "-e", "llm_teardown=central-llm")
    assert run.status == 0, run.output
    assert sorted(left_over("central-llm", "eu-central-1")) == [
        "log group /aws/apigateway/central-llm-rest-api/prod",
        "log group /ecs/central-llm-service",
        # Of another stack.
        "log group /of/another",
        "table CentralLLMAudit",
    ]
    told = " ".join(run.output.split())
    assert "Left: dynamodb table CentralLLMAudit" in told
    assert all(
        f"logs log-group {name}" in told
        for name in ("/aws/apigateway/central-llm-rest-api/prod", "/ecs/central-llm-service")
    )
    assert "/of/another" not in told
    boto3.client("logs").delete_log_group(logGroupName="/of/another")
    words = ["-e", "llm_teardown=central-llm", "-e", "llm_teardown_audit_data=true"]
    run = play(lab, "teardown", *words)
    assert run.status == 0, run.output
    assert left_over("central-llm", "eu-central-1") == []
    again = play(lab, "teardown", *words)
    assert again.status == 0 and again.changed == 0, again.output
