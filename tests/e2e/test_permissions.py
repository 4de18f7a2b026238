"""Each playbook with nothing but its operator's policy: the lab refuses what the policy does not allow."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
import secrets
import typing as t
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import boto3
import botocore.session
import pytest
from ansible_collections.central.llm.plugins.module_utils._iam.actions import action_of

from .playing import Run, play
from .test_lifecycle import inventory
from .test_lifecycle import lab as lab

# No permission is needed to ask who one is.
FREE = {"sts:GetCallerIdentity"}

# Whatever can be changed in place, so that the calls that change something are seen too.
CHANGES = {
    "llm_gateway_auth": "bearer",
    "llm_gateway_rate_limit": 6,
    "llm_gateway_log_retention_days": 30,
    "llm_gateway_routes": [{"path": "/v1/chat/completions", "method": "POST"}],
    "llm_network_legacy_groups": ["former-path"],
    "llm_balancer_idle_timeout": 900,
    "llm_balancer_health_interval": 15,
    "llm_balancer_deregistration_delay": 6,
    "llm_host_root_size": 120,
    "llm_service_stop_timeout": 50,
    "llm_service_log_retention_days": 14,
    "llm_audit_ingest_memory": 640,
    "llm_audit_raw": True,
    "llm_tags": {"owner": "tests"},
    "llm_identity_aws_managed_policies": True,
}


class Operator(t.NamedTuple):
    """A user of its own for each run, so that its calls are told from all others by its key."""

    environment: dict[str, str]
    key_id: str

    def called(self) -> set[str]:
        with urllib.request.urlopen(f"{self.environment['AWS_ENDPOINT_URL']}/_lab/calls", timeout=10) as answer:
            calls = json.loads(answer.read())
        made = {(call["service"], call["operation"]) for call in calls if call["access_key"] == self.key_id}
        return {action_of_call(*call) for call in made} - FREE


class Policies(t.NamedTuple):
    """What the entry point `operator` wrote for a stack, by playbook."""

    lab: dict[str, str]
    folder: Path

    def documents(self, playbook: str) -> list[dict[str, t.Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob(f"*-operator-{playbook}*.json"))]

    def granted(self, playbook: str) -> dict[str, list[str]]:
        """The resources of each action."""
        found: dict[str, list[str]] = {}
        for document in self.documents(playbook):
            for statement in document["Statement"]:
                for action in statement["Action"]:
                    found.setdefault(action, []).extend(statement["Resource"])
        return found

    def operator(self, playbook: str, *more: dict[str, t.Any]) -> Operator:
        """Somebody who has the policy of this playbook, these others, and nothing else."""
        # boto3's own session is not for several threads at once.
        iam = boto3.session.Session().client("iam")
        name = f"{secrets.token_hex(4)}-operator"
        iam.create_user(UserName=name)
        for number, document in enumerate([*self.documents(playbook), *more]):
            iam.put_user_policy(UserName=name, PolicyName=str(number), PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        return Operator({**self.lab, **keys}, key["AccessKeyId"])


@functools.cache
def model_of(service: str) -> t.Any:
    return botocore.session.get_session().get_service_model(service)


def action_of_call(service: str, operation: str) -> str:
    model = model_of(service)
    return action_of(model.signing_name, operation, model.operation_model(operation).http)


def not_granted(called: set[str], granted: dict[str, list[str]]) -> set[str]:
    """The actions that the policy lacks; a path of API Gateway must be one of its resources."""
    lacking = set()
    for action in called:
        name, _space, path = action.partition(" ")
        resources = granted.get(name, [])
        if not resources or (path and not any(fnmatch.fnmatchcase(path, r.partition("::")[2]) for r in resources)):
            lacking.add(action)
    return lacking


def written(lab: dict[str, str], folder: Path, **variables: t.Any) -> Policies:
    """The policies of a stack with these settings."""
    arguments = json.dumps({"llm_identity_operator_directory": str(folder), **variables})
    run = play(lab, "../tests/e2e/operator", "-e", arguments)
    assert run.status == 0, run.output
    return Policies(lab, folder)


@pytest.fixture(scope="module")
def policies(lab: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Policies:
    return written(lab, tmp_path_factory.mktemp("policies"), llm_audit_raw=True)


def runs(
    policies: Policies, policy: str, playbook: str, *arguments: str, besides: t.Sequence[dict[str, t.Any]] = ()
) -> tuple[Run, set[str]]:
    operator = policies.operator(policy, *besides)
    run = play(operator.environment, playbook, *arguments)
    called = operator.called()
    assert run.status == 0, run.output
    assert called
    assert not_granted(called, policies.granted(policy)) == set()
    return run, called


@pytest.fixture(scope="module", autouse=True)
def own_vpc(policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Future[list[set[str]]]]:
    """What is called for the network of another stack, which gets its own. It is waited for more than worked on, so
    that it happens beside the rest."""
    stack = {"llm_stack": "own-network", "llm_network_create_vpc": True, "llm_network_assign_public_ip": False}
    folder = tmp_path_factory.mktemp("own-vpc")

    def lifecycle() -> list[set[str]]:
        its = written(policies.lab, folder, **stack)

        def called(policy: str, entry_point: str, *egresses: str) -> set[str]:
            arguments = json.dumps({**stack, "entry_point": entry_point, "egresses": egresses})
            return runs(its, policy, "../tests/e2e/own_vpc", "-e", arguments)[1]

        return [
            called("status", "drift", "nat"),
            called("up", "main", "nat", "endpoints"),
            called("teardown", "absent", "endpoints"),
        ]

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(lifecycle)


def test_what_is_missing_is_said_before_the_first_write(policies: Policies) -> None:
    allowed = {"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    operator = policies.operator("status", {"Version": "2012-10-17", "Statement": [allowed]})
    run = play(operator.environment, "up")
    assert run.status != 0
    output = " ".join(run.output.split())
    assert "operator lacks what up needs" in output
    assert "ecs:CreateService on arn:aws:ecs:eu-central-1:123456789012:" in output
    assert "apigateway:POST on arn:aws:apigateway:eu-central-1::/apikeys" in output
    assert "dynamodb:DescribeTable on" not in output
    writes = [
        action
        for action in operator.called()
        if not action.partition(":")[2].startswith(("Describe", "Get", "List", "GET", "Scan", "Simulate"))
    ]
    assert writes == []


def test_up_is_allowed_what_it_calls_and_does_without_what_it_can(policies: Policies) -> None:
    denied = {"Effect": "Deny", "Action": ["logs:PutMetricFilter", "tag:GetResources"], "Resource": "*"}
    run, called = runs(policies, "up", "up", besides=[{"Version": "2012-10-17", "Statement": [denied]}])
    assert run.changed > 10 and "cloudwatch:PutDashboard" in called
    assert "The permissions were not checked" not in run.output
    output = " ".join(run.output.split())
    lacking = output.partition(": what that is for is left out")[0].rpartition(" lacks ")[2]
    assert set(lacking.split(", ")) == {"logs:PutMetricFilter", "tag:GetResources"}
    assert "The permission logs:PutMetricFilter" in output
    # The next run makes good for it: nothing says that all is as it shall be.
    records = boto3.client("dynamodb").scan(TableName="central-llm-state")["Items"]
    assert records and not any("fingerprint" in str(record) for record in records)


def test_status_is_allowed_what_it_calls(policies: Policies, tmp_path: Path) -> None:
    run, called = runs(policies, "status", "status", "-e", f"llm_reference_folder={tmp_path}")
    assert "could not be looked at" not in run.output
    assert " 0 differ from the inventory, 3 are missing" in run.output
    # What the page of reference ids looks up, and the resources of every room.
    assert called >= {"ec2:DescribeImages", "ec2:DescribeSecurityGroupRules", "iam:GetRole", "dynamodb:DescribeTable"}
    assert called >= {"tag:GetResources", "iam:ListRoleTags", "cloudwatch:ListTagsForResource"}


def test_status_without_a_room_shows_the_others(policies: Policies) -> None:
    actions = ["ecr:DescribeRepositories", "ecs:DescribeClusters", "iam:GetRole"]
    denied = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    operator = policies.operator("status", {"Version": "2012-10-17", "Statement": [denied]})
    run = play(operator.environment, "status")
    assert run.status == 0, run.output
    told = " ".join(run.output.split())
    unseen = set(re.findall(r"The room (\w+) could not be looked at", told))
    assert unseen >= {"identity", "image", "service", "session"} and "host" not in unseen, run.output
    assert (
        "Session: unknown." in told and "Engines: unknown." in told and "Client central-llm-client has one key" in told
    )
    assert re.search(r"Lease: \d+ h", told) and re.search(r"Hosts: i-\w+ running", told)


def test_image_is_allowed_what_it_calls(policies: Policies) -> None:
    """What Docker asks the registry for is in the lab's own tests of it."""
    given = {
        "llm_image_base": f"vllm/vllm-openai@sha256:{'0' * 64}",
        "llm_image_scan_timeout": 0,
        "llm_image_docker_host": "unix:///nowhere",
    }
    asked = " ".join(play(policies.operator("image").environment, "image", "-e", json.dumps(given)).output.split())
    assert "no Docker Engine answers" in asked
    name, tag = "central-llm/engine", asked.partition("The image central-llm/engine:")[2][:12]
    ecr = boto3.client("ecr")
    ecr.create_repository(repositoryName=name)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "x", "layers": []})
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=tag)
    run, called = runs(policies, "image", "image", "-e", json.dumps(given))
    assert f"{name}@sha256:" in run.output
    assert called >= {"ecr:DescribeImages", "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy", "ecr:TagResource"}


