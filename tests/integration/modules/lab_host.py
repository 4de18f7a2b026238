"""A host that takes commands, made with plain boto3."""

from __future__ import annotations

import json
import time
import typing as t

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
GPU_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended"


def gpu_image(lab: t.Any) -> str:
    """The newest of AWS's own."""
    return str(json.loads(lab.client("ssm").get_parameter(Name=GPU_IMAGE)["Parameter"]["Value"])["image_id"])


def make_profile(lab: t.Any, *, policies: t.Sequence[str] = (CORE,)) -> None:
    """An instance profile `host`, by default with what Systems Manager's agent needs."""
    iam = lab.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=json.dumps(trust))
    for policy in policies:
        iam.attach_role_policy(RoleName="host", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")


def make_host(lab: t.Any, *, policies: t.Sequence[str] = (CORE,), wait: bool = True) -> str:
    make_profile(lab, policies=policies)
    ec2 = lab.client("ec2")
    made = ec2.run_instances(
        ImageId=gpu_image(lab), InstanceType="g6e.2xlarge", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "host"}
    )
    instance_id = str(made["Instances"][0]["InstanceId"])
    until = time.monotonic() + 20
    while wait and state_of(ec2, instance_id) != "running":
        assert time.monotonic() < until
        time.sleep(0.02)
    return instance_id


def state_of(ec2: t.Any, instance_id: str) -> str:
    return str(ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]["State"]["Name"])
