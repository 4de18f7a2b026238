"""Start a built image, ask it, and read what it says of the question: an image that cannot do that is none."""

from __future__ import annotations

import contextlib
import json
import time
import typing as t
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from . import docker

Say = t.Callable[[str], None]

START_SECONDS = 600
STOP_SECONDS = 60
SAID = "Say something that no log may show."
HEADERS = {
    "content-type": "application/json",
    "x-llm-source": "image",
    "x-llm-user": "builder",
    "x-llm-request-type": "proof",
    "x-llm-gateway-request-id": "cHJvb2Y=",
}
ARGUMENTS = [
    *("/models/tiny", "--served-model-name", "tiny", "--port", "8000"),
    *("--middleware", "central_llm_audit.Middleware"),
    *("--dtype", "float32", "--max-model-len", "1024", "--max-num-seqs", "4", "--enforce-eager"),
]


class Unproven(Exception):
    """The image does not do what it is for; the message says what is missing."""


def prove(image: str, model: Path, say: Say) -> dict[str, t.Any]:
    """What was seen: seconds to the first answer, tokens, the record. The container is gone afterwards."""
    name = f"central-llm-image-{uuid.uuid4().hex[:8]}"
    began = time.monotonic()
    docker.run(
        *("run", "--detach", "--name", name, "--publish", "127.0.0.1::8000"),
        *("--volume", f"{model}:/models/tiny:ro", image, *ARGUMENTS),
    )
    try:
        address = f"http://{docker.run('port', name, '8000/tcp').splitlines()[0]}"
        wait(name, address, say)
        answer = ask(address)
        seconds = time.monotonic() - began
        say(f"answered after {seconds:.0f} s")
        user = docker.run("exec", name, "id", "-u")
        if user == "0":
            raise Unproven("the engine runs as root")
        healthy = json.loads(docker.run("inspect", "--format", "{{json .Config.Healthcheck.Test}}", name))
        docker.run("exec", name, *healthy[1:])
        docker.run("stop", "--time", str(STOP_SECONDS), name)
        code = int(docker.run("inspect", "--format", "{{.State.ExitCode}}", name))
        if code == 137:
            raise Unproven(f"it did not end within {STOP_SECONDS} s of being told to")
        record = record_of(docker.logs(name), answer)
        return {"seconds_to_answer": round(seconds, 1), "record": record, "exit_code": code, "user": user}
    except (Unproven, docker.Failed, OSError) as error:
        end = "\n".join(docker.logs(name)[-60:])
        raise Unproven(f"{error}\nThe container's last words:\n{end}") from error
    finally:
        with contextlib.suppress(docker.Failed):
            docker.run("rm", "--force", "--volumes", name)


def wait(name: str, address: str, say: Say) -> None:
    began = told = time.monotonic()
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return
        if docker.run("inspect", "--format", "{{.State.Running}}", name) != "true":
            raise Unproven("the container ended before it answered")
        now = time.monotonic()
        if now - began > START_SECONDS:
            raise Unproven(f"it did not answer within {START_SECONDS} s")
        if now - told > 5:
            told = now
            say(f"the engine is loading: {now - began:.0f} s")
        time.sleep(0.5)


def ask(address: str) -> dict[str, t.Any]:
    question = {"model": "tiny", "max_tokens": 8, "messages": [{"role": "user", "content": SAID}]}
    request = urllib.request.Request(
        f"{address}/v1/chat/completions", data=json.dumps(question).encode(), headers=HEADERS, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: dict[str, t.Any] = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise Unproven(f"it answered {error.code}: {error.read().decode(errors='replace')[:500]}") from error
    return found


def record_of(lines: t.Iterable[str], answer: dict[str, t.Any]) -> dict[str, t.Any]:
    """The audit's line of the question, which says as much as the answer did, and nothing of what was said. Pure."""
    lines = list(lines)
    if any(SAID in line for line in lines):
        raise Unproven("the log shows the prompt")
    records = [json.loads(line) for line in lines if line.startswith('{"central_llm_audit"')]
    ours = [record for record in records if record.get("gateway_request_id") == HEADERS["x-llm-gateway-request-id"]]
    if len(ours) != 1:
        raise Unproven(f"{len(ours)} audit lines tell of the question")
    record: dict[str, t.Any] = ours[0]
    usage = answer["usage"]
    wanted = {
        "source": HEADERS["x-llm-source"],
        "user": HEADERS["x-llm-user"],
        "status": 200,
        "outcome": "completed",
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
    }
    wrong = {key: record.get(key) for key, value in wanted.items() if record.get(key) != value}
    if wrong:
        raise Unproven(f"the audit line says {wrong}, and the answer {wanted}")
    return record


__all__ = ("Unproven", "prove", "record_of")
