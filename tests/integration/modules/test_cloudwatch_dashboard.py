from __future__ import annotations

import json
import typing as t

import pytest

NAME = "some-dashboard"
WIDGET = {
    "type": "metric",
    "width": 12,
    "height": 6,
    "properties": {"region": "eu-central-1", "metrics": [["AWS/ApiGateway", "Count", "ApiName", "a"]]},
}
BODY = {"widgets": [WIDGET]}


@pytest.fixture
def dashboard(run_module: t.Any) -> t.Any:
    return run_module("cloudwatch_dashboard")


@pytest.fixture
def cloudwatch(lab: t.Any) -> t.Any:
    return lab.client("cloudwatch")


def read_back(cloudwatch: t.Any) -> dict[str, t.Any] | None:
    there = [each["DashboardName"] for each in cloudwatch.list_dashboards()["DashboardEntries"]]
    return json.loads(cloudwatch.get_dashboard(DashboardName=NAME)["DashboardBody"]) if NAME in there else None


def tags_of(cloudwatch: t.Any) -> dict[str, str]:
    arn = cloudwatch.get_dashboard(DashboardName=NAME)["DashboardArn"]
    return {each["Key"]: each["Value"] for each in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def test_create_and_create_again(dashboard: t.Any, cloudwatch: t.Any) -> None:
    assert dashboard.predicted(name=NAME, body=BODY, tags={"owner": "us"}).changed
    assert (read_back(cloudwatch), tags_of(cloudwatch)) == (BODY, {"owner": "us"})
    dashboard.settled(name=NAME, body=BODY, tags={"owner": "us"})
    # The same, written in another way.
    dashboard.settled(name=NAME, body=json.dumps(BODY, indent=4, sort_keys=True))
    dashboard.settled(name=NAME)


def test_check_mode_writes_nothing(dashboard: t.Any, cloudwatch: t.Any) -> None:
    assert dashboard.ok(check=True, name=NAME, body=BODY).changed
    assert read_back(cloudwatch) is None


def test_a_body_that_somebody_changed_comes_back_and_shows_as_diff(dashboard: t.Any, cloudwatch: t.Any) -> None:
    dashboard.ok(name=NAME, body=BODY, tags={"owner": "us"})
    text = {"type": "text", "properties": {"markdown": "by hand"}}
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps({"widgets": [WIDGET, text]}))
    outcome = dashboard.predicted(name=NAME, body=BODY)
    assert len(outcome["diff"]["before"]["body"]["widgets"]) == 2
    assert outcome["diff"]["after"]["body"] == BODY
    assert (read_back(cloudwatch), tags_of(cloudwatch)) == (BODY, {"owner": "us"})


def test_tags_of_others_stay_unless_purged(dashboard: t.Any, cloudwatch: t.Any) -> None:
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps(BODY))
    assert dashboard.predicted(name=NAME, body=BODY, tags={"ours": "1"}).changed
    assert tags_of(cloudwatch) == {"ours": "1"}
    assert dashboard.predicted(name=NAME, tags={"more": "2"}).changed
    assert tags_of(cloudwatch) == {"ours": "1", "more": "2"}
    assert dashboard.predicted(name=NAME, tags={"more": "2"}, purge_tags=True).changed
    assert tags_of(cloudwatch) == {"more": "2"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a b", "body": BODY}, "name"),
        ({"name": NAME}, "body must be given"),
        ({"name": NAME, "body": "{"}, "no JSON"),
        ({"name": NAME, "body": {"periodOverride": "auto"}}, "no list of widgets"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    dashboard: t.Any, faults: t.Any, options: dict[str, t.Any], said: str
) -> None:
    for check in (True, False):
        assert said in dashboard.refused(check=check, **options)
    assert "PutDashboard" not in faults.calls()


def test_what_aws_refuses_is_said(dashboard: t.Any, cloudwatch: t.Any) -> None:
    wide = {"widgets": [WIDGET | {"width": 25}]}
    assert "widgets/0" in dashboard.refused(name=NAME, body=wide)
    assert read_back(cloudwatch) is None


def test_a_denial_names_the_action_and_throttling_is_ridden_out(
    dashboard: t.Any, cloudwatch: t.Any, faults: t.Any
) -> None:
    faults.add("cloudwatch", "PutDashboard", "AccessDenied")
    assert "cloudwatch:PutDashboard" in dashboard.refused(name=NAME, body=BODY)
    faults.add("cloudwatch", "PutDashboard", "Throttling", times=2)
    assert dashboard.ok(name=NAME, body=BODY).changed
    assert read_back(cloudwatch) == BODY


def test_delete_and_delete_again_and_never_somebody_elses(dashboard: t.Any, cloudwatch: t.Any) -> None:
    dashboard.ok(name=NAME, body=BODY, tags={"owner": "them"})
    dashboard.settled(name=NAME, state="absent", tags={"owner": "us"})
    assert read_back(cloudwatch) == BODY
    assert dashboard.predicted(name=NAME, state="absent", tags={"owner": "them"}).changed
    assert read_back(cloudwatch) is None
    dashboard.settled(name=NAME, state="absent")
