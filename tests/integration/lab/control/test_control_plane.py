"""The server itself: faults, the record of calls, generations, strictness, errors in each protocol's shape."""

from __future__ import annotations

import typing as t

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from lab.context import LabContext


def unchecked(lab: LabContext, service: str, region: str = "eu-central-1") -> t.Any:
    """A client that sends whatever it is given."""
    session = boto3.session.Session(aws_access_key_id="lab", aws_secret_access_key="x", region_name=region)
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=lab.endpoint_url, config=config)


def code_of(call: t.Callable[..., t.Any], **arguments: t.Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def order(lab: LabContext, **fault: t.Any) -> None:
    requests.post(f"{lab.endpoint_url}/_lab/faults", json=fault, timeout=10).raise_for_status()


@pytest.mark.parametrize(
    ("service", "operation", "method", "arguments"),
    [
        ("apigateway", "GetRestApis", "get_rest_apis", {}),
        ("ec2", "DescribeVpcs", "describe_vpcs", {}),
        ("elbv2", "DescribeLoadBalancers", "describe_load_balancers", {}),
        ("ecs", "ListClusters", "list_clusters", {}),
        ("iam", "ListRoles", "list_roles", {}),
        ("s3", "ListBuckets", "list_buckets", {}),
    ],
)
def test_a_fault_strikes_once_in_the_protocol_of_its_service(
    lab: LabContext, service: str, operation: str, method: str, arguments: dict[str, t.Any]
) -> None:
    order(lab, service=service, operation=operation, code="AccessDeniedException", message="Not <you>.", status=403)
    client = unchecked(lab, service)
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**arguments)
    error = caught.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == ("AccessDeniedException", "Not <you>.")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    getattr(client, method)(**arguments)


def test_faults_can_be_listed_and_taken_back(lab: LabContext) -> None:
    order(lab, service="ec2", times=-1)
    url = f"{lab.endpoint_url}/_lab/faults"
    assert [fault["service"] for fault in requests.get(url, timeout=10).json()] == ["ec2"]
    assert code_of(unchecked(lab, "ec2").describe_vpcs) == "InternalFailure"
    requests.delete(url, timeout=10).raise_for_status()
    assert unchecked(lab, "ec2").describe_vpcs()["Vpcs"]


def test_a_fault_that_makes_no_sense_is_refused(lab: LabContext) -> None:
    answer = requests.post(f"{lab.endpoint_url}/_lab/faults", json={"operation": "X"}, timeout=10)
    assert answer.status_code == 400
    assert "service" in answer.json()["error"]


def test_a_fault_lets_the_calls_before_its_turn_pass(lab: LabContext) -> None:
    order(lab, service="*", skip=2, code="Throttling")
    ec2, logs = unchecked(lab, "ec2"), unchecked(lab, "logs")
    ec2.describe_vpcs()
    logs.describe_log_groups()
    assert code_of(ec2.describe_vpcs) == "Throttling"
    ec2.describe_vpcs()


def test_a_fault_can_strike_every_other_call_of_each_operation(lab: LabContext) -> None:
    order(lab, service="ec2", every=2, times=-1, code="Throttling")
    client = unchecked(lab, "ec2")
    for _ in range(2):
        assert code_of(client.describe_vpcs) == "Throttling"
        assert code_of(client.describe_subnets) == "Throttling"
        client.describe_vpcs()
        client.describe_subnets()


@pytest.mark.parametrize(("kind", "created"), [("closed", []), ("lost", ["there"])])
def test_a_call_without_an_answer(lab: LabContext, kind: str, created: list[str]) -> None:
    order(lab, service="logs", operation="CreateLogGroup", kind=kind)
    client = unchecked(lab, "logs")
    with pytest.raises(ConnectionClosedError):
        client.create_log_group(logGroupName="there")
    assert [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]] == created


def test_a_refusal_can_be_lost_too(lab: LabContext) -> None:
    order(lab, service="logs", operation="DeleteLogGroup", kind="lost")
    with pytest.raises(ConnectionClosedError):
        unchecked(lab, "logs").delete_log_group(logGroupName="not-there")


def test_a_client_repeats_a_call_whose_answer_was_lost(lab: LabContext) -> None:
    order(lab, service="apigateway", operation="CreateApiKey", kind="lost")
    session = boto3.session.Session(aws_access_key_id="lab", aws_secret_access_key="x", region_name="eu-central-1")
    client = session.client("apigateway", endpoint_url=lab.endpoint_url)
    client.create_api_key(name="twice")
    # The names of API Gateway are not unique, and its creations carry no token: AWS makes a second one, too.
    assert [key["name"] for key in client.get_api_keys()["items"]] == ["twice", "twice"]


def test_the_planes_can_be_spared(lab: LabContext) -> None:
    order(lab, service="ec2", times=-1, caller="client")
    lab.client("ec2").describe_vpcs()
    assert code_of(unchecked(lab, "ec2").describe_vpcs) == "InternalFailure"
    calls = requests.get(f"{lab.endpoint_url}/_lab/calls", timeout=10).json()
    assert [(call["caller"], call["status"]) for call in calls] == [("lab", 200), ("client", None)]


