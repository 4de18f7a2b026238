from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ec2 import endpoint
from hypothesis import given
from hypothesis import strategies as st

BEFORE: dict[str, t.Any] = {
    "endpoint_id": "vpce-1",
    "subnet_ids": ["subnet-1"],
    "security_group_ids": ["sg-1"],
    "route_table_ids": [],
    "private_dns": False,
    "policy": {},
}
ids = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True).map(sorted)


@given(ids, ids)
def test_a_modification_leads_from_one_list_to_the_other(before: list[str], after: list[str]) -> None:
    request = endpoint.modification({**BEFORE, "subnet_ids": before}, {"subnet_ids": after})
    added, removed = request.get("AddSubnetIds", []), request.get("RemoveSubnetIds", [])
    assert sorted({*before, *added} - set(removed)) == after
    assert not set(added) & set(before) and set(removed) <= set(before)
    assert set(request) <= {"VpcEndpointId", "AddSubnetIds", "RemoveSubnetIds"}


def test_only_what_changes_is_sent() -> None:
    assert endpoint.modification(BEFORE, {"private_dns": True}) == {
        "VpcEndpointId": "vpce-1",
        "PrivateDnsEnabled": True,
    }
    assert endpoint.modification(BEFORE, {"policy": {}}) == {"VpcEndpointId": "vpce-1", "ResetPolicy": True}
    policy = {"Version": "2012-10-17", "Statement": []}
    assert json.loads(endpoint.modification(BEFORE, {"policy": policy})["PolicyDocument"]) == policy


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("ecr.api", "com.amazonaws.eu-central-1.ecr.api"),
        ("com.amazonaws.eu-central-1.s3", "com.amazonaws.eu-central-1.s3"),
        ("cn.com.amazonaws.cn-north-1.ecr.dkr", "cn.com.amazonaws.cn-north-1.ecr.dkr"),
    ],
)
def test_short_and_full_names(service: str, name: str) -> None:
    assert endpoint.full_name(service, "eu-central-1") == name


@pytest.mark.parametrize(
    "options",
    [
        {"type": "gateway", "subnet_ids": ["subnet-1"]},
        {"type": "gateway", "private_dns": False},
        {"type": "interface", "route_table_ids": []},
        {"type": "interface", "subnet_ids": []},
        {"type": "interface", "security_group_ids": []},
        {"type": "gateway", "policy": {"Statement": "all"}},
    ],
)
def test_what_an_endpoint_cannot_have_is_refused(options: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput):
        endpoint.validate(options)


def described(**members: t.Any) -> dict[str, t.Any]:
    return {"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "ServiceName": "s", "State": "available", **members}


def test_aws_own_policy_is_none() -> None:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    own = json.dumps({"Version": "2008-10-17", "Statement": [everything]})
    assert endpoint.shown(described(PolicyDocument=own))["policy"] == {}
    worded = json.dumps({"Statement": {**everything, "Principal": {"AWS": ["*"]}, "Action": ["*"]}})
    assert endpoint.shown(described(PolicyDocument=worded))["policy"] == {}
    assert endpoint.wanted({"policy": json.loads(own)}) == {"policy": {}}
    narrow = {"Version": "2012-10-17", "Statement": [{**everything, "Effect": "Deny"}]}
    assert endpoint.shown(described(PolicyDocument=json.dumps(narrow)))["policy"] == narrow


def test_a_policy_in_other_words_is_no_change() -> None:
    said = {"Effect": "Allow", "Principal": "*", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}
    before = {**BEFORE, "policy": {"Version": "2012-10-17", "Statement": [said]}}
    words = {**said, "Principal": {"AWS": "*"}, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["*"]}
    assert endpoint.changes_of({"policy": {"Version": "2012-10-17", "Statement": words}}, before) == {}
    other = {"Version": "2012-10-17", "Statement": [{**said, "Action": "s3:GetObject"}]}
    assert endpoint.changes_of({"policy": other, "private_dns": False}, before) == {"policy": other}


@pytest.mark.parametrize("state", ["Deleting", "deleted", "Rejected", "failed"])
def test_an_endpoint_that_ended_is_no_candidate(state: str) -> None:
    items = [described(State=state), described(VpcEndpointId="vpce-2", State="Pending")]
    assert [one["endpoint_id"] for one in endpoint.candidates(items, "s", "gateway")] == ["vpce-2"]
