"""Keys are rotated while a client asks all the time, and cut off at every call.

ROTATION_REQUESTS=10000 has the client send at least so many requests through one undisturbed rotation after the other.
"""

from __future__ import annotations

import json
import os
import threading
import time
import typing as t
from collections import Counter
from pathlib import Path

import requests
import yaml

from lab.context import LabContext
from tests.integration.roles.conftest import ansible_playbook

HERE = Path(__file__).parent
CLIENT = "central-llm-client"
HEADERS = {"x-llm-source": "tests", "x-llm-user": "tester", "x-llm-request-type": "chat"}
FORCED = {"entry_point": "rotate_finish", "force": True}
UNDISTURBED: list[dict[str, t.Any]] = [
    {"entry_point": "rotate_begin"},
    # One client has used its former key; the other has not, and is not held up.
    {"entry_point": "rotate_finish"},
    FORCED,
]


def calls(*operations: str) -> list[dict[str, t.Any]]:
    return [{"at": operation} for operation in operations]


# Every write of each step, and of the reads beside them one each.
CUT_OFF: list[dict[str, t.Any]] = [
    {
        "entry_point": "rotate_begin",
        "client": CLIENT,
        "cut_off": [
            *calls("GetRestApis", "GetStage", "GetApiKeys"),
            # A creation is not repeated but looked for, after the looks that came before it.
            {"at": "CreateApiKey", "then": "GetApiKeys", "skip": 2},
            *calls("GetUsagePlans", "CreateUsagePlanKey", "GetApiKey", "TagResource", "TagResource"),
            *calls("DescribeSecret", "GetSecretValue", "PutSecretValue"),
        ],
    },
    {"entry_point": "rotate_abort", "client": CLIENT, "cut_off": calls("TagResource", "TagResource", "PutSecretValue")},
    {
        **FORCED,
        "client": CLIENT,
        "grace_hours": 0,
        "cut_off": calls("GetSecretValue", "UpdateApiKey", "TagResource", "DeleteApiKey"),
    },
]


class Crowd:
    """Clients that take the key from its secret, as they are told to, and ask with it all the time."""

    def __init__(self, ctx: LabContext, pause: float) -> None:
        self._ctx, self._pause = ctx, pause
        api = ctx.client("apigateway").get_rest_apis()["items"][0]["id"]
        self._url = f"{ctx.edge_url}/restapis/{api}/prod/_user_request_/healthz"
        self.answers: Counter[int] = Counter()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _number in range(2)]

    @property
    def requests(self) -> int:
        return sum(self.answers.values())

    def _ask(self) -> None:
        secrets = self._ctx.client("secretsmanager")
        with requests.Session() as session:
            while not self._over.is_set():
                secret = secrets.get_secret_value(SecretId=f"central-llm/clients/{CLIENT}")["SecretString"]
                headers = {**HEADERS, "x-api-key": json.loads(secret)["value"]}
                for _request in range(20):
                    status = session.get(self._url, headers=headers, timeout=60).status_code
                    with self._lock:
                        self.answers[status] += 1
                    self._over.wait(self._pause)

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)


def play(ctx: LabContext, folder: Path, variables: dict[str, t.Any], playbook: Path) -> str:
    given = folder / "variables.json"
    given.write_text(json.dumps(variables))
    done = ansible_playbook(ctx, "-e", f"@{given}", str(playbook), timeout=3600)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


def rotate(
    ctx: LabContext, folder: Path, variables: dict[str, t.Any], steps: list[dict[str, t.Any]]
) -> tuple[list[dict[str, t.Any]], str]:
    report = folder / "report.json"
    more = {"lab": ctx.endpoint_url, "report": str(report), "steps": steps}
    output = play(ctx, folder, {**variables, **more}, HERE / "rotation.yml")
    return json.loads(report.read_text()), output


def keys(ctx: LabContext, client: str = CLIENT) -> list[tuple[str, bool]]:
    found = ctx.client("apigateway").get_api_keys()["items"]
    ours = [key for key in found if key["tags"]["central-llm:client"] == client]
    return sorted((key["tags"]["central-llm:key-state"], key["enabled"]) for key in ours)


# A gateway without an engine behind it: a rotation needs none. Its plan is raised for the load.
RAISED = {
    "llm_gateway_clients": [{"name": CLIENT}, {"name": "idle", "plan": {"rate_limit": 100.0, "burst_limit": 100}}],
    "llm_gateway_rate_limit": 10000,
    "llm_gateway_burst_limit": 10000,
    "llm_gateway_quota_limit": 10000000,
    "llm_gateway_stage_rate_limit": 10000,
    "llm_gateway_stage_burst_limit": 10000,
    "llm_gateway_rotate_poll_seconds": 1,
    "llm_gateway_rotate_prove_times": 2,
}


