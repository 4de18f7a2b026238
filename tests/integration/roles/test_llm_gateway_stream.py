"""The access log straight to a delivery stream, in the place of its log group."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
import requests

from lab.context import LabContext
from lab.delivery.streams import DeliveryPlane

NAME = "amazon-apigateway-team"
ARN = f"arn:aws:firehose:eu-central-1:123456789012:deliverystream/{NAME}"


@pytest.fixture
def stream(lab: LabContext) -> t.Iterator[str]:
    """A stream that somebody else made, and what it needs."""
    plane = DeliveryPlane()
    plane.start(lab)
    service = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = lab.client("iam")
    role = iam.create_role(
        RoleName="delivers", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [service]})
    )["Role"]["Arn"]
    rights = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    iam.put_role_policy(RoleName="delivers", PolicyName="s3", PolicyDocument=document)
    lab.client("s3").create_bucket(Bucket="lines", CreateBucketConfiguration={"LocationConstraint": lab.region})
    to = {"RoleARN": role, "BucketARN": "arn:aws:s3:::lines", "BufferingHints": {"IntervalInSeconds": 60}}
    lab.client("firehose").create_delivery_stream(
        DeliveryStreamName=NAME, DeliveryStreamType="DirectPut", ExtendedS3DestinationConfiguration=to
    )
    yield ARN
    plane.stop()


def delivered(lab: LabContext) -> str:
    s3 = lab.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="lines").get("Contents", [])]
    return "".join(s3.get_object(Bucket="lines", Key=key)["Body"].read().decode() for key in keys)


def test_requests_are_told_to_the_stream_and_then_to_the_group_again(
    role: t.Callable[[str], t.Any], lab: LabContext, gateway_variables: dict[str, t.Any], stream: str
) -> None:
    gateway, api = role("llm_gateway"), lab.client("apigateway")
    variables = {**gateway_variables, "llm_gateway_log_stream_arn": stream}
    assert gateway.ok(**variables).changed > 0
    assert gateway.ok(**variables).changed == 0
    rest_api = api.get_rest_apis()["items"][0]["id"]
    stage = api.get_stage(restApiId=rest_api, stageName="prod")
    assert stage["accessLogSettings"]["destinationArn"] == stream
    url = f"{lab.edge_url}/restapis/{rest_api}/prod/_user_request_/v1/models"
    assert requests.get(url, timeout=60).status_code == 403
    until = time.monotonic() + 30
    while not delivered(lab) and time.monotonic() < until:
        requests.post(f"{lab.endpoint_url}/_lab/clock", json={"advance_seconds": 61}, timeout=60).raise_for_status()
    line = json.loads(delivered(lab))
    assert "403" in line.values()
    assert gateway.ok(**gateway_variables).changed == 1
    stage = api.get_stage(restApiId=rest_api, stageName="prod")
    assert ":log-group:" in stage["accessLogSettings"]["destinationArn"]


def test_a_stream_of_another_name_and_an_audit_without_a_log_are_refused(
    role: t.Callable[[str], t.Any], lab: LabContext, gateway_variables: dict[str, t.Any]
) -> None:
    other = ARN.replace("amazon-apigateway-", "")
    assert "llm_gateway_log_stream_arn is" in role("llm_gateway").refused(
        **{**gateway_variables, "llm_gateway_log_stream_arn": other}
    )
    audit = {"llm_account_id": lab.account_id, "llm_gateway_log_stream_arn": ARN}
    assert "past its log group" in role("llm_audit").refused(**audit)
