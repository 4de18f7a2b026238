"""Functions that really run, rules and schedules that really fire, and the clock that they all follow."""

from __future__ import annotations

import io
import json
import time
import typing as t
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import requests
from helpers import refused

from lab.context import LabContext
from lab.functions.plane import FunctionsPlane
from lab.schedules.plane import SchedulesPlane

HANDLER = """
import logging, os, time
import boto3
logging.getLogger().setLevel("INFO")
count = 0
def handle(event, context):
    global count
    count += 1
    print("hello", event.get("name"))
    logging.info("said")
    if event.get("fail"):
        raise ValueError("as asked")
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("regions"):
        boto3.client("ec2").describe_regions()
    return {"count": count, "greeting": os.environ.get("GREETING"), "now": time.time()}
"""


@pytest.fixture
def planes(lab: LabContext) -> t.Iterator[LabContext]:
    running = [FunctionsPlane(), SchedulesPlane()]
    for plane in running:
        plane.start(lab)
    yield lab
    for plane in reversed(running):
        plane.stop()


def role(lab: LabContext, name: str, service: str, *actions: str) -> str:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    iam = lab.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allow(lab, name, *(actions or ["s3:ListBucket"]))
    return str(arn)


def allow(lab: LabContext, name: str, *actions: str) -> None:
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    document = json.dumps(rights)
    lab.client("iam").put_role_policy(RoleName=name, PolicyName=actions[0].replace(":", "-"), PolicyDocument=document)


LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


def package(code: str = HANDLER) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", code)
    return packed.getvalue()


def function(lab: LabContext, *actions: str, **options: t.Any) -> str:
    lab.client("logs").create_log_group(logGroupName="/aws/lambda/greeter")
    client = lab.client("lambda")
    arn = client.create_function(
        FunctionName="greeter",
        Runtime="python3.13",
        Handler="handler.handle",
        Role=role(lab, "greeter", "lambda.amazonaws.com", *LOGS, *actions),
        Code={"ZipFile": package()},
        Environment={"Variables": {"GREETING": "moin"}},
        **options,
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName="greeter", WaiterConfig={"Delay": 0.02})
    return str(arn)


def invoked(lab: LabContext, **event: t.Any) -> t.Any:
    answer = lab.client("lambda").invoke(FunctionName="greeter", Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def log_lines(lab: LabContext) -> list[str]:
    events = lab.client("logs").filter_log_events(logGroupName="/aws/lambda/greeter")["events"]
    return [event["message"] for event in events]


def move(lab: LabContext, seconds: float) -> None:
    requests.post(f"{lab.endpoint_url}/_lab/clock", json={"advance_seconds": seconds}, timeout=60).raise_for_status()


def test_a_function_runs_and_stays_warm(planes: LabContext) -> None:
    function(planes)
    error, answer = invoked(planes, name="world")
    assert (error, answer["count"], answer["greeting"]) == (None, 1, "moin")
    assert invoked(planes)[1]["count"] == 2
    lines = log_lines(planes)
    assert "hello world" in lines
    assert any(line.startswith("[INFO]\t") and line.endswith("\tsaid") for line in lines)
    assert [line.split()[0] for line in lines].count("REPORT") == 2


def test_errors_and_time_limits_are_told(planes: LabContext) -> None:
    function(planes, Timeout=1)
    error, answer = invoked(planes, fail=True)
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "ValueError", "as asked")
    error, answer = invoked(planes, sleep=30)
    assert error == "Unhandled" and "Task timed out after 1.00 seconds" in answer["errorMessage"]
    # The process was ended, and the next event has a new one.
    assert invoked(planes)[1]["count"] == 1


def test_the_roles_rights_decide(planes: LabContext) -> None:
    function(planes)
    error, answer = invoked(planes, regions=True)
    assert error == "Unhandled" and "not authorized to perform: ec2:DescribeRegions" in answer["errorMessage"]
    rights = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeRegions", "Resource": "*"}],
    }
    planes.client("iam").put_role_policy(RoleName="greeter", PolicyName="more", PolicyDocument=json.dumps(rights))
    assert invoked(planes, regions=True)[0] is None


