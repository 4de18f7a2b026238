#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_reconciliation
version_added: 0.1.0
short_description: Compare the audit with the logs that it is made of
description:
  - Reads the lines of gateway and engine of a period from their logs, and says which of them have no record in the
    audit's table, which records have one side only, and of which requests a side has told twice.
  - With O(function), the lines that have no record are brought to the ingest function once more.
  - A line that names no request cannot have a record. It went to the dead-letter queue, and counts as missing.
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the audit's table.
    type: str
    required: true
  gateway_log_group:
    description:
      - The log group of the gateway's access log.
    type: str
    required: true
  gateway_field:
    description:
      - The field of the access log that holds the extended request id.
    type: str
    default: extendedRequestId
  engine_log_group:
    description:
      - The log group of the engine; left out where it writes no records.
    type: str
  from:
    description:
      - The first moment of the period, such as V(2026-11-25) or V(2026-11-25T12:00:00Z), in UTC where nothing is said.
    type: str
    required: true
  to:
    description:
      - The moment at which it ends. What is younger than some minutes may be on its way.
    type: str
    required: true
  function:
    description:
      - The name of the ingest function, to repair what is missing.
    type: str
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Bring what is missing of a day into the audit
  central.llm.audit_reconciliation:
    table: CentralLLMAudit
    gateway_log_group: /aws/apigateway/central-llm-rest-api/prod
    engine_log_group: /ecs/central-llm-service
    from: "2026-11-25"
    to: "2026-11-26"
    function: central-llm-audit-ingest
"""

RETURN = r"""
reconciliation:
  description: What was compared; after a repair, how it is then, and in check mode how it is now.
  returned: always
  type: dict
  contains:
    gateway:
      description:
        - Lines of the gateway, how many have no record, the first hundred of their ids, how many name no request.
      type: dict
      sample: {lines: 120, missing: 0, missing_ids: [], unreadable: 0}
    engine:
      description: The same of the engine.
      type: dict
      sample: {lines: 100, missing: 0, missing_ids: [], unreadable: 0}
    without_engine:
      description: Requests that the engine answered and does not tell of, at most a hundred.
      type: list
      elements: str
      sample: []
    without_gateway:
      description: Requests that the engine tells of and the gateway does not, at most a hundred.
      type: list
      elements: str
      sample: []
    direct:
      description: How many requests came to the engine without the gateway.
      type: int
      sample: 0
    duplicates:
      description: Requests of which a side has told more than once, each time something else, at most a hundred.
      type: list
      elements: str
      sample: []
    completeness_percent:
      description: Of all lines, how many have their record.
      type: float
      sample: 100.0
replayed:
  description: How many lines were brought to the function, or would be.
  returned: always
  type: int
  sample: 0
"""

import datetime
import typing as t

from ansible_collections.central.llm.plugins.module_utils._audit import period as periods
from ansible_collections.central.llm.plugins.module_utils._audit import reconcile, replay
from ansible_collections.central.llm.plugins.module_utils._dynamodb.audit_query import query
from ansible_collections.central.llm.plugins.module_utils._dynamodb.items import plain
from ansible_collections.central.llm.plugins.module_utils._lambda.invoke import invoke
from ansible_collections.central.llm.plugins.module_utils._logs.filtered import filter_events
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

Lines = dict[str, list[reconcile.Line]]


def lines_of(client: t.Any, options: Resource, period: periods.Period) -> Lines:
    begin, end = period.milliseconds
    gateway = filter_events(client, options["gateway_log_group"], "", begin, end - 1)
    engine = []
    if options["engine_log_group"]:
        engine = filter_events(client, options["engine_log_group"], '"central_llm_audit"', begin, end - 1)
    return {
        "gateway": reconcile.gateway_lines(gateway, options["gateway_field"]),
        "engine": reconcile.engine_lines(engine),
    }


def items_of(client: t.Any, table: str, period: periods.Period) -> dict[str, Resource]:
    """Of a day more on either side: a line is written after its request, and the engine's clock is its own."""
    day = datetime.timedelta(days=1)
    wider = periods.Period(period.begin - day, period.end + day)
    found = [plain(item) for each in wider.days() for item in query(client, table, "by-day", "day", each)]
    return {item["request_id"]: item for item in found}


def look(client: t.Any, table: str, period: periods.Period, lines: Lines, engine: bool) -> tuple[Resource, Lines]:
    items = items_of(client, table, period)
    known = [item for item in items.values() if period.holds(item.get("at", ""))]
    found = reconcile.compare(lines["gateway"], lines["engine"], items, known)
    if not engine:
        found["without_engine"] = []
    return found, {side: reconcile.missing(lines[side], items, side) for side in lines}


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "gateway_log_group": {"type": "str", "required": True},
            "gateway_field": {"type": "str", "default": "extendedRequestId"},
            "engine_log_group": {"type": "str"},
            "from": {"type": "str", "required": True},
            "to": {"type": "str", "required": True},
            "function": {"type": "str"},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        period = periods.read(options["from"], options["to"])
        table, has_engine = module.client("dynamodb"), bool(options["engine_log_group"])
        lines = lines_of(module.client("logs"), options, period)
        before, lacking = look(table, options["table"], period, lines, has_engine)
        count = sum(map(len, lacking.values())) if options["function"] else 0
        after = before
        if count and not module.check_mode:
            functions = module.client("lambda")
            for side, some in lacking.items():
                for batch in replay.batches(line.event for line in some):
                    content = replay.payload(options[f"{side}_log_group"], batch)
                    invoke(functions, options["function"], content)
            after, _still = look(table, options["table"], period, lines, has_engine)
        module.exit_with(
            "reconciliation", changed=count > 0, before=before, after=after, observed=list(before), replayed=count
        )


if __name__ == "__main__":
    main()
