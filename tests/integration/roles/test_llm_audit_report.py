"""Which period a report is about."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

# Another time whenever it is asked.
CLOCK = "2026-11-26T{{ '%02d:%02d:%02d' | format(range(24) | random, range(60) | random, range(60) | random) }}Z"
LOG = "/aws/apigateway/central-llm-rest-api/prod"


def test_a_period_by_the_clock_is_one_for_the_whole_report(role: t.Any, lab: t.Any, tmp_path: Path) -> None:
    lab.client("logs").create_log_group(logGroupName=LOG)
    names = ["request_id", "day", "at"]
    lab.client("dynamodb").create_table(
        TableName="CentralLLMAudit",
        KeySchema=[{"AttributeName": "request_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-day",
                "KeySchema": [
                    {"AttributeName": "day", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    role("llm_audit").ok(
        "report",
        llm_account_id=lab.account_id,
        llm_audit_gateway_log_format={"id": "$context.extendedRequestId"},
        llm_audit_report_folder=str(tmp_path / "reports"),
        llm_audit_report_from="2026-11-25",
        llm_audit_report_to=CLOCK,
    )
    (path,) = (tmp_path / "reports").glob("*.json")
    until = json.loads(path.read_text())["to"]
    assert path.stem == f"central-llm-2026-11-25-to-{until.removesuffix('.000Z').replace(':', '')}Z"


@pytest.mark.parametrize(
    ("given", "said"), [("from", 'from is "2026-11-01", and to is ""'), ("to", 'from is "", and to')]
)
def test_one_end_makes_no_period(lab: t.Any, play: t.Any, given: str, said: str) -> None:
    variables = {"llm_region": lab.region, "llm_account_id": lab.account_id, given: "2026-11-01"}
    told = json.dumps({"ansible_python_interpreter": sys.executable, **variables})
    done = play("playbooks/report.yml", "-e", told)
    output = " ".join(done.stdout.split())
    assert done.returncode != 0 and said in output.replace("''", "'") and "give both ends" in output, output
