"""VPC links of both versions: made, waited for, replaced, found among several, deleted."""

from __future__ import annotations

import json
import typing as t
import urllib.request

import pytest

NAME = "central-llm-vpc-link"


@pytest.fixture
def vpc_link(run_module: t.Any) -> t.Any:
    return run_module("api_gateway_vpc_link")


@pytest.fixture
def v1(lab: t.Any) -> t.Any:
    return lab.client("apigateway")


@pytest.fixture
def v2(lab: t.Any) -> t.Any:
    return lab.client("apigatewayv2")


class Network(t.NamedTuple):
    subnets: list[str]
    groups: list[str]


@pytest.fixture
def network(lab: t.Any) -> Network:
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{lab.region}{zone}")
        for number, zone in enumerate("abc")
    ]
    groups = [ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name) for name in ("one", "two")]
    return Network([each["Subnet"]["SubnetId"] for each in subnets], [each["GroupId"] for each in groups])


@pytest.fixture
def balancer(lab: t.Any, network: Network) -> t.Callable[[str], str]:
    def make(name: str) -> str:
        elbv2 = lab.client("elbv2")
        made = elbv2.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=network.subnets[:2], SecurityGroups=network.groups[:1]
        )
        return t.cast(str, made["LoadBalancers"][0]["LoadBalancerArn"])

    return make


@pytest.fixture
def options(network: Network) -> dict[str, t.Any]:
    return {"name": NAME, "subnet_ids": network.subnets[:2], "security_group_ids": network.groups[:1]}


@pytest.fixture
def force(lab: t.Any) -> t.Callable[[str, str], None]:
    """Put a link into a state that AWS brings about by itself."""

    def send(link_id: str, status: str) -> None:
        body = json.dumps({"status": status, "message": f"{status} for a test"}).encode()
        request = urllib.request.Request(f"{lab.endpoint_url}/_lab/vpc-links/{link_id}", method="POST", data=body)
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, timeout=10).close()

    return send


def only_link(v2: t.Any) -> dict[str, t.Any]:
    (found,) = v2.get_vpc_links()["Items"]
    return found


def ids(v2: t.Any) -> set[str]:
    return {link["VpcLinkId"] for link in v2.get_vpc_links()["Items"]}


def test_create_waits_and_create_again(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any]) -> None:
    options["tags"] = {"central-llm:stack": "central-llm"}
    outcome = vpc_link.predicted(**options)
    assert outcome.changed
    found = only_link(v2)
    assert (outcome["vpc_link"]["id"], outcome["vpc_link"]["status"]) == (found["VpcLinkId"], "AVAILABLE")
    assert found["VpcLinkStatus"] == "AVAILABLE"
    assert found["Name"] == NAME
    assert sorted(found["SubnetIds"]) == sorted(options["subnet_ids"])
    assert found["SecurityGroupIds"] == options["security_group_ids"]
    assert found["Tags"] == {"central-llm:stack": "central-llm"}
    assert outcome["other_ids"] == [] and "replaced_id" not in outcome
    assert vpc_link.settled(**options)["vpc_link"] == outcome["vpc_link"]
    options["subnet_ids"].reverse()
    vpc_link.settled(**options)


def test_check_mode_creates_nothing(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any]) -> None:
    outcome = vpc_link.ok(check=True, **options)
    assert outcome.changed and "id" not in outcome["vpc_link"]
    assert ids(v2) == set()


def test_a_link_of_an_interrupted_run_is_waited_for(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network
) -> None:
    made = v2.create_vpc_link(Name=NAME, SubnetIds=network.subnets[:2], SecurityGroupIds=network.groups[:1])
    outcome = vpc_link.ok(**options)
    assert not outcome.changed
    assert (outcome["vpc_link"]["id"], outcome["vpc_link"]["status"]) == (made["VpcLinkId"], "AVAILABLE")
    assert ids(v2) == {made["VpcLinkId"]}


def test_waiting_has_a_limit(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], force: t.Any) -> None:
    made = vpc_link.ok(**options)["vpc_link"]["id"]
    force(made, "PENDING")
    message = vpc_link.refused(**options, wait_timeout=1)
    assert "Gave up waiting 1 s" in message and made in message and "PENDING for a test" in message
    assert vpc_link.ok(**options, wait=False)["vpc_link"]["status"] == "PENDING"


def test_a_link_that_fails_while_waited_for_says_why(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network
) -> None:
    wrong = {**options, "subnet_ids": ["subnet-00000000"]}
    assert "subnet-00000000" in vpc_link.refused(**wrong)
    failed = only_link(v2)["VpcLinkId"]
    message = vpc_link.refused(**options)
    assert failed in message and "FAILED" in message and "subnet-00000000" in message
    # Explicitly, a new one is made beside it, and from then on the name stands for that one.
    outcome = vpc_link.predicted(**options, replace=True)
    assert outcome["replaced_id"] == failed and ids(v2) == {failed, outcome["vpc_link"]["id"]}
    again = vpc_link.settled(**options, replace=True)
    assert again["vpc_link"]["id"] == outcome["vpc_link"]["id"] and again["other_ids"] == [failed]
    vpc_link.settled(**options)


