"""Every request is accounted for, whatever becomes of it, of the engine and of the ingest function.

`make test` sends some hundred to the small stand-in; `make audit-run` sends 5000 to the real vLLM.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import typing as t
import urllib.request
from collections import Counter
from pathlib import Path

import boto3
import pytest
import requests

from .conftest import HEADERS
from .playing import a_lab, play
from .traffic import MARKER, Told, Traffic

REQUESTS = int(os.environ.get("AUDIT_REQUESTS", "240"))
ENGINE = os.environ.get("AUDIT_ENGINE", "stub")
SEED = int(os.environ.get("AUDIT_SEED", "20261125"))
WORKERS = 24 if ENGINE == "stub" else 12
# As many a second as the lab, one process of Python that is gateway, balancer, logs and table at once, can take as well
# as answer: AWS would not be held up by its own logs.
RATE = float(os.environ.get("AUDIT_RATE", "0"))
WITHIN_S = 60

CLIENTS = {
    "llm_gateway_clients": [
        {"name": "central-llm-client"},
        {"name": "hardly", "plan": {"rate_limit": 0.1, "burst_limit": 1}},
    ],
    "llm_gateway_rate_limit": 10000,
    "llm_gateway_burst_limit": 5000,
    "llm_gateway_quota_limit": 1000000,
    "llm_gateway_stage_rate_limit": 10000,
    "llm_gateway_stage_burst_limit": 5000,
}


class Service(t.NamedTuple):
    lab: dict[str, str]
    home: Path
    url: str
    keys: tuple[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Service]:
    home = tmp_path_factory.mktemp("audit") / "lab"
    with a_lab(home, engine=ENGINE) as lab:
        up = play(lab, "up", "-e", json.dumps(CLIENTS))
        assert up.status == 0, up.output
        (api,) = boto3.client("apigateway").get_rest_apis()["items"]
        url = f"{lab['LAB_EDGE_URL']}/restapis/{api['id']}/prod/_user_request_/v1"
        keys = (key_of("central-llm-client"), key_of("hardly"))
        yield Service(lab, home, url, keys)


def key_of(client: str) -> str:
    found = boto3.client("secretsmanager").get_secret_value(SecretId=f"central-llm/clients/{client}")
    return str(json.loads(found["SecretString"])["value"])


def plain(found: t.Iterable[dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    return {
        item["request_id"]["S"]: {name: next(iter(value.values())) for name, value in item.items()} for item in found
    }


def items() -> dict[str, dict[str, t.Any]]:
    """All records. The lab's table takes its time for some thousand."""
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName="CentralLLMAudit")
    return plain(item for page in pages for item in page["Items"])


def some_items(ids: list[str]) -> dict[str, dict[str, t.Any]]:
    wanted = {"CentralLLMAudit": {"Keys": [{"request_id": {"S": each}} for each in ids]}}
    answer = boto3.client("dynamodb").batch_get_item(RequestItems=wanted)
    return plain(answer["Responses"]["CentralLLMAudit"])


def account_for(told: list[Told]) -> float:
    """Each request by its record, once the youngest and some others have theirs; after how many seconds they had."""
    others = random.Random(SEED).sample(told, min(60, len(told)))
    some = list({each.request_id: each for each in [*told[-40:], *others]}.values())
    began, over, why = time.monotonic(), threading.Event(), "nothing was looked at"
    while time.monotonic() - began < WITHIN_S:
        try:
            check(some, some_items([each.request_id for each in some]))
            break
        except AssertionError as error:
            why = str(error)
        over.wait(0.5)
    else:
        pytest.fail(f"not within {WITHIN_S} s: {why}")
    seconds = time.monotonic() - began
    check(told, items())
    return seconds


