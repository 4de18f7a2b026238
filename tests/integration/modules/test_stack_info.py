from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._tagging import api

STACK = "central-llm"
TAG = "central-llm:stack"
ACCOUNT = "123456789012"
NO_ROLE = {"Version": "2012-10-17", "Statement": []}

Found = dict[str, tuple[str, str, str, str]]


def mark(stack: str = STACK) -> list[dict[str, str]]:
    return [{"Key": TAG, "Value": stack}, {"Key": "owner", "Value": "us"}]


@pytest.fixture
def info(run_module: t.Any) -> t.Any:
    return run_module("stack_info")


@pytest.fixture
def iam(lab: t.Any) -> t.Any:
    return lab.client("iam")


def seen(outcome: dict[str, t.Any]) -> Found:
    found = outcome["resources"]
    assert [one["arn"] for one in found] == sorted({one["arn"] for one in found})
    return {one["arn"]: (one["service"], one["type"], one["id"], one["found_by"]) for one in found}


def a_role(iam: t.Any, name: str, stack: str = STACK, **trust: t.Any) -> str:
    document = json.dumps({**NO_ROLE, **trust})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=mark(stack))["Role"]["Arn"]
    return arn


def log_groups(lab: t.Any, count: int) -> None:
    for number in range(count):
        lab.client("logs").create_log_group(logGroupName=f"/{STACK}/{number}", tags={TAG: STACK})


def test_nothing_is_an_empty_list(info: t.Any) -> None:
    outcome = info.ok(stack=STACK)
    assert (outcome["resources"], outcome.changed) == ([], False)


def test_what_bears_the_tag_of_whichever_service(info: t.Any, lab: t.Any) -> None:
    ec2, sqs = lab.client("ec2"), lab.client("sqs")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": mark()}])["Vpc"][
        "VpcId"
    ]
    api_id = lab.client("apigateway").create_rest_api(name="a", tags={TAG: STACK})["id"]
    log_groups(lab, 1)
    sqs.create_queue(QueueName="theirs", tags={TAG: "central-llm-two"})
    sqs.create_queue(QueueName="untagged")
    outcome = info.ok(stack=STACK)
    at = f"eu-central-1:{ACCOUNT}"
    assert seen(outcome) == {
        f"arn:aws:ec2:{at}:vpc/{vpc}": ("ec2", "vpc", vpc, "tag"),
        f"arn:aws:apigateway:eu-central-1::/restapis/{api_id}": ("apigateway", "restapis", api_id, "tag"),
        f"arn:aws:logs:{at}:log-group:/{STACK}/0": ("logs", "log-group", f"/{STACK}/0", "tag"),
    }
    (network,) = [one for one in outcome["resources"] if one["service"] == "ec2"]
    assert network["tags"] == {TAG: STACK, "owner": "us"}
    assert info.ok(stack=STACK, check=True)["resources"] == outcome["resources"]
    assert list(seen(info.ok(stack="central-llm-two"))) == [f"arn:aws:sqs:{at}:theirs"]


def test_identities_of_that_name_that_bear_the_tag(info: t.Any, iam: t.Any) -> None:
    role = a_role(iam, f"{STACK}-task-role")
    a_role(iam, f"{STACK}-two-task-role", stack=f"{STACK}-two")
    a_role(iam, "someone")
    iam.create_role(RoleName=f"{STACK}-untagged", AssumeRolePolicyDocument=json.dumps(NO_ROLE))
    profile = iam.create_instance_profile(InstanceProfileName=f"{STACK}-instance-profile", Tags=mark())
    iam.create_instance_profile(InstanceProfileName=f"{STACK}-two", Tags=mark(f"{STACK}-two"))
    outcome = info.ok(stack=STACK)
    assert seen(outcome) == {
        role: ("iam", "role", f"{STACK}-task-role", "tag"),
        profile["InstanceProfile"]["Arn"]: ("iam", "instance-profile", f"{STACK}-instance-profile", "tag"),
    }
    assert all(one["tags"] == {TAG: STACK, "owner": "us"} for one in outcome["resources"])


def test_a_role_that_goes_while_it_is_looked_for_is_not_there(info: t.Any, iam: t.Any, faults: t.Any) -> None:
    a_role(iam, f"{STACK}-task-role")
    faults.add("iam", "ListRoleTags", "NoSuchEntity", status=404)
    assert info.ok(stack=STACK)["resources"] == []