def test_an_inactive_link_says_how_to_wake_it(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], force: t.Any, faults: t.Any
) -> None:
    made = vpc_link.ok(**options)["vpc_link"]["id"]
    force(made, "INACTIVE")
    faults.forget_calls()
    for check in (True, False):
        message = vpc_link.refused(check=check, **options, tags={"a": "1"})
        assert "INACTIVE" in message and "60 days" in message and "Send a request" in message
    assert set(faults.calls()) == {"GetVpcLinks"}
    assert vpc_link.ok(**options, wait=False)["vpc_link"]["status"] == "INACTIVE"


@pytest.mark.parametrize("option", ["subnet_ids", "security_group_ids"])
def test_what_cannot_change_is_refused_with_the_way_out(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network, faults: t.Any, option: str
) -> None:
    made = vpc_link.ok(**options)["vpc_link"]["id"]
    other = {"subnet_ids": network.subnets[1:], "security_group_ids": network.groups}[option]
    faults.forget_calls()
    for check in (True, False):
        message = vpc_link.refused(check=check, **{**options, option: other}, tags={"a": "1"})
        assert made in message and option in message and "replace: true" in message
    assert set(faults.calls()) == {"GetVpcLinks"}


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_replacement_stands_beside_the_old_link(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network, by: str
) -> None:
    old = vpc_link.ok(**options, tags={"owner": "us"})["vpc_link"]["id"]
    asked = {by: {"name": NAME, "id": old}[by], "subnet_ids": network.subnets[1:], "replace": True}
    outcome = vpc_link.predicted(**asked)
    new = outcome["vpc_link"]["id"]
    assert outcome["replaced_id"] == old and new != old
    assert outcome["diff"]["before"]["id"] == old and outcome["diff"]["after"]["id"] == new
    links = {link["VpcLinkId"]: link for link in v2.get_vpc_links()["Items"]}
    assert set(links) == {old, new}
    assert links[new]["Name"] == NAME and links[new]["Tags"] == {"owner": "us"}
    assert links[new]["SecurityGroupIds"] == options["security_group_ids"]
    assert sorted(links[new]["SubnetIds"]) == sorted(network.subnets[1:])
    again = vpc_link.settled(**asked)
    assert again["vpc_link"]["id"] == new and again["other_ids"] == [old] and "replaced_id" not in again
    # The name alone says no longer which one is meant.
    assert old in vpc_link.refused(name=NAME) and new in vpc_link.refused(name=NAME, state="absent")
    assert vpc_link.predicted(id=old, state="absent").changed
    assert ids(v2) == {new}
    vpc_link.settled(name=NAME)


def test_a_replacement_of_an_interrupted_run_is_taken_up(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network
) -> None:
    old = vpc_link.ok(**options)["vpc_link"]["id"]
    asked = {**options, "subnet_ids": network.subnets[1:], "replace": True}
    pending = v2.create_vpc_link(Name=NAME, SubnetIds=asked["subnet_ids"], SecurityGroupIds=network.groups[:1])
    outcome = vpc_link.ok(**asked)
    assert not outcome.changed
    assert outcome["vpc_link"]["id"] == pending["VpcLinkId"] and outcome["other_ids"] == [old]
    assert len(ids(v2)) == 2


def test_the_id_renames(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any]) -> None:
    made = vpc_link.ok(**options)["vpc_link"]["id"]
    assert vpc_link.predicted(id=made, name="central-llm-other").changed
    assert only_link(v2)["Name"] == "central-llm-other"
    vpc_link.settled(id=made)
    assert "no VPC link V2 with the id nowhere" in vpc_link.refused(id="nowhere", name=NAME)


def test_foreign_tags_stay_unless_purged(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], network: Network
) -> None:
    v2.create_vpc_link(
        Name=NAME, SubnetIds=network.subnets[:2], SecurityGroupIds=network.groups[:1], Tags={"foreign": "yes"}
    )
    vpc_link.ok(**options)
    assert vpc_link.predicted(name=NAME, tags={"ours": "1"}).changed
    assert only_link(v2)["Tags"] == {"foreign": "yes", "ours": "1"}
    assert vpc_link.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True).changed
    assert only_link(v2)["Tags"] == {"ours": "1"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"subnet_ids": []}, "subnet_ids is empty"),
        ({"security_group_ids": ["sg-1"]}, "subnet_ids is needed to create it"),
        ({"version": 1}, "target_arns is needed to create it"),
        ({"version": 1, "subnet_ids": ["subnet-1"]}, "V1 has no subnet_ids"),
        ({"target_arns": ["arn"]}, "V2 has no target_arns"),
        ({"version": 1, "target_arns": ["a", "b"]}, "exactly one target"),
        ({"version": 3}, "version"),
        ({"tags": {"aws:mine": "1"}}, "AWS's own"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    vpc_link: t.Any, faults: t.Any, given: dict[str, t.Any], words: str
) -> None:
    faults.forget_calls()
    for check in (True, False):
        assert words in vpc_link.refused(check=check, name=NAME, **given)
    assert set(faults.calls()) <= {"GetVpcLinks"}