@pytest.mark.parametrize("wrong", [{"kind": "slow"}, {"caller": "nobody"}])
def test_a_fault_of_an_unknown_kind_is_refused(lab: LabContext, wrong: dict[str, str]) -> None:
    answer = requests.post(f"{lab.endpoint_url}/_lab/faults", json={"service": "ec2", **wrong}, timeout=10)
    assert answer.status_code == 400
    assert next(iter(wrong.values())) in answer.json()["error"]


def test_calls_are_recorded_with_service_operation_and_region(lab: LabContext) -> None:
    unchecked(lab, "apigatewayv2", "us-east-1").get_vpc_links()
    unchecked(lab, "apigateway").get_vpc_links()
    calls = requests.get(f"{lab.endpoint_url}/_lab/calls", timeout=10).json()
    assert [(one["service"], one["operation"], one["region"]) for one in calls] == [
        ("apigatewayv2", "GetVpcLinks", "us-east-1"),
        ("apigateway", "GetVpcLinks", "eu-central-1"),
    ]


def test_only_successful_writes_make_a_generation_grow(lab: LabContext) -> None:
    client = unchecked(lab, "logs")
    before = lab.generations.of("logs")
    client.describe_log_groups()
    assert code_of(client.delete_log_group, logGroupName="not-there") == "ResourceNotFoundException"
    assert lab.generations.of("logs") == before
    client.create_log_group(logGroupName="there")
    assert lab.generations.of("logs") == before + 1


@pytest.mark.parametrize(
    ("service", "method", "arguments", "code"),
    [
        ("logs", "create_log_group", {"logGroupName": "no spaces please"}, "InvalidParameterException"),
        ("logs", "create_log_group", {}, "InvalidParameterException"),
        ("logs", "create_log_group", {"logGroupName": 5}, "SerializationException"),
        ("logs", "put_retention_policy", {"logGroupName": "a", "retentionInDays": 2}, "InvalidParameterException"),
        ("apigateway", "create_usage_plan", {}, "BadRequestException"),
        ("apigateway", "create_usage_plan", {"name": "a", "quota": {"period": "YEAR"}}, "BadRequestException"),
        ("ec2", "run_instances", {"MinCount": 1}, "MissingParameter"),
        ("ec2", "run_instances", {"MinCount": "x", "MaxCount": 1}, "InvalidParameterValue"),
        ("elbv2", "create_load_balancer", {"Name": "a", "Type": "netwerk"}, "ValidationError"),
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError"),
        ("dynamodb", "create_table", {"TableName": "abc"}, "ValidationException"),
        ("ecs", "register_task_definition", {"family": "a", "containerDefinitions": [{"cpu": "1"}]},
         "SerializationException"),
        ("secretsmanager", "create_secret", {"Name": ""}, "ValidationException"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_model_is_refused(
    lab: LabContext, service: str, method: str, arguments: dict[str, t.Any], code: str
) -> None:
    assert code_of(getattr(unchecked(lab, service), method), **arguments) == code


def _signed(service: str, **headers: str) -> dict[str, str]:
    scope = f"Credential=lab/20260101/eu-central-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x", **headers}


def test_an_unknown_member_is_refused_in_a_query_and_in_json(lab: LabContext) -> None:
    form = {"Action": "DescribeVpcs", "Version": "2016-11-15", "Wrong.1": "x"}
    answer = requests.post(lab.endpoint_url, data=form, headers=_signed("ec2"), timeout=10)
    assert answer.status_code == 400
    assert "<Code>UnknownParameter</Code>" in answer.text
    headers = _signed("logs", **{"X-Amz-Target": "Logs_20140328.CreateLogGroup"})
    headers["Content-Type"] = "application/x-amz-json-1.1"
    answer = requests.post(lab.endpoint_url, data=b'{"logGroupNam": "x"}', headers=headers, timeout=10)
    assert answer.status_code == 400
    assert "logGroupNam" in answer.json()["message"]


def test_an_unknown_region_is_refused(lab: LabContext) -> None:
    assert code_of(unchecked(lab, "ec2", "eu-mars-1").describe_vpcs) == "SignatureDoesNotMatch"
    assert code_of(unchecked(lab, "ecs", "eu-mars-1").list_clusters) == "InvalidSignatureException"


def test_a_request_without_credentials_is_refused(lab: LabContext) -> None:
    answer = requests.get(f"{lab.endpoint_url}/restapis", timeout=10)
    assert answer.status_code == 403
    assert "MissingAuthenticationToken" in answer.text


def test_what_the_lab_lacks_is_an_aws_error_that_says_so(lab: LabContext) -> None:
    with pytest.raises(ClientError) as caught:
        unchecked(lab, "pricing").describe_services()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert "pricing.DescribeServices" in caught.value.response["Error"]["Message"]


def test_connections_are_kept_alive(lab: LabContext) -> None:
    with requests.Session() as session:
        for _ in range(3):
            answer = session.get(f"{lab.endpoint_url}/_lab/calls", timeout=10)
            assert answer.headers.get("Connection", "keep-alive").lower() != "close"


def test_a_reset_empties_everything(lab: LabContext) -> None:
    unchecked(lab, "apigateway").create_rest_api(name="a")
    unchecked(lab, "logs").create_log_group(logGroupName="a")
    requests.post(f"{lab.endpoint_url}/_lab/reset", timeout=30).raise_for_status()
    assert unchecked(lab, "apigateway").get_rest_apis()["items"] == []
    assert unchecked(lab, "logs").describe_log_groups()["logGroups"] == []
