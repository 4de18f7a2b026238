#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_query_info
version_added: 0.1.0
short_description: Ask the audit for the requests of a period
description:
  - Reads the records of a period from the audit's table, of one user, of one source, or of all.
  - A user's records are found by months, a source's and all others by days, each by an index. Changes nothing.
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the table.
    type: str
    required: true
  from:
    description:
      - The first moment of the period, such as V(2026-11-25) or V(2026-11-25T12:00:00Z), in UTC where nothing is said.
    type: str
    required: true
  to:
    description:
      - The moment at which it ends, which is no part of it.
    type: str
    required: true
  user:
    description:
      - Only the records of this user.
    type: str
  source:
    description:
      - Only the records of this source.
    type: str
  limit:
    description:
      - How many records are returned at most, the newest of them; RV(count) tells of all.
    type: int
    default: 1000
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look what Alice has asked for in November
  central.llm.audit_query_info:
    table: CentralLLMAudit
    from: "2026-11-01"
    to: "2026-12-01"
    user: alice
"""

RETURN = r"""
records:
  description: The records, oldest first.
  returned: always
  type: list
  elements: dict
  sample:
    - request_id: JRZ1pHe5oAMF1zg=
      at: "2026-11-25T12:00:00.123Z"
      user: alice
      total_tokens: 21
count:
  description: How many records there are.
  returned: always
  type: int
  sample: 1
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._audit import period as periods
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._dynamodb.audit_query import query
from ansible_collections.central.llm.plugins.module_utils._dynamodb.items import plain
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def records_of(
    client: t.Any, table: str, period: periods.Period, user: str | None, source: str | None
) -> list[dict[str, t.Any]]:
    if user:
        keys = [("by-user-and-month", "user_month", f"{user}#{month}") for month in period.months()]
    elif source:
        keys = [("by-source-and-day", "source_day", f"{source}#{day}") for day in period.days()]
    else:
        keys = [("by-day", "day", day) for day in period.days()]
    found = [plain(item) for key in keys for item in query(client, table, *key)]
    ours = [item for item in found if period.holds(item.get("at", "")) and source in (None, item.get("source"))]
    return sorted(ours, key=lambda item: (item["at"], item["request_id"]))


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "from": {"type": "str", "required": True},
            "to": {"type": "str", "required": True},
            "user": {"type": "str"},
            "source": {"type": "str"},
            "limit": {"type": "int", "default": 1000},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        period = periods.read(options["from"], options["to"])
        if options["limit"] < 1:
            raise InvalidInput(f"limit: {options['limit']}: at least one record is returned.")
        client = module.client("dynamodb")
        found = records_of(client, options["table"], period, options["user"], options["source"])
        module.exit_json(changed=False, records=found[-options["limit"] :], count=len(found))


if __name__ == "__main__":
    main()
