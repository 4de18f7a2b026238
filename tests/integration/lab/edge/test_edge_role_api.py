"""The role's API at the edge: what it lets through, what it passes on, and what it says of what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from aiohttp import web
from edge_support import DEADLINE, Backend
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from role_api import HEADERS, PORT, RoleApi, found_methods, wanted_methods

from lab.context import LabContext
from lab.edge.exchange import Exchange
from lab.edge.integration import Integrations
from lab.edge.plane import EdgePlane
from lab.edge.reply import Reply
from tests.tools.role_template import render

ORIGIN = "https://chat.example.org"
CHAT = "/v1/chat/completions"


@pytest.fixture
def role_api(lab: LabContext, edge: EdgePlane, backend: Backend) -> RoleApi:
    backend.seen.clear()
    return RoleApi(lab)


@pytest.fixture
def deployed(role_api: RoleApi) -> RoleApi:
    role_api.import_document(role_api.link(2))
    role_api.deploy()
    return role_api


@pytest.fixture
def served(deployed: RoleApi, backend: Backend) -> Iterator[RoleApi]:
    stop = backend.listen(deployed.ctx.addresses.of(deployed.balancer_arn), PORT)
    yield deployed
    stop()


@pytest.fixture
def key(served: RoleApi) -> str:
    return served.key()[1]


@pytest.mark.parametrize("origin", ["", ORIGIN], ids=["plain", "for-browsers"])
def test_what_is_there_is_what_the_template_says(role_api: RoleApi, origin: str) -> None:
    role_api.import_document(role_api.link(2), llm_gateway_cors_origin=origin)
    wanted = wanted_methods(role_api.document)
    assert found_methods(role_api.client, role_api.api_id) == wanted
    proxied = {where: said for where, said in wanted.items() if said["integration"]["type"] == "HTTP_PROXY"}
    assert set(proxied) == {
        (CHAT, "POST"),
        ("/v1/completions", "POST"),
        ("/v1/embeddings", "POST"),
        ("/v1/responses", "POST"),
        ("/v1/models", "GET"),
    }
    for said in proxied.values():
        assert said["integration"]["responseTransferMode"] == "STREAM"
        assert said["integration"]["timeoutInMillis"] == 900_000
    guarded = {where: said for where, said in wanted.items() if where[1] != "OPTIONS"}
    assert set(guarded) == {*proxied, ("/healthz", "GET")}
    assert all(said["key"] and said["validated"] for said in guarded.values())
    responses = role_api.client.get_gateway_responses(restApiId=role_api.api_id, limit=500)["items"]
    own = {each["responseType"]: each for each in responses if not each["defaultResponse"]}
    asked = role_api.document["x-amazon-apigateway-gateway-responses"]
    assert set(own) == set(asked)
    for kind, said in asked.items():
        assert own[kind]["responseTemplates"] == said["responseTemplates"]
        assert own[kind]["responseParameters"] == said.get("responseParameters", {})
        assert own[kind].get("statusCode") == said.get("statusCode")


def test_health_is_the_gateways_own_answer(deployed: RoleApi) -> None:
    _id, key, _plan = deployed.key()
    alive = requests.get(deployed.url("/healthz"), headers={**HEADERS, "x-api-key": key}, timeout=DEADLINE)
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    no_key = requests.get(deployed.url("/healthz"), headers=HEADERS, timeout=DEADLINE)
    assert (no_key.status_code, no_key.json()["error"]["code"]) == (403, "invalid_api_key")
    bare = requests.get(deployed.url("/healthz"), headers={"x-api-key": key}, timeout=DEADLINE)
    assert (bare.status_code, bare.json()["error"]["code"]) == (400, "missing_required_header")


def test_when_nothing_is_served_it_says_so_at_once(deployed: RoleApi) -> None:
    _id, key, _plan = deployed.key()
    answer = deployed.post(CHAT, key, headers=HEADERS, json={})
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == ("service_unavailable", "server_error")
    assert "not being served" in error["message"]


def test_what_the_engine_sees_of_a_client(served: RoleApi) -> None:
    key_id, key, _plan = served.key()
    forged = {"x-llm-gateway-request-id": "forged", "x-llm-key-id": "forged"}
    for name in ("x-api-key", "X-API-Key", "X-Api-KEY"):
        answer = requests.post(
            served.url(CHAT),
            headers={**HEADERS, **forged, name: key, "Authorization": "Bearer secret", "x-request-id": "mine"},
            json={"model": "m"},
            timeout=DEADLINE,
        )
        assert answer.status_code == 200
        seen = answer.json()
        assert key not in str(seen) and "Bearer" not in str(seen)
        headers = seen["headers"]
        assert (headers["x-api-key"], headers["authorization"]) == ("removed", "removed")
        assert headers["x-llm-gateway-request-id"] == answer.headers["x-amz-apigw-id"]
        assert headers["x-llm-key-id"] == key_id
        assert headers["x-request-id"] == "mine"
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert seen["path"] == CHAT


def test_a_browser_may_ask_first_and_read_refusals(role_api: RoleApi) -> None:
    role_api.import_document(role_api.link(2), llm_gateway_cors_origin=ORIGIN)
    role_api.deploy()
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    first = requests.options(role_api.url(CHAT), headers=asked, timeout=DEADLINE)
    assert first.status_code == 204
    assert first.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert first.headers["Access-Control-Allow-Headers"] == "*,Authorization"
    assert first.headers["Access-Control-Allow-Methods"] == "POST,OPTIONS"
    refused = role_api.post(CHAT, headers={"Origin": ORIGIN})
    assert refused.status_code == 403
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


def test_without_browsers_nobody_may_ask_first(deployed: RoleApi) -> None:
    answer = requests.options(deployed.url(CHAT), headers={"Origin": ORIGIN}, timeout=DEADLINE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("cidr", "status"), [("127.0.0.0/8", 200), ("203.0.113.0/24", 403)])
def test_who_is_not_allowed_is_kept_out_whatever_the_key(role_api: RoleApi, cidr: str, status: int) -> None:
    asked = {"variable": "_llm_gateway_policy | to_json", "variables": {"llm_gateway_allowed_cidrs": [cidr]}}
    policy = render("llm_gateway", asked)
    role_api.import_document(role_api.link(2))
    change = {"op": "replace", "path": "/policy", "value": policy}
    role_api.client.update_rest_api(restApiId=role_api.api_id, patchOperations=[change])
    role_api.deploy()
    key = role_api.key()[1]
    answer = requests.get(role_api.url("/healthz"), headers={**HEADERS, "x-api-key": key}, timeout=DEADLINE)
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] == "access_denied"


def test_200_clients_on_ten_keys_are_each_held_to_their_own(deployed: RoleApi) -> None:
    """Nine plans of five a second, and a key with a quota; one more key asks politely and never notices."""
    rate, burst, quota = 5, 10, 12
    limits = {"throttle": {"rateLimit": rate, "burstLimit": burst}}
    greedy = [deployed.key(limits)[1] for _number in range(9)]
    counted = deployed.key({"quota": {"limit": quota, "period": "DAY"}})[1]
    polite = deployed.key(limits)[1]
    url, answers = deployed.url("/healthz"), Counter[tuple[str, int]]()
    lock, go, over = threading.Lock(), threading.Barrier(201), threading.Event()

    def ask(session: requests.Session, key: str) -> int:
        status = session.get(url, headers={**HEADERS, "x-api-key": key}, timeout=DEADLINE).status_code
        with lock:
            answers[key, status] += 1
        return status

    def client(number: int) -> None:
        key = [*greedy, counted][number % 10]
        with requests.Session() as session:
            go.wait(DEADLINE)
            for _request in range(5):
                ask(session, key)

    def politely() -> list[int]:
        with requests.Session() as session:
            statuses = []
            while not over.is_set() and len(statuses) < burst:
                statuses.append(ask(session, polite))
            return statuses

    with ThreadPoolExecutor(201) as crowd:
        clients = [crowd.submit(client, number) for number in range(200)]
        considerate = crowd.submit(politely)
        go.wait(DEADLINE)
        began = time.monotonic()
        for each in clients:
            each.result(DEADLINE * 2)
        elapsed = time.monotonic() - began
        over.set()
        assert set(considerate.result(DEADLINE)) <= {200}
    for key in greedy:
        assert answers[key, 200] + answers[key, 429] == 100
        # What a token bucket gives: what it holds, and what comes back meanwhile.
        assert min(burst, 100) <= answers[key, 200] <= burst + rate * elapsed + 1
    assert (answers[counted, 200], answers[counted, 429]) == (quota, 100 - quota)


def test_the_link_can_be_exchanged_under_load(role_api: RoleApi, backend: Backend) -> None:
    role_api.import_document(role_api.link(1), version=1)
    role_api.deploy()
    _id, key, _plan = role_api.key()
    stop = backend.listen(role_api.ctx.addresses.of(role_api.balancer_arn), PORT)
    statuses, over = list[int](), threading.Event()

    def client() -> None:
        while not over.is_set():
            statuses.append(role_api.post(CHAT, key, headers=HEADERS, json={}).status_code)

    asking = threading.Thread(target=client)
    asking.start()
    try:
        former = next(iter(role_api.client.get_vpc_links()["items"]))["id"]
        role_api.import_document(role_api.link(2), version=2)
        role_api.deploy()
        role_api.client.delete_vpc_link(vpcLinkId=former)
        behind = len(statuses)
        while len(statuses) < behind + 5 and asking.is_alive():
            time.sleep(0.01)
    finally:
        over.set()
        asking.join(DEADLINE)
        stop()
    assert len(statuses) > 5 and set(statuses) == {200}


def test_a_request_on_its_way_survives_the_exchange_of_the_link(
    role_api: RoleApi, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    role_api.import_document(role_api.link(1), version=1)
    role_api.deploy()
    _id, key, _plan = role_api.key()
    stop = backend.listen(role_api.ctx.addresses.of(role_api.balancer_arn), PORT)
    call, exchanged = Integrations.call, list[str]()

    def exchange_link() -> None:
        role_api.import_document(role_api.link(2), version=2)
        role_api.deploy()
        for link in role_api.client.get_vpc_links()["items"]:
            role_api.client.delete_vpc_link(vpcLinkId=link["id"])
            exchanged.append(link["id"])

    async def late(self: Integrations, exchange: Exchange, http: web.BaseRequest) -> Reply | web.StreamResponse:
        if not exchanged:
            await asyncio.to_thread(exchange_link)
        return await call(self, exchange, http)

    monkeypatch.setattr(Integrations, "call", late)
    try:
        assert role_api.post(CHAT, key, headers=HEADERS, json={}).status_code == 200
        assert len(exchanged) == 1
    finally:
        stop()


# What a client may send that is no key: not one byte of it decides but that it is not the value of one.
TOKEN = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60)
NAME = st.one_of(
    st.sampled_from(["x-api-key", "X-API-KEY", "Authorization", *HEADERS, "Content-Type", "Accept", "Host2", "Cookie"]),
    st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}", fullmatch=True).filter(
        lambda name: name.lower() not in ("host", "content-length", "transfer-encoding", "connection", "expect")
    ),
)
PATH = st.one_of(
    st.sampled_from(["/healthz", CHAT, "/v1/models", "/v1/../metrics", "//v1/models", "/v1/models/", "/%2e%2e/x", "/"]),
    st.from_regex(r"/[A-Za-z0-9%/._~!$&'()*+,;=:@-]{0,40}", fullmatch=True),
)
VERB = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])


def send(url: str, verb: str, path: str, headers: list[tuple[str, str]], body: bytes) -> int:
    """As it is: no library makes anything of it on its way."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=DEADLINE)
    try:
        connection.putrequest(verb, f"{where.path}{path}", skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


FUZZ = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(VERB, PATH, st.lists(st.tuples(NAME, TOKEN), max_size=8), st.binary(max_size=200))
def test_nothing_gets_through_without_a_key(
    served: RoleApi, backend: Backend, verb: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    before = len(backend.seen)
    status = send(served.url(""), verb, path, [*HEADERS.items(), *headers], body)
    assert 400 <= status < 500
    assert len(backend.seen) == before


@FUZZ
@given(
    st.sampled_from([("POST", CHAT), ("GET", "/v1/models"), ("GET", "/healthz")]),
    st.sampled_from(sorted(HEADERS)),
    st.sampled_from([None, "", " ", "\t  "]),
    st.lists(st.tuples(NAME.filter(lambda name: not name.lower().startswith("x-")), TOKEN), max_size=6),
)
def test_nothing_gets_through_without_the_headers(
    served: RoleApi,
    key: str,
    backend: Backend,
    route: tuple[str, str],
    lacking: str,
    value: str | None,
    others: list[tuple[str, str]],
) -> None:
    before = len(backend.seen)
    given_headers = [(name, said) for name, said in HEADERS.items() if name != lacking]
    if value is not None:
        given_headers.append((lacking, value))
    status = send(served.url(""), *route, [("x-api-key", key), *given_headers, *others], b"{}")
    assert status == 400
    assert len(backend.seen) == before


# Names are one however they are written, and a header may come twice.
SECRET_NAME = st.sampled_from(["x-api-key", "authorization"]).flatmap(
    lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda upper: "".join(letter.upper() if up else letter for letter, up in zip(name, upper, strict=True))
    )
)
# Headers that are in order: the request gets through, and shows what of it does.
IN_ORDER = st.lists(
    st.tuples(
        NAME.filter(lambda name: name.lower() not in {"x-api-key", *HEADERS}),
        st.from_regex(r"[!-~]{1,20}", fullmatch=True),
    ),
    max_size=4,
    unique_by=lambda header: header[0].lower(),
)


@FUZZ
@given(st.lists(SECRET_NAME, min_size=1, max_size=4), IN_ORDER, st.booleans())
def test_no_secret_of_a_client_reaches_the_engine(
    served: RoleApi, key: str, backend: Backend, names: list[str], others: list[tuple[str, str]], first: bool
) -> None:
    backend.seen.clear()
    secrets = [(name, f"secret-{number}") for number, name in enumerate(names)]
    ours = [("x-api-key", key)]
    headers = [*ours, *secrets] if first else [*secrets, *ours]
    status = send(served.url(""), "POST", CHAT, [*HEADERS.items(), *headers, *others], b"{}")
    # Which of several keys counts is the gateway's affair.
    assert status in ((200, 403) if "x-api-key" in {name.lower() for name in names} else (200,))
    assert len(backend.seen) == (status == 200)
    for seen in backend.seen:
        said = {(name.lower(), value) for name, value in seen["sent"]}
        assert {value for name, value in said if name in ("x-api-key", "authorization")} <= {"removed"}
        assert not any(key in value or value.startswith("secret-") for _name, value in said)


LINE = st.sampled_from(
    [
        b"POST %(path)s HTTP/1.1\r\n",
        b"GET %(path)s HTTP/1.0\r\n",
        b"GET %(path)s\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT 127.0.0.1:8000 HTTP/1.1\r\n",
        b"Host: edge\r\n",
        b"Host: edge\r\nHost: other\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity, chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\nConnection: upgrade\r\n",
        b"x-api-key:\r\n",
        b"x-api-key : x\r\n",
        b" folded\r\n",
        b"\r\n",
        b"0\r\n\r\n",
        b"zz\r\n",
        b"5\r\nhello\r\n",
        b"\n",
        b"\x00",
        b"\x16\x03\x01\x02\x00\x01",
        b"X: " + b"a" * 20_000 + b"\r\n",
    ]
)


ALMOST = b"POST %(path)s HTTP/1.1\r\n" + "".join(f"{name}: {said}\r\n" for name, said in HEADERS.items()).encode()


@settings(FUZZ, max_examples=150)
@given(st.sampled_from([b"", ALMOST]), st.lists(st.one_of(LINE, st.binary(max_size=40)), min_size=1, max_size=12))
def test_no_bytes_get_through_or_bring_the_edge_down(
    served: RoleApi, key: str, backend: Backend, start: bytes, parts: list[bytes]
) -> None:
    """What is no request of HTTP, and what one server might take for one request and another for two."""
    backend.seen.clear()
    where = urlsplit(served.url(CHAT))
    connection = socket.create_connection((where.hostname, where.port), timeout=DEADLINE)
    # A server that has enough of it hangs up.
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"".join([start, *parts]).replace(b"%(path)s", where.path.encode()))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert backend.seen == []
    alive = requests.get(served.url("/healthz"), headers={**HEADERS, "x-api-key": key}, timeout=DEADLINE)
    assert alive.status_code in (200, 429)
