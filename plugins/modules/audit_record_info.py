#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_record_info
version_added: 0.1.0
short_description: Look up what the audit knows of one request
description:
  - Reads the record of a request from the audit's table, and waits for it, since it comes by way of the logs.
  - Fails when the record has not come in time. Changes nothing.
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the table.
    type: str
    required: true
  request_id:
    description:
      - The gateway's extended request id, which its answers carry in the header C(x-amz-apigw-id).
    type: str
    required: true
  sides:
    description:
      - Who has to have told of the request.
    type: list
    elements: str
    choices: [gateway, engine]
    default: [gateway, engine]
  wait_timeout:
    description:
      - How long to wait at most, in seconds. V(0) looks once, and then an empty record is no failure.
    type: int
    default: 300
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Wait for the record of a request
  central.llm.audit_record_info:
    table: CentralLLMAudit
    request_id: "{{ answer.x_amz_apigw_id }}"
"""

RETURN = r"""
record:
  description: What is known of the request, by attribute; empty when nothing is.
  returned: always
  type: dict
  sample:
    request_id: JRZ1pHe5oAMF1zg=
    at: "2026-11-25T12:00:00.123Z"
    user: alice
    gateway_status: 200
    total_tokens: 21
"""

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._dynamodb import audit
from ansible_collections.central.llm.plugins.module_utils._dynamodb.items import plain
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "request_id": {"type": "str", "required": True},
            "sides": {
                "type": "list",
                "elements": "str",
                "choices": list(audit.SIDES),
                "default": list(audit.SIDES),
            },
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        if not options["request_id"] or not options["sides"]:
            raise InvalidInput("request_id and sides: neither may be empty.")
        client = module.client("dynamodb")
        if options["wait_timeout"] > 0:
            audit.wait_for_record(
                client, options["table"], options["request_id"], options["sides"], options["wait_timeout"]
            )
        found = audit.get_record(client, options["table"], options["request_id"])
        module.exit_json(changed=False, record=plain(found or {}))


if __name__ == "__main__":
    main()
