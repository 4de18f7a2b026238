#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: state_record_info
version_added: 0.1.0
short_description: Show documents that a DynamoDB table keeps
description:
  - Reads what M(central.llm.state_record) wrote. No table, or none of the kind, is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the table.
    type: str
    required: true
  kind:
    description:
      - Which kind of documents to show.
    type: str
    required: true
  limit:
    description:
      - Show at most so many, the last ones by name.
    type: int
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look at the last five sessions
  central.llm.state_record_info:
    table: central-llm-state
    kind: session
    limit: 5
  register: sessions
"""

RETURN = r"""
records:
  description: The records as M(central.llm.state_record) returns them, the last by name first.
  returned: always
  type: list
  elements: dict
  sample: [{"kind": "session", "name": "2026-11-23T08:00:00+00:00", "value": {"owner": "alice"}, "expires_at": null}]
"""

import time

from ansible_collections.central.llm.plugins.module_utils._dynamodb import api, record
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "limit": {"type": "int"},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        record.validate(options)
        items = api.scan_kind(module.client("dynamodb"), options["table"], options["kind"])
        found = record.newest(items, now=int(time.time()), limit=options["limit"])
        module.exit_json(changed=False, records=[each.as_dict() for each in found])


if __name__ == "__main__":
    main()
