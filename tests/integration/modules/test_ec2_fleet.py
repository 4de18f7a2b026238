from __future__ import annotations

import time
import typing as t

import pytest

NAME = "central-llm-ec2"
TEMPLATE = "central-llm-launch-template"
STACK = {"central-llm:stack": "central-llm"}
TAGS = {**STACK, "Name": NAME}


@pytest.fixture
def fleet(run_module: t.Any) -> t.Any:
    return run_module("ec2_fleet")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    client = lab.client("ec2")
    image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    data = {"ImageId": image, "InstanceType": "g6e.2xlarge"}
    client.create_launch_template(LaunchTemplateName=TEMPLATE, LaunchTemplateData=data)
    return client


@pytest.fixture
def subnets(ec2: t.Any) -> dict[str, str]:
    """The default subnets by zone letter; a and b offer g6e, c does not."""
    return {item["AvailabilityZone"][-1]: item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]}


@pytest.fixture
def options(subnets: dict[str, str]) -> dict[str, t.Any]:
    ladder = [
        {"instance_type": "g6e.2xlarge", "subnet_id": subnets["a"]},
        {"instance_type": "g6e.2xlarge", "subnet_id": subnets["b"]},
        {"instance_type": "g6e.4xlarge", "subnet_id": subnets["a"]},
    ]
    return {"name": NAME, "launch_template_name": TEMPLATE, "overrides": ladder, "tags": STACK, "wait_timeout": 60}


def hosts(ec2: t.Any, *states: str, name: str = NAME) -> list[dict[str, t.Any]]:
    filters = [
        {"Name": "tag:Name", "Values": [name]},
        {"Name": "instance-state-name", "Values": list(states or ("pending", "running"))},
    ]
    found = ec2.describe_instances(Filters=filters)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def sold_out(
    faults: t.Any, instance_type: str, zone: str, *, available: bool = False, launches: str = "refuse"
) -> None:
    place = {
        "instance_type": instance_type,
        "availability_zone": zone,
        "available": available,
        "launches": launches,
    }
    faults._send("POST", "capacity", place)


