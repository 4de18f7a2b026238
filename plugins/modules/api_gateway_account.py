#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_account
version_added: 0.1.0
short_description: Manage what all APIs of an account share in a region
description:
  - Sets the role with which API Gateway writes to CloudWatch Logs. There is one for the account in each region,
    and every API logs with it.
  - A role that is set is somebody's. It is never overwritten unless O(replace) says so.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  cloudwatch_role_arn:
    description:
      - ARN of the role. It must trust C(apigateway.amazonaws.com) and may write logs,
        as the policy C(AmazonAPIGatewayPushToCloudWatchLogs) allows.
      - Where another role is set and O(replace=false), a warning says which, and nothing changes.
      - An empty string together with O(replace=true) removes the role, which turns logging off for every API.
      - Left out, the settings are only read.
    type: str
  replace:
    description:
      - Whether another role is overwritten.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait at most, in seconds, until AWS takes a role. A role just created is refused for some seconds.
    type: int
    default: 120
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let API Gateway write logs, unless it can already
  central.llm.api_gateway_account:
    cloudwatch_role_arn: arn:aws:iam::123456789012:role/central-llm-apigateway-logs
"""

RETURN = r"""
account:
  description: The settings as they are after the run.
  returned: always
  type: dict
  contains:
    cloudwatch_role_arn:
      description: ARN of the role that logs are written with, empty when none is set.
      type: str
      sample: arn:aws:iam::123456789012:role/central-llm-apigateway-logs
    throttle:
      description: The limits of the account in the region, requests per second and burst.
      type: dict
      sample: {"rate_limit": 10000.0, "burst_limit": 5000}
    features:
      description: Features that AWS has switched on for the account.
      type: list
      elements: str
      sample: [UsagePlans]
"""

import re
import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import accounts
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")


def describe(client: t.Any) -> Resource:
    """The settings in the shape that this module returns."""
    answer = accounts.get_account(client)
    throttle = answer.get("throttleSettings", {})
    return {
        "cloudwatch_role_arn": answer.get("cloudwatchRoleArn") or "",
        "throttle": {"rate_limit": throttle.get("rateLimit"), "burst_limit": throttle.get("burstLimit")},
        "features": answer.get("features", []),
    }


def validate(options: Resource) -> None:
    wanted = options["cloudwatch_role_arn"]
    if wanted and not _ROLE.fullmatch(wanted):
        raise InvalidInput(f"cloudwatch_role_arn {wanted!r} is not the ARN of an IAM role.")
    if options["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout must not be negative.")


def ensure_role(
    client: t.Any, before: Resource, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource, str | None]:
    """Whether the role changes, the settings afterwards, and what stands in the way."""
    wanted, there = options["cloudwatch_role_arn"], before["cloudwatch_role_arn"]
    if wanted is None or wanted == there:
        return False, before, None
    if there and not options["replace"]:
        return (
            False,
            before,
            (
                f"API Gateway writes logs with the role {there} in this account and region, for all APIs. "
                f"It is left alone; use replace=true to set {wanted or 'none'} instead."
            ),
        )
    if not check_mode:
        accounts.set_role_patiently(client, wanted, timeout=options["wait_timeout"])
    return True, {**before, "cloudwatch_role_arn": wanted}, None


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "cloudwatch_role_arn": {"type": "str"},
            "replace": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        client = module.client("apigateway")
        before = describe(client)
        changed, after, warning = ensure_role(client, before, module.params, check_mode=module.check_mode)
        if warning:
            module.warn(warning)
        module.exit_with("account", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