def test_a_role_must_trust_lambda(planes: LabContext) -> None:
    other = role(planes, "other", "ec2.amazonaws.com")
    options = {"Runtime": "python3.13", "Handler": "handler.handle", "Role": other, "Code": {"ZipFile": package()}}
    create = planes.client("lambda").create_function
    assert refused(create, FunctionName="greeter", **options) == "InvalidParameterValueException"


def test_a_function_that_is_not_ready_is_not_changed(planes: LabContext, monkeypatch: pytest.MonkeyPatch) -> None:
    function(planes)
    monkeypatch.setattr(planes, "settle_seconds", 0.5)
    client = planes.client("lambda")
    client.update_function_code(FunctionName="greeter", ZipFile=package("def handle(event, context): return {}"))
    assert (
        refused(client.update_function_configuration, FunctionName="greeter", Timeout=5) == "ResourceConflictException"
    )
    client.get_waiter("function_updated_v2").wait(FunctionName="greeter", WaiterConfig={"Delay": 0.02})
    client.update_function_configuration(FunctionName="greeter", Timeout=5)
    assert invoked(planes)[1] == {}


def test_failed_events_are_tried_three_times_and_end_in_the_queue(planes: LabContext) -> None:
    sqs = planes.client("sqs")
    queue = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    planes.client("cloudwatch").put_metric_alarm(
        AlarmName="failed",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "failed"}],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
        EvaluationPeriods=1,
        Period=60,
        Statistic="Maximum",
    )
    function(planes, "sqs:SendMessage", DeadLetterConfig={"TargetArn": arn})
    answer = planes.client("lambda").invoke(
        FunctionName="greeter", InvocationType="Event", Payload=json.dumps({"fail": True})
    )
    assert answer["StatusCode"] == 202
    move(planes, 170)
    assert sqs.receive_message(QueueUrl=queue).get("Messages") is None
    move(planes, 70)
    message = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
    assert json.loads(message["Body"]) == {"fail": True}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as asked"
    assert log_lines(planes).count("hello None") == 3
    move(planes, 60)
    assert planes.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"


