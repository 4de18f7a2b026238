"""AWS's own managed policies: moto parses its list of them, some megabytes, anew for every account that it starts.

A lab that is emptied starts one, and hundreds of tests empty it. The list is made once, and each start gets copies.
"""

from __future__ import annotations

import copy
import functools
import json
import typing as t

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend


def apply() -> None:
    IAMBackend._init_aws_policies = policies


@functools.cache
def _made(account_id: str, region: str) -> list[AWSManagedPolicy]:
    listed: dict[str, dict[str, t.Any]] = json.loads(aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, account_id, region, data) for name, data in listed.items()]


def policies(backend: IAMBackend) -> list[AWSManagedPolicy]:
    # Copies: what is counted on a policy (its attachments) belongs to one account's life.
    return [copy.copy(policy) for policy in _made(backend.account_id, backend.region_name)]