def test_report_is_allowed_what_it_calls(policies: Policies, tmp_path: Path) -> None:
    run, called = runs(policies, "report", "report", "-e", f"llm_audit_report_folder={tmp_path}")
    assert "have their record" in run.output
    assert called >= {"dynamodb:Query", "logs:FilterLogEvents"}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".html", ".json"]


def test_rotate_is_allowed_what_it_calls(policies: Policies) -> None:
    short = ["-e", '{"llm_gateway_rotate_poll_seconds": 1, "llm_gateway_rotate_prove_times": 2}']
    foretold = play(policies.operator("rotate").environment, "rotate", "--check", *short)
    run, called = runs(policies, "rotate", "rotate", *short)
    assert foretold.status == 0 and foretold.changed == run.changed > 0, foretold.output
    assert "has two keys in use" in run.output
    assert called >= {"apigateway:POST /apikeys", "apigateway:POST /usageplans/*/keys", "secretsmanager:PutSecretValue"}
    # The first key made the session's proof, so that the log has to tell of it.
    refused = play(policies.operator("rotate").environment, "rotate", *short, "-e", "llm_rotate=finish")
    assert refused.status != 0
    assert "from 127.0.0.1" in " ".join(refused.output.split())
    over = ["-e", "llm_rotate=finish", "-e", "llm_gateway_rotate_force=true", "-e", "llm_gateway_rotate_grace_hours=0"]
    foretold = play(policies.operator("rotate").environment, "rotate", "--check", *short, *over)
    run, called = runs(policies, "rotate", "rotate", *short, *over)
    assert foretold.status == 0 and foretold.changed == run.changed > 0, foretold.output
    assert "has one key" in run.output
    assert called >= {"apigateway:PATCH /apikeys/*", "apigateway:DELETE /apikeys/*"}