def run_host(ec2: t.Any, subnet_id: str, tags: dict[str, str]) -> str:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    started = ec2.run_instances(
        ImageId=image,
        InstanceType="g6e.2xlarge",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_id,
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    instance_id: str = started["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
    return instance_id


def test_start_and_start_again(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    foretold = fleet.ok(check=True, **options)
    assert foretold.changed and hosts(ec2) == []
    assert foretold["would_start"] == {
        "count": 1,
        "instance_type": "g6e.2xlarge",
        "subnet_id": subnets["a"],
        "lifecycle": "on-demand",
    }
    outcome = fleet.ok(**options)
    assert outcome.changed and outcome["attempts"] == []
    assert outcome["fleet"]["count"] == foretold["fleet"]["count"] == 1
    (host,) = hosts(ec2)
    assert host["State"]["Name"] == "running"
    tags = {tag["Key"]: tag["Value"] for tag in host["Tags"]}
    assert TAGS.items() <= tags.items()
    (shown,) = outcome["instances"]
    assert (shown["id"], shown["type"], shown["subnet_id"]) == (host["InstanceId"], "g6e.2xlarge", subnets["a"])
    assert (shown["state"], shown["lifecycle"]) == ("running", "on-demand")
    assert shown["private_ip"] == host["PrivateIpAddress"]
    faults.forget_calls()
    assert fleet.settled(**options)["instances"] == outcome["instances"]
    assert "CreateFleet" not in faults.calls()


def test_the_ladder_is_climbed_in_order_and_every_refusal_is_told(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    sold_out(faults, "g6e.2xlarge", "eu-central-1a")
    sold_out(faults, "g6e.2xlarge", "eu-central-1b")
    outcome = fleet.ok(**options)
    assert [(item["instance_type"], item["subnet_id"]) for item in outcome["attempts"]] == [
        ("g6e.2xlarge", subnets["a"]),
        ("g6e.2xlarge", subnets["b"]),
    ]
    assert {item["error_code"] for item in outcome["attempts"]} == {"InsufficientInstanceCapacity"}
    assert all("capacity" in item["error_message"] for item in outcome["attempts"])
    assert [host["InstanceType"] for host in hosts(ec2)] == ["g6e.4xlarge"]


def test_a_rung_that_its_zone_does_not_offer_is_not_asked_for(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    ladder = [{"instance_type": "g6e.2xlarge", "subnet_id": subnets["c"]}, *options["overrides"]]
    faults.forget_calls()
    outcome = fleet.ok(**{**options, "overrides": ladder})
    assert faults.calls().count("CreateFleet") == 1
    (attempt,) = outcome["attempts"]
    assert attempt["error_code"] == "NotOfferedInZone" and attempt["subnet_id"] == subnets["c"]
    assert "eu-central-1a" in attempt["error_message"]
    assert [host["SubnetId"] for host in hosts(ec2)] == [subnets["a"]]


def test_a_host_that_ends_by_itself_is_followed_by_the_next_rung(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    sold_out(faults, "*", "eu-central-1a", launches="end")
    outcome = fleet.ok(**options, attempt_timeout=30, wait=False)
    (attempt,) = outcome["attempts"]
    assert attempt["error_code"] == "Server.InsufficientInstanceCapacity" and attempt["subnet_id"] == subnets["a"]
    (host,) = hosts(ec2)
    assert (host["SubnetId"], host["State"]["Name"]) == (subnets["b"], "running")
    assert outcome["fleet"]["instance_ids"] == [host["InstanceId"]]
    fleet.settled(**options, attempt_timeout=30)


def test_a_host_that_does_not_run_in_time_is_terminated(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    sold_out(faults, "*", "eu-central-1a", launches="hang")
    outcome = fleet.ok(**options, attempt_timeout=1)
    (attempt,) = outcome["attempts"]
    assert attempt["error_code"] == "AttemptTimeout" and "1 s" in attempt["error_message"]
    assert [host["SubnetId"] for host in hosts(ec2)] == [subnets["b"]]
    assert [host["SubnetId"] for host in hosts(ec2, "shutting-down", "terminated")] == [subnets["a"]]


def test_hosts_that_all_end_fail_with_every_reason(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    for zone in ("eu-central-1a", "eu-central-1b"):
        sold_out(faults, "*", zone, launches="end")
    outcome = fleet(**options, attempt_timeout=30)
    assert outcome.failed and outcome["instance_ids"] == [] and len(outcome["attempts"]) == 3
    assert hosts(ec2) == []
    # The next run asks anew.
    sold_out(faults, "*", "eu-central-1b", available=True)
    assert fleet.ok(**options, attempt_timeout=30).changed
    assert len(hosts(ec2)) == 1


def test_no_capacity_anywhere_fails_with_every_reason(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    sold_out(faults, "*", "eu-central-1a")
    sold_out(faults, "*", "eu-central-1b")
    ladder = [*options["overrides"], {"instance_type": "g6e.2xlarge", "subnet_id": subnets["c"]}]
    outcome = fleet(**{**options, "overrides": ladder})
    assert outcome.failed and hosts(ec2) == []
    codes = [item["error_code"] for item in outcome["attempts"]]
    assert sorted(codes) == ["InsufficientInstanceCapacity"] * 3 + ["NotOfferedInZone"]
    for rung in ladder:
        assert f"{rung['instance_type']} (on-demand) in {rung['subnet_id']}" in outcome["msg"]


def test_an_old_refusal_that_aws_repeats_is_not_believed(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], faults: t.Any
) -> None:
    """AWS answers a request with a known client token as it did before, long after there is capacity again."""
    sold_out(faults, "*", "eu-central-1a")
    sold_out(faults, "*", "eu-central-1b")
    assert fleet(**options).failed
    sold_out(faults, "*", "eu-central-1a", available=True)
    sold_out(faults, "*", "eu-central-1b", available=True)
    deadline = time.monotonic() + 60
    while fleet(**options).failed:
        assert time.monotonic() < deadline, "the refusal is still repeated"
        time.sleep(0.5)
    assert len(hosts(ec2)) == 1


def test_nothing_offered_fails_before_anything_is_asked_for(
    fleet: t.Any, options: dict[str, t.Any], subnets: dict[str, str], faults: t.Any
) -> None:
    ladder = [{"instance_type": "g6e.2xlarge", "subnet_id": subnets["c"]}]
    faults.forget_calls()
    outcome = fleet(check=True, **{**options, "overrides": ladder})
    assert outcome.failed and outcome["attempts"][0]["error_code"] == "NotOfferedInZone"
    assert "CreateFleet" not in faults.calls()


def test_a_run_that_was_cut_short_is_not_repeated(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run dies after AWS took its request, and the second does not see the host listed yet."""
    from ansible_collections.central.llm.plugins.module_utils._ec2 import api
    from ansible_collections.central.llm.plugins.module_utils._ec2 import fleet as launching

    moment = time.time()
    monkeypatch.setattr(launching.time, "time", lambda: moment)
    create, find = api.create_fleet, api.find_instances

    def die(client: t.Any, **request: t.Any) -> None:
        create(client, **request)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(api, "create_fleet", die)
        with pytest.raises(ValueError):  # nothing was printed
            fleet(**options)
    assert len(hosts(ec2)) == 1
    with monkeypatch.context() as patch:
        patch.setattr(api, "find_instances", lambda client, tags, states: [])
        assert fleet.ok(**options).changed
    assert api.find_instances is find
    assert len(hosts(ec2)) == 1


def test_only_what_is_missing_is_started_and_surplus_stays(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    known = run_host(ec2, subnets["b"], TAGS)
    outcome = fleet.ok(**options, target_capacity=3)
    assert len(outcome["instances"]) == 3 and known in outcome["fleet"]["instance_ids"]
    assert len(hosts(ec2)) == 3
    assert fleet.settled(**options)["fleet"]["count"] == 3


def test_hosts_of_others_neither_count_nor_go(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    run_host(ec2, subnets["a"], {**TAGS, "central-llm:stack": "other"})
    run_host(ec2, subnets["a"], {"Name": NAME})
    assert fleet.ok(**options).changed
    assert len(hosts(ec2)) == 3
    fleet.ok(name=NAME, tags=STACK, state="absent", wait_timeout=60)
    assert len(hosts(ec2)) == 2


def test_hosts_that_are_excluded_are_left_running(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    kept = [run_host(ec2, subnets["a"], TAGS), run_host(ec2, subnets["b"], TAGS)]
    run_host(ec2, subnets["a"], TAGS)
    gone = {"name": NAME, "tags": STACK, "state": "absent", "wait_timeout": 60, "exclude_instance_ids": kept}
    assert fleet.ok(**gone)["fleet"]["instance_ids"] == sorted(kept)
    assert sorted(item["InstanceId"] for item in hosts(ec2)) == sorted(kept)
    assert sorted(item["id"] for item in fleet.settled(**gone)["instances"]) == sorted(kept)


def test_a_wildcard_in_a_tag_is_a_letter(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    run_host(ec2, subnets["a"], {**TAGS, "central-llm:stack": "central-llm-two"})
    fleet.settled(name=NAME, tags={"central-llm:stack": "central-llm*"}, state="absent")
    assert len(hosts(ec2)) == 1


def test_a_stopped_host_is_told_but_does_not_count(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    stopped = run_host(ec2, subnets["a"], TAGS)
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[stopped])
    outcome = fleet.ok(**options)
    assert outcome.changed and [item["id"] for item in outcome["not_counted"]] == [stopped]
    assert outcome["not_counted"][0]["state"] == "stopped"
    assert len(hosts(ec2, "pending", "running", "stopped")) == 2


def test_spot(fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]) -> None:
    ladder = [{"instance_type": "g6e.2xlarge", "subnet_id": subnets["a"], "lifecycle": "spot"}]
    outcome = fleet.ok(**{**options, "overrides": ladder})
    (host,) = hosts(ec2)
    assert outcome["instances"][0]["lifecycle"] == host.get("InstanceLifecycle") == "spot"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"overrides": []}, "overrides is empty"),
        ({"attempt_timeout": 0}, "1 second or more"),
        ({"target_capacity": -1}, "0 or more"),
        ({"filters": {"team": "x"}}, "never be found again"),
        ({"name": "", "tags": {}}, "which hosts are meant"),
        ({"launch_template_name": "missing"}, "no launch template missing"),
        ({"launch_template_version": "7"}, "version 7"),
        ({"overrides": [{"instance_type": "g6e.2xlarge", "subnet_id": "subnet-0123456789abcdef0"}]}, "subnet-01"),
        ({"overrides": [{"subnet_id": "subnet-0123456789abcdef0"}]}, "instance_type"),
    ],
)
def test_bad_input_is_refused_before_anything_is_started(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], faults: t.Any, change: dict[str, t.Any], expected: str
) -> None:
    faults.forget_calls()
    assert expected in fleet.refused(**{**options, **change})
    assert all(call.startswith("Describe") for call in faults.calls())
    assert hosts(ec2) == []


def test_a_denial_names_the_missing_action(fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], faults: t.Any) -> None:
    faults.add("ec2", "CreateFleet", "UnauthorizedOperation", status=403)
    message = fleet.refused(**options)
    assert "ec2:CreateFleet" in message and "g6e.2xlarge" in message
    faults.add("ec2", "TerminateInstances", "UnauthorizedOperation", status=403)
    fleet.ok(**options)
    assert "ec2:TerminateInstances" in fleet.refused(name=NAME, tags=STACK, state="absent")
    assert len(hosts(ec2)) == 1


def test_throttling_is_ridden_out(fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], faults: t.Any) -> None:
    faults.add("ec2", "CreateFleet", "RequestLimitExceeded", status=503, times=2)
    assert fleet.ok(**options).changed
    assert len(hosts(ec2)) == 1


def test_terminate_and_terminate_again(
    fleet: t.Any, ec2: t.Any, options: dict[str, t.Any], subnets: dict[str, str]
) -> None:
    stopped = run_host(ec2, subnets["a"], TAGS)
    ec2.stop_instances(InstanceIds=[stopped])
    fleet.ok(**options)
    gone = {"name": NAME, "tags": STACK, "state": "absent", "wait_timeout": 60}
    foretold = fleet.ok(check=True, **gone)
    assert foretold["fleet"]["count"] == 0 and foretold["diff"]["before"]["count"] == 2
    assert len(hosts(ec2)) == 1
    outcome = fleet.predicted(**gone)
    assert outcome.changed and outcome["instances"] == []
    assert hosts(ec2, "pending", "running", "stopping", "stopped", "shutting-down") == []
    assert len(hosts(ec2, "terminated")) == 2
    fleet.settled(**gone)
    # A new session is a new request, though nothing is there, as before.
    assert fleet.ok(**options).changed
    assert len(hosts(ec2)) == 1


class TestATemplateThatIsYetToBeMade:
    def test_check_mode_predicts_the_start(self, fleet: t.Any, options: dict[str, t.Any]) -> None:
        outcome = fleet.ok(check=True, **{**options, "launch_template_name": ""})
        assert outcome.changed and outcome["would_start"]["count"] == 1

    def test_a_run_needs_it(self, fleet: t.Any, options: dict[str, t.Any]) -> None:
        assert "Only check mode" in fleet.refused(**{**options, "launch_template_name": ""})

    def test_a_name_that_leads_nowhere_is_none(self, fleet: t.Any, options: dict[str, t.Any]) -> None:
        assert "no launch template nowhere" in fleet.refused(
            check=True, **{**options, "launch_template_name": "nowhere"}
        )