def call(ctx: LabContext) -> None:
    with Crowd(ctx, pause=0.05) as crowd:
        while not crowd.requests:
            time.sleep(0.05)
    assert set(crowd.answers) == {200}, crowd.answers


def converge(ctx: LabContext, folder: Path, variables: dict[str, t.Any]) -> None:
    playbook = folder / "converge.yml"
    include = {"ansible.builtin.include_role": {"name": "central.llm.llm_gateway"}}
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [include]}]))
    play(ctx, folder, variables, playbook)


def test_a_key_is_not_given_up_because_nobody_called(
    lab: LabContext, tmp_path: Path, gateway_variables: dict[str, t.Any]
) -> None:
    variables = {**gateway_variables, **RAISED}
    converge(lab, tmp_path, variables)
    # As after a weekend: by then the former key has been quiet for long enough.
    finish = {"entry_point": "rotate_finish", "quiet_hours": 0.0001}
    call(lab)
    told, _output = rotate(lab, tmp_path, variables, [{"entry_point": "rotate_begin"}, finish])
    refusal = told[1]["refusal"]
    assert f"{CLIENT} has not called with its current key" in refusal and "idle" not in refusal
    assert "llm_gateway_rotate_force=true" in refusal
    assert keys(lab) == [("current", True), ("previous", True)]
    assert keys(lab, "idle") == [("current", True), ("retired", False)]

    # Nor after an abort, by which the key that clients were given meanwhile is the former one.
    call(lab)
    told, _output = rotate(lab, tmp_path, variables, [{"entry_point": "rotate_abort", "client": CLIENT}, finish])
    assert "has not called with its current key" in told[1]["refusal"] and keys(lab)[1] == ("previous", True)

    call(lab)
    told, _output = rotate(lab, tmp_path, variables, [finish])
    assert told[0]["refusal"] == "" and keys(lab) == [("current", True), ("retired", False)]


def test_no_request_is_refused_while_keys_are_rotated(
    lab: LabContext, tmp_path: Path, gateway_variables: dict[str, t.Any]
) -> None:
    variables = {**gateway_variables, **RAISED}
    converge(lab, tmp_path, variables)
    gateway = lab.client("apigateway")
    values = {key["value"] for key in gateway.get_api_keys(includeValues=True)["items"]}
    others = {key["id"]: key for key in gateway.get_api_keys(includeValues=True)["items"] if key["name"] == "idle"}
    wanted = int(os.environ.get("ROTATION_REQUESTS", "300"))

    with Crowd(lab, pause=0.05 if wanted <= 300 else 0) as crowd:
        told, output = rotate(lab, tmp_path, variables, UNDISTURBED)
        while crowd.requests < wanted:
            rotate(lab, tmp_path, variables, [UNDISTURBED[0], FORCED])
        assert set(crowd.answers) == {200}, crowd.answers
        undisturbed = crowd.requests
        refusal = told[1]["refusal"]
        assert f"of {CLIENT} was used" in refusal and "from 127.0.0.1" in refusal and "of idle" not in refusal
        assert "None" not in refusal
        assert ("retired", False) in keys(lab) and keys(lab, "idle")[0] == ("current", True)

        values |= {key["value"] for key in gateway.get_api_keys(includeValues=True)["items"]}
        told, more = rotate(lab, tmp_path, variables, CUT_OFF)
        assert set(crowd.answers) == {200}, crowd.answers
    print(f"{undisturbed} requests through undisturbed rotations, {crowd.requests} in all: {dict(crowd.answers)}")

    assert undisturbed >= wanted
    # Each call was reached, and each step came through in the end.
    assert all(bool(each["refusal"]) == bool(each["at"]) for each in told), told
    assert len(told) == sum(len(step["cut_off"]) + 1 for step in CUT_OFF)
    # One key is left: the cut-off rotation was aborted, and what it had made is gone.
    assert [state for state in keys(lab) if state[0] != "retired"] == [("current", True)]
    secret = json.loads(
        lab.client("secretsmanager").get_secret_value(SecretId=f"central-llm/clients/{CLIENT}")["SecretString"]
    )
    (current,) = (key for key in gateway.get_api_keys(includeValues=True)["items"] if key["value"] == secret["value"])
    assert current["id"] == secret["apiKeyId"]
    assert current["tags"]["central-llm:client"] == CLIENT
    # The other client's keys stayed what they were, but for what was asked of them.
    assert others.keys() <= {key["id"] for key in gateway.get_api_keys()["items"]}
    assert not any(value in output + more for value in values)
    noted = lab.client("dynamodb").get_item(TableName="central-llm-state", Key={"pk": {"S": f"rotation#{CLIENT}"}})[
        "Item"
    ]
    assert json.loads(noted["value"]["S"])["phase"] == "steady"