def test_down_is_allowed_what_it_calls_and_ends_what_a_bake_has_left(policies: Policies) -> None:
    ec2 = boto3.client("ec2")
    tags = [{"Key": "central-llm:stack", "Value": "central-llm"}, {"Key": "Name", "Value": "central-llm-build"}]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    named = [{"ResourceType": "instance", "Tags": tags}]
    ec2.run_instances(ImageId=image, InstanceType="g6e.2xlarge", MinCount=1, MaxCount=1, TagSpecifications=named)
    ec2.create_launch_template(
        LaunchTemplateName="central-llm-build",
        LaunchTemplateData={"ImageId": image},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )
    _run, called = runs(policies, "down", "down")
    assert "ec2:DeleteLaunchTemplate" in called
    assert inventory(policies.lab)["hosts"] == []


def test_bake_and_rollback_are_allowed_what_they_call(policies: Policies) -> None:
    run, called = runs(policies, "bake", "bake")
    assert "The permissions were not checked" not in run.output
    assert called >= {"ec2:CreateImage", "ec2:CreateFleet", "ssm:SendCommand", "ec2:CreateLaunchTemplateVersion"}
    _run, called = runs(policies, "rollback", "rollback")
    assert "ec2:CreateLaunchTemplateVersion" in called and "ec2:CreateTags" in called
    assert boto3.client("ec2").describe_images(Owners=["self"])["Images"] != []