def test_dashboards_belong_to_no_region_and_are_found_once(info: t.Any, lab: t.Any) -> None:
    body = json.dumps({"widgets": []})
    for region in (lab.region, "us-east-1"):
        cloudwatch = lab.client("cloudwatch", region=region)
        cloudwatch.put_dashboard(DashboardName=f"{STACK}-ops", DashboardBody=body, Tags=mark())
        cloudwatch.put_dashboard(DashboardName=f"{STACK}-two-ops", DashboardBody=body, Tags=mark(f"{STACK}-two"))
    wanted = {
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{STACK}-ops": ("cloudwatch", "dashboard", f"{STACK}-ops", "tag")
    }
    assert seen(info.ok(stack=STACK)) == wanted
    # There the tagging API finds it, too.
    assert seen(info.ok(stack=STACK, region="us-east-1")) == wanted


def test_schedules_by_their_names(info: t.Any, lab: t.Any, iam: t.Any) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = a_role(iam, "elsewhere", Statement=[trust])
    scheduler = lab.client("scheduler")
    arns = [
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="at(2099-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances", "RoleArn": role, "Input": "{}"},
        )["ScheduleArn"]
        for name in (f"{STACK}-lease-drain", f"{STACK}-lease-terminate", f"{STACK}-two-lease-drain")
    ]
    outcome = info.ok(stack=STACK)
    assert seen(outcome) == {
        arns[0]: ("scheduler", "schedule", f"default/{STACK}-lease-drain", "name"),
        arns[1]: ("scheduler", "schedule", f"default/{STACK}-lease-terminate", "name"),
    }
    assert all(one["tags"] == {} for one in outcome["resources"])


@pytest.mark.parametrize(("per_page", "pages"), [(100, 2), (40, 3)])
def test_all_pages_are_read(
    info: t.Any, lab: t.Any, faults: t.Any, monkeypatch: pytest.MonkeyPatch, per_page: int, pages: int
) -> None:
    monkeypatch.setattr(api, "PER_PAGE", per_page)
    log_groups(lab, 101)
    faults.forget_calls()
    assert len(seen(info.ok(stack=STACK))) == 101
    assert faults.calls().count("GetResources") == pages


def test_one_call_a_question_where_there_is_nothing_to_ask_more_of(info: t.Any, faults: t.Any) -> None:
    info.ok(stack=STACK)
    assert sorted(faults.calls()) == [
        "GetResources",
        "ListDashboards",
        "ListInstanceProfiles",
        "ListRoles",
        "ListSchedules",
    ]


@pytest.mark.parametrize("stack", ["", " ", "a b", "*", "x" * 58, "central-llm\n"])
def test_a_bad_name_stops_before_any_call(info: t.Any, faults: t.Any, stack: str) -> None:
    message = info.refused(stack=stack)
    assert message.startswith("stack: ") and "letters" in message
    assert faults.calls() == []


CALLS = [
    ("resourcegroupstaggingapi", "GetResources", "AccessDeniedException", "tag:GetResources"),
    ("iam", "ListRoles", "AccessDenied", "iam:ListRoles"),
    ("iam", "ListInstanceProfiles", "AccessDenied", "iam:ListInstanceProfiles"),
    ("iam", "ListRoleTags", "AccessDenied", "iam:ListRoleTags"),
    ("iam", "ListInstanceProfileTags", "AccessDenied", "iam:ListInstanceProfileTags"),
    ("cloudwatch", "ListDashboards", "AccessDenied", "cloudwatch:ListDashboards"),
    ("cloudwatch", "ListTagsForResource", "AccessDenied", "cloudwatch:ListTagsForResource"),
    ("scheduler", "ListSchedules", "AccessDeniedException", "scheduler:ListSchedules"),
]


@pytest.fixture
def one_of_each(lab: t.Any, iam: t.Any) -> None:
    a_role(iam, f"{STACK}-task-role")
    iam.create_instance_profile(InstanceProfileName=f"{STACK}-instance-profile", Tags=mark())
    lab.client("cloudwatch").put_dashboard(
        DashboardName=f"{STACK}-ops", DashboardBody=json.dumps({"widgets": []}), Tags=mark()
    )


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(("service", "operation", "code", "action"), CALLS)
def test_a_denial_names_the_missing_action(
    info: t.Any, faults: t.Any, service: str, operation: str, code: str, action: str
) -> None:
    faults.add(service, operation, code, status=403)
    message = info.refused(stack=STACK)
    assert f"lacks the IAM action {action}" in message


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        # The tagging API's own word for it.
        ("resourcegroupstaggingapi", "GetResources", "ThrottledException"),
        ("iam", "ListRoleTags", "Throttling"),
        ("scheduler", "ListSchedules", "ThrottlingException"),
        ("cloudwatch", "ListDashboards", "Throttling"),
    ],
)
def test_throttling_is_ridden_out(info: t.Any, faults: t.Any, service: str, operation: str, code: str) -> None:
    faults.add(service, operation, code, times=2)
    assert len(info.ok(stack=STACK)["resources"]) == 3
