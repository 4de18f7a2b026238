"""What moto reads from the environment; it must be there before moto is imported for the first time."""

from __future__ import annotations

import os

from lab.context import ACCOUNT_ID

MOTO_ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT_ID,
    # `arn:aws:iam::aws:policy/...` can be attached, as on AWS.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    # RunInstances with an AMI or a type that does not exist is refused.
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    # A service starts no imaginary tasks: the compute plane says what runs.
    "MOTO_ECS_SERVICE_RUNNING": "0",
}


def prepare() -> None:
    os.environ.update(MOTO_ENVIRONMENT)
    # moto calls botocore for some of its data; it never needs the caller's profile.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