def test_up_is_allowed_to_change_what_there_is(policies: Policies) -> None:
    # The rooms that up lists, without a session: no engine need load for this.
    rooms = ["state", "network", "identity", "host", "balancer", "service", "gateway", "audit", "observability"]
    ec2 = boto3.client("ec2")
    vpc_id = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    ec2.create_security_group(GroupName="former-path", Description="x", VpcId=vpc_id)
    arguments = json.dumps({"entry_point": "main", "rooms": rooms, **CHANGES})
    _run, called = runs(policies, "up", "../tests/e2e/rooms", "-e", arguments)
    assert called >= {
        "apigateway:GET /vpclinks",
        "apigateway:PATCH /usageplans/*",
        "ec2:CreateLaunchTemplateVersion",
        "ec2:DeleteSecurityGroup",
        "ec2:DescribeNetworkInterfaces",
        "ecs:RegisterTaskDefinition",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "iam:AttachRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:TagRole",
        "logs:PutMetricFilter",
        "firehose:CreateDeliveryStream",
        "s3:PutBucketObjectLockConfiguration",
    }
    assert boto3.client("logs").describe_metric_filters()["metricFilters"] != []


def test_teardown_is_allowed_what_it_calls(policies: Policies) -> None:
    run, called = runs(policies, "teardown", "teardown", "-e", "llm_teardown=central-llm")
    assert "The permissions were not checked" not in run.output
    assert called >= {"iam:SimulatePrincipalPolicy", "tag:GetResources"}
    assert "could not be looked at" not in run.output
    assert inventory(policies.lab)["apis"] == []
    roles = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    # What still has to be written is, by its stream.
    assert [name for name in roles if name.startswith("central-llm")] == ["central-llm-audit-raw-role"]
    assert boto3.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
    assert boto3.client("sns").list_topics()["Topics"] == []
    assert boto3.client("ec2").describe_images(Owners=["self"])["Images"] == []
    assert boto3.client("firehose").list_delivery_streams()["DeliveryStreamNames"] == ["central-llm-audit-raw"]
    told = " ".join(run.output.split())
    assert "firehose deliverystream central-llm-audit-raw" in told and "iam role central-llm-audit-raw-role" in told


def test_a_vpc_of_the_stacks_own_is_foretold_made_changed_and_removed(own_vpc: Future[list[set[str]]]) -> None:
    foretold, made, removed = own_vpc.result()
    looks = {"ec2:DescribeAddresses", "ec2:DescribeNatGateways", "ec2:DescribeRouteTables", "ec2:DescribeVpcEndpoints"}
    assert foretold >= looks
    assert made >= {"ec2:AllocateAddress", "ec2:CreateNatGateway", "ec2:CreateRoute", "ec2:CreateVpc"}
    assert made >= {"ec2:CreateVpcEndpoint", "ec2:DeleteNatGateway", "ec2:ReleaseAddress"}
    assert removed >= {"ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway"}