def test_a_denial_names_the_missing_action(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    faults.add("apigatewayv2", "CreateVpcLink", "AccessDeniedException", status=403, message="not today")
    message = vpc_link.refused(**options)
    assert "apigateway:POST /vpclinks" in message and NAME in message
    assert vpc_link.ok(**options).changed


def test_throttling_is_ridden_out(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], faults: t.Any) -> None:
    faults.add("apigatewayv2", "CreateVpcLink", "TooManyRequestsException", status=429, times=2)
    assert vpc_link.ok(**options).changed
    assert only_link(v2)["Name"] == NAME


def test_delete_waits_and_delete_again(vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any]) -> None:
    vpc_link.ok(**options)
    assert vpc_link.predicted(name=NAME, state="absent").changed
    assert ids(v2) == set()
    vpc_link.settled(name=NAME, state="absent")


def test_a_link_that_is_being_deleted_is_waited_out(
    vpc_link: t.Any, v2: t.Any, options: dict[str, t.Any], force: t.Any, faults: t.Any
) -> None:
    old = vpc_link.ok(**options)["vpc_link"]["id"]
    force(old, "DELETING")
    faults.forget_calls()
    message = vpc_link.refused(**options, wait_timeout=1)
    assert f"Gave up waiting 1 s for the VPC link {old} to be gone" in message
    assert "CreateVpcLink" not in faults.calls()
    v2.delete_vpc_link(VpcLinkId=old)
    new = vpc_link.ok(**options)["vpc_link"]["id"]
    assert new != old and ids(v2) == {new}


def test_a_link_in_use_is_not_deleted(
    vpc_link: t.Any, v1: t.Any, v2: t.Any, options: dict[str, t.Any], balancer: t.Any
) -> None:
    made = vpc_link.ok(**options)["vpc_link"]["id"]
    api = v1.create_rest_api(name="api")["id"]
    (root,) = v1.get_resources(restApiId=api)["items"]
    method = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    v1.put_method(**method, authorizationType="NONE")
    v1.put_integration(
        **method,
        type="HTTP_PROXY",
        integrationHttpMethod="GET",
        uri="http://internal:8000/v1/models",
        connectionType="VPC_LINK",
        connectionId=made,
        integrationTarget=balancer("central-llm-nlb"),
    )
    message = vpc_link.refused(name=NAME, state="absent")
    assert "BadRequestException" in message and made in message
    assert only_link(v2)["VpcLinkStatus"] == "AVAILABLE"


def test_v1_create_change_replace_delete(vpc_link: t.Any, v1: t.Any, v2: t.Any, balancer: t.Any) -> None:
    first, second = balancer("first"), balancer("second")
    options = {"name": NAME, "version": 1, "target_arns": [first], "description": "For the LLM", "tags": {"a": "1"}}
    outcome = vpc_link.predicted(**options)
    (found,) = v1.get_vpc_links()["items"]
    assert outcome["vpc_link"]["id"] == found["id"]
    assert (found["status"], found["targetArns"], found["description"]) == ("AVAILABLE", [first], "For the LLM")
    assert found["tags"] == {"a": "1"}
    assert vpc_link.settled(**options)["vpc_link"] == outcome["vpc_link"]
    assert ids(v2) == set()

    assert vpc_link.predicted(id=found["id"], version=1, name="other", description="", tags={"b": "2"}).changed
    (changed,) = v1.get_vpc_links()["items"]
    assert (changed["name"], changed["tags"]) == ("other", {"a": "1", "b": "2"}) and not changed.get("description")

    moved = {"name": "other", "version": 1, "target_arns": [second]}
    assert "target_arns" in vpc_link.refused(**moved)
    outcome = vpc_link.predicted(**moved, replace=True)
    assert outcome["replaced_id"] == found["id"] and outcome["vpc_link"]["target_arns"] == [second]
    vpc_link.settled(**moved)

    assert vpc_link.predicted(id=found["id"], version=1, state="absent").changed
    assert vpc_link.predicted(name="other", version=1, state="absent").changed
    assert v1.get_vpc_links()["items"] == []
    vpc_link.settled(name="other", version=1, state="absent")


def test_v1_failure_says_why(vpc_link: t.Any, v1: t.Any) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/none/0123456789abcdef"
    assert arn in vpc_link.refused(name=NAME, version=1, target_arns=[arn])
    assert "FAILED" in vpc_link.refused(name=NAME, version=1)
    # By name, as nothing else has it.
    assert vpc_link.predicted(name=NAME, version=1, state="absent").changed
    assert v1.get_vpc_links()["items"] == []
