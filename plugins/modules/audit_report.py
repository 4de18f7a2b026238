#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_report
version_added: 0.1.0
short_description: Write what the audit knows of a period into files
description:
  - Sums the records of a period up, as a whole and by user, source, request type, key, model and day, with requests,
    refusals, tokens, percentiles of latency and of the time to the first byte and, where it is given, the cost.
  - Writes a page of HTML that opens without a network, and the same as CSV and as JSON, where the module runs.
author:
  - The central.llm maintainers (@central-llm)
options:
  table:
    description:
      - The name of the audit's table.
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
  path:
    description:
      - Where to write, without an ending. The folder has to be there.
    type: path
    required: true
  usd:
    description:
      - What the period has cost in US dollars. Each has its part of it by its tokens.
    type: float
  reconciliation:
    description:
      - What M(central.llm.audit_reconciliation) has found of the period, to be part of the report.
    type: dict
    default: {}
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Report on November
  central.llm.audit_report:
    table: CentralLLMAudit
    from: "2026-11-01"
    to: "2026-12-01"
    path: /srv/reports/november
"""

RETURN = r"""
report:
  description: The files.
  returned: always
  type: dict
  sample: {html: /srv/reports/november.html, csv: /srv/reports/november.csv, json: /srv/reports/november.json}
total:
  description: The sums of the whole period.
  returned: always
  type: dict
  sample: {name: all, requests: 120, refused: 3, prompt_tokens: 4200, completion_tokens: 9100}
"""

import json
from pathlib import Path

from ansible_collections.central.llm.plugins.module_utils._audit import figures, page
from ansible_collections.central.llm.plugins.module_utils._audit import period as periods
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._dynamodb.audit_query import query
from ansible_collections.central.llm.plugins.module_utils._dynamodb.items import plain
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "from": {"type": "str", "required": True},
            "to": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "usd": {"type": "float"},
            "reconciliation": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    options = module.params
    with module.failures_reported():
        period = periods.read(options["from"], options["to"])
        folder = Path(options["path"]).parent
        if not folder.is_dir():
            raise InvalidInput(f"path: there is no folder {folder}.")
        client = module.client("dynamodb")
        read = [plain(item) for day in period.days() for item in query(client, options["table"], "by-day", "day", day)]
        items = [item for item in read if period.holds(item.get("at", ""))]
        found = figures.figures(items, periods.stamp(period.begin), periods.stamp(period.end), options["usd"])
        reconciliation = options["reconciliation"]
        contents = {
            "html": page.html(found, reconciliation),
            "csv": page.comma_separated(found),
            "json": json.dumps({**found, "reconciliation": reconciliation}, indent=2) + "\n",
        }
        paths = {ending: Path(f"{options['path']}.{ending}") for ending in contents}
        differing = [
            ending
            for ending, path in paths.items()
            if not path.is_file() or path.read_bytes() != contents[ending].encode()
        ]
        if not module.check_mode:
            for ending in differing:
                paths[ending].write_bytes(contents[ending].encode())
        files = {ending: str(path) for ending, path in paths.items()}
        before = {ending: path for ending, path in files.items() if ending not in differing}
        module.exit_with("report", changed=bool(differing), before=before, after=files, total=found["total"])


if __name__ == "__main__":
    main()