def hook(lab: dict[str, str], name: str, body: dict[str, t.Any]) -> None:
    request = urllib.request.Request(
        f"{lab['AWS_ENDPOINT_URL']}/_lab/{name}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        answer.read()


def processes(*words: str) -> list[int]:
    """Those whose command line has all of these words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if all(word in command for word in words):
                found.append(int(folder.name))
    return found


def kill_the_engine(service: Service) -> None:
    """As a crash does; ECS starts the task again."""
    engine = [pid for pid in processes("--served-model-name") if of_lab(pid, service)]
    assert engine
    for pid in engine:
        os.kill(pid, signal.SIGKILL)


def wait_until_served(service: Service) -> None:
    headers = {**HEADERS, "x-api-key": service.keys[0]}
    over, end = threading.Event(), time.monotonic() + 180
    while requests.get(f"{service.url}/models", headers=headers, timeout=60).status_code != 200:
        assert time.monotonic() < end, "the engine did not come back"
        over.wait(0.5)


def of_lab(pid: int, service: Service) -> bool:
    """Functions work in the lab's folder, engines have it in their environment."""
    home, folder = str(service.home), Path(f"/proc/{pid}")
    try:
        return str((folder / "cwd").readlink()).startswith(home) or home.encode() in (folder / "environ").read_bytes()
    except OSError:
        return False


def check(told: list[Told], found: dict[str, dict[str, t.Any]]) -> None:
    """Each request has its record, with what its client was told, and nothing was told twice."""
    unheard = [each for each in told if not each.request_id]
    assert not unheard, unheard[:5]
    ids = Counter(each.request_id for each in told)
    assert max(ids.values()) == 1
    lacking = [each for each in told if "gateway_line" not in found.get(each.request_id, {})]
    assert not lacking, (len(lacking), lacking[:5])
    for each in told:
        item = found[each.request_id]
        assert item["gateway_status"] == str(each.status), (each, item)
        assert "gateway_more" not in item and "engine_more" not in item, (each, item)
        if each.status == 200 and each.whole and each.kind != "left":
            counted = (item.get("prompt_tokens"), item.get("completion_tokens"))
            wanted = each.usage and tuple(map(str, each.usage))
            assert counted == (wanted or (None, None)), (each, item)
            assert item["outcome"] == "completed", (each, item)


def everything_written(service: Service) -> t.Iterator[tuple[str, str]]:
    logs, sqs = boto3.client("logs"), boto3.client("sqs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            yield group["logGroupName"], "\n".join(e["message"] for one in pages for e in one["events"])
    for name in boto3.client("dynamodb").list_tables()["TableNames"]:
        pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=name)
        yield f"table {name}", json.dumps([item for page in pages for item in page["Items"]], default=str)
    for url in sqs.list_queues().get("QueueUrls", []):
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield f"queue {url}", json.dumps(found.get("Messages", []))
    for path in service.home.rglob("*"):
        # The model is no secret, and nothing that is written in the course of a run.
        if path.is_file() and path.suffix not in (".safetensors", ".py", ".pyc", ".zip"):
            yield str(path), path.read_text(errors="replace")


def test_every_request_has_its_record_and_no_log_a_secret(service: Service) -> None:
    traffic = Traffic(service.url, service.keys, SEED, RATE)
    # Whoever asks in between is told that nothing is served.
    between: dict[int, t.Callable[[], None]] = {}
    for share in (30, 70) if REQUESTS >= 1000 else (50,):
        between[REQUESTS * share // 100] = lambda: kill_the_engine(service)
        between[REQUESTS * (share + 4) // 100] = lambda: wait_until_served(service)
    traffic.run(REQUESTS, WORKERS, between)
    seconds = account_for(traffic.told)
    statuses = Counter(each.status for each in traffic.told)
    assert {200, 400, 403, 404, 429} <= set(statuses), statuses
    print(f"\n{REQUESTS} requests, {dict(sorted(statuses.items()))}, records after {seconds:.1f} s")

    answers = {each.answer for each in traffic.told if len(each.answer) > 20}
    assert answers
    for where, text in everything_written(service):
        assert not any(key in text for key in service.keys), where
        assert MARKER not in text, where
        assert not any(answer in text for answer in answers), where


def test_the_same_where_the_ingest_function_crashes_is_throttled_and_gets_things_twice(service: Service) -> None:
    draw, over = random.Random(SEED), threading.Event()
    writes = {"service": "dynamodb", "operation": "UpdateItem", "caller": "function", "times": -1}
    refused = {"code": "ProvisionedThroughputExceededException", "status": 400, "message": "no"}
    hook(service.lab, "faults", {**writes, **refused, "every": 5})
    hook(service.lab, "faults", {**writes, "kind": "lost", "every": 11})

    killed: list[int] = []

    def crash() -> None:
        while not over.wait(draw.uniform(0.1, 0.5)):
            for pid in processes("bootstrap.py"):
                if of_lab(pid, service) and draw.random() < 0.7:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    crashing = threading.Thread(target=crash)
    crashing.start()
    traffic = Traffic(service.url, service.keys, SEED + 1, RATE)
    try:
        traffic.run(REQUESTS, WORKERS, {})
    finally:
        over.set()
        crashing.join()
    assert killed
    request = urllib.request.Request(f"{service.lab['AWS_ENDPOINT_URL']}/_lab/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=30).close()
    # What failed is tried again a minute and then two later, and what then still lacks is brought in from the logs.
    hook(service.lab, "clock", {"advance_seconds": 400})
    report = play(service.lab, "report", "-e", "llm_audit_repair=true", "-e", f"llm_audit_report_folder={service.home}")
    assert report.status == 0, report.output
    account_for(traffic.told)
