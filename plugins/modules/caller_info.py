#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: caller_info
version_added: 0.1.0
short_description: Tell who calls AWS
description:
  - Asks AWS whose credentials these are. No permission is needed for that.
  - "AWS reference: U(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html)."
author:
  - The central.llm maintainers (@central-llm)
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look up the caller
  central.llm.caller_info:
    region: eu-central-1
  register: caller

- name: Require the right account before anything else
  ansible.builtin.assert:
    that: caller.account == "123456789012"
"""

RETURN = r"""
account:
  description: Id of the account that the credentials belong to.
  returned: always
  type: str
  sample: "123456789012"
arn:
  description: ARN of the user, or of the session of an assumed role.
  returned: always
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/operators/somebody
user_id:
  description: Unique id of the caller.
  returned: always
  type: str
  sample: AROAEXAMPLEEXAMPLE123:somebody
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import aws_call
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


@aws_call("ask who is calling")
def caller_identity(client: t.Any) -> Resource:
    return client.get_caller_identity()


def main() -> None:
    module = CollectionModule(argument_spec={}, supports_check_mode=True)
    with module.failures_reported():
        found = caller_identity(module.client("sts"))
        module.exit_json(changed=False, account=found["Account"], arn=found["Arn"], user_id=found["UserId"])


if __name__ == "__main__":
    main()