def test_a_rule_invokes_only_what_lets_it(planes: LabContext) -> None:
    arn = function(planes)
    events = planes.client("events")
    rule = events.put_rule(Name="minutely", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule="minutely", Targets=[{"Id": "greeter", "Arn": arn}])
    move(planes, 90)
    assert log_lines(planes) == []
    planes.client("lambda").add_permission(
        FunctionName="greeter",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    move(planes, 180)
    assert log_lines(planes).count("hello None") == 3
    events.disable_rule(Name="minutely")
    move(planes, 180)
    assert log_lines(planes).count("hello None") == 3


def schedule(lab: LabContext, role_arn: str, seconds: float, arn: str, request: t.Any, **target: t.Any) -> None:
    moment = lab.clock.utc() + timedelta(seconds=seconds)
    lab.client("scheduler").create_schedule(
        Name="once",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={"Arn": arn, "RoleArn": role_arn, "Input": json.dumps(request), **target},
    )


def test_a_schedule_calls_once_with_its_roles_rights_and_goes(planes: LabContext) -> None:
    allowed = role(planes, "schedule", "scheduler.amazonaws.com", "ec2:CreateKeyPair")
    schedule(planes, allowed, 600, "arn:aws:scheduler:::aws-sdk:ec2:createKeyPair", {"KeyName": "made"})
    move(planes, 590)
    assert planes.client("ec2").describe_key_pairs()["KeyPairs"] == []
    move(planes, 20)
    assert [pair["KeyName"] for pair in planes.client("ec2").describe_key_pairs()["KeyPairs"]] == ["made"]
    assert planes.client("scheduler").list_schedules()["Schedules"] == []


def test_what_a_schedule_may_not_do_ends_in_its_queue(planes: LabContext) -> None:
    sqs = planes.client("sqs")
    queue = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    denied = role(planes, "schedule", "scheduler.amazonaws.com", "sqs:SendMessage")
    target = "arn:aws:scheduler:::aws-sdk:ec2:createKeyPair"
    schedule(planes, denied, 60, target, {"KeyName": "made"}, DeadLetterConfig={"Arn": arn})
    move(planes, 61)
    message = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"][0]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "UnauthorizedOperation"
    assert planes.client("ec2").describe_key_pairs()["KeyPairs"] == []


def test_schedules_that_aws_refuses(planes: LabContext) -> None:
    other = role(planes, "other", "ec2.amazonaws.com")
    trusted = role(planes, "schedule", "scheduler.amazonaws.com")
    create = planes.client("scheduler").create_schedule
    common = {"Name": "once", "FlexibleTimeWindow": {"Mode": "OFF"}}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances", "RoleArn": trusted}
    at = "at(2030-01-01T00:00:00)"
    cases = [
        (at, {**target, "RoleArn": other}),
        (at, {**target, "Arn": "arn:aws:scheduler:::aws-sdk:ec2:describeInstances"}),
        (at, {**target, "Arn": "arn:aws:scheduler:::aws-sdk:ec2:launchRockets"}),
        (at, {**target, "Input": "{"}),
        (at, {**target, "SqsParameters": {"MessageGroupId": "one"}}),
        ("at(2030-13-01T00:00:00)", target),
        ("rate(1 minutes)", target),
    ]
    for expression, asked in cases:
        assert refused(create, **common, ScheduleExpression=expression, Target=asked) == "ValidationException"
    past = datetime.now(UTC) - timedelta(minutes=10)
    rate = {**common, "ScheduleExpression": "rate(1 hour)", "Target": target}
    assert refused(create, **rate, StartDate=past) == "ValidationException"
    create(**rate)
    update = planes.client("scheduler").update_schedule
    assert refused(update, **rate, StartDate=past) == "ValidationException"
    update(**{**rate, "ScheduleExpression": at}, StartDate=past)


def test_a_target_has_the_parameters_of_its_kind_alone(lab: LabContext) -> None:
    events = lab.client("events")
    events.put_rule(Name="minutely", ScheduleExpression="rate(1 minute)")
    target = {"Id": "one", "SqsParameters": {"MessageGroupId": "one"}}
    of_a_function = {**target, "Arn": "arn:aws:lambda:eu-central-1:123456789012:function:one"}
    assert refused(events.put_targets, Rule="minutely", Targets=[of_a_function]) == "ValidationException"
    events.put_targets(Rule="minutely", Targets=[{**target, "Arn": "arn:aws:sqs:eu-central-1:123456789012:one"}])


def test_the_clock_takes_no_nonsense_and_goes_back(lab: LabContext) -> None:
    url = f"{lab.endpoint_url}/_lab/clock"
    before = requests.get(url, timeout=10).json()["now"]
    assert requests.post(url, json={"advance_seconds": -1}, timeout=10).status_code == 400
    assert requests.post(url, json={"advance": 1}, timeout=10).status_code == 400
    move(lab, 3600)
    assert requests.get(url, timeout=10).json()["now"] > before
    requests.post(url, json={"reset": True}, timeout=10).raise_for_status()
    back = datetime.fromisoformat(requests.get(url, timeout=10).json()["now"])
    assert back - datetime.fromisoformat(before) < timedelta(seconds=3000)


def test_a_right_by_tag_ends_only_what_carries_it(planes: LabContext) -> None:
    ec2 = planes.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def launch(stack: str) -> str:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "stack", "Value": stack}]}]
        asked = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "TagSpecifications": tags}
        return str(ec2.run_instances(**asked)["Instances"][0]["InstanceId"])

    ours, theirs = launch("ours"), launch("theirs")
    arn = role(planes, "schedule", "scheduler.amazonaws.com")
    tagged = {
        "Effect": "Allow",
        "Action": "ec2:TerminateInstances",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/stack": "ours"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [tagged]})
    planes.client("iam").put_role_policy(RoleName="schedule", PolicyName="end", PolicyDocument=document)
    target = "arn:aws:scheduler:::aws-sdk:ec2:terminateInstances"
    for instance_id in (theirs, ours):
        schedule(planes, arn, 60, target, {"InstanceIds": [instance_id]})
        move(planes, 61)
    states = {
        instance["InstanceId"]: instance["State"]["Name"]
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    }
    assert states[theirs] in {"pending", "running"}
    assert states[ours] in {"shutting-down", "terminated"}


GROUP = "/some/log"


def subscribed(lab: LabContext, principal: str = "logs.amazonaws.com", pattern: str = "") -> str:
    arn = function(lab)
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    lab.client("lambda").add_permission(
        FunctionName="greeter",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn=f"arn:aws:logs:{lab.region}:{lab.account_id}:log-group:{GROUP}:*",
    )
    logs.put_subscription_filter(logGroupName=GROUP, filterName="audit", filterPattern=pattern, destinationArn=arn)
    return arn


def say(lab: LabContext, *lines: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": line} for number, line in enumerate(lines)]
    lab.client("logs").put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


DECODER = """
import base64, gzip, json
def handle(event, context):
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    print(json.dumps(batch))
    if any("fail" in each["message"] for each in batch["logEvents"]):
        raise ValueError("as asked")
"""


@pytest.mark.parametrize("principal", ["logs.amazonaws.com", "logs.eu-central-1.amazonaws.com"])
def test_lines_of_a_log_come_to_the_function_that_subscribed(planes: LabContext, principal: str) -> None:
    subscribed(planes, principal, '"central llm" ?one ?two -three')
    planes.client("lambda").update_function_code(FunctionName="greeter", ZipFile=package(DECODER))
    say(planes, "central llm one", "central llm three", "one", "central llm")
    move(planes, 1)
    (batch,) = [json.loads(line) for line in log_lines(planes) if line.startswith("{")]
    assert (batch["messageType"], batch["logGroup"], batch["logStream"], batch["subscriptionFilters"]) == (
        "DATA_MESSAGE",
        GROUP,
        "one",
        ["audit"],
    )
    assert [each["message"] for each in batch["logEvents"]] == ["central llm one", "central llm"]
    assert all(len(each["id"]) == 56 and each["timestamp"] for each in batch["logEvents"])


def test_a_subscription_needs_the_functions_leave_and_there_are_two_at_most(planes: LabContext) -> None:
    arn = subscribed(planes)
    put = planes.client("logs").put_subscription_filter
    given = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": arn}
    put(filterName="audit", **{**given, "filterPattern": "error"})
    put(filterName="second", **given)
    put(filterName="second", **{**given, "filterPattern": "error"})
    assert refused(put, filterName="third", **given) == "LimitExceededException"
    assert refused(put, filterName="audit", **{**given, "filterPattern": "{ $.x ="}) == "InvalidParameterException"
    assert refused(put, filterName="audit", **{**given, "logGroupName": "/none"}) == "ResourceNotFoundException"
    planes.client("lambda").remove_permission(FunctionName="greeter", StatementId="logs")
    assert refused(put, filterName="audit", **given) == "InvalidParameterException"


def test_a_subscription_whose_function_shuts_it_out_loses_lines_for_ten_minutes(planes: LabContext) -> None:
    arn = subscribed(planes)
    planes.client("lambda").remove_permission(FunctionName="greeter", StatementId="logs")
    say(planes, "lost")
    source = f"arn:aws:logs:{planes.region}:{planes.account_id}:log-group:{GROUP}:*"
    planes.client("lambda").add_permission(
        FunctionName=arn,
        StatementId="back",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=source,
    )
    say(planes, "lost, too")
    move(planes, 601)
    say(planes, "heard")
    move(planes, 1)
    assert sum("hello" in line for line in log_lines(planes)) == 1
