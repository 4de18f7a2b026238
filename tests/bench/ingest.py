"""How fast the ingest function reads: processor time from a batch to the requests that write it, a record."""

from __future__ import annotations

import sys
import time
import typing as t

from tests.sweep.stack import ROOT

from .figures import Figure

sys.path.insert(0, str(ROOT / "tests/unit/functions/ingest"))

import ingest_support

_RECORDS = 2000


def _microseconds(group: str, line: t.Callable[..., str], name: str, rounds: int) -> float:
    core = ingest_support.core
    event = ingest_support.event(group, [line(**{name: f"request-{number}="}) for number in range(_RECORDS)])
    seconds = []
    for _round in range(rounds):
        began = time.process_time()
        records, poison = core.read(core.decode(event), ingest_support.SETTINGS)
        requests = [core.update("table", record) for record in records]
        seconds.append(time.process_time() - began)
        assert len(requests) == _RECORDS and not poison
    return min(seconds) / _RECORDS * 1e6


def figures(rounds: int) -> list[Figure]:
    """20 000 records a second and core are 50 microseconds a record."""
    engine = _microseconds(ingest_support.ENGINE_GROUP, ingest_support.engine_line, "gateway_request_id", rounds)
    gateway = _microseconds(ingest_support.GATEWAY_GROUP, ingest_support.gateway_line, "extendedRequestId", rounds)
    return [
        Figure("ingest_engine_record_us", engine, "µs", 50),
        Figure("ingest_gateway_record_us", gateway, "µs", 50),
        # Of both sides' lines, as many of the one as of the other.
        Figure("ingest_records_per_s", 2e6 / (engine + gateway), "/s"),
    ]
