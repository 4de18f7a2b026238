"""What a session refuses before it starts anything, and what it ends and proves where there is little to end."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t
from pathlib import Path

import pytest

STACK = "central-llm"
TAGS = [{"Key": "central-llm:stack", "Value": STACK}, {"Key": "Name", "Value": "central-llm-ec2"}]
FALLBACK = {
    "date": "2026-11-14",
    "region": "eu-central-1",
    "instance_hour": {"g6e.2xlarge": 3.0},
    "network_lb_hour": 0.03,
    "network_lb_capacity_unit_hour": 0.01,
    "gp3_gib_month": 0.1,
    "gp3_mibps_month": 0.05,
    "gp3_iops_month": 0.01,
    "rest_api_request": 0.000004,
}
QUICK = {"llm_session_zero_pause": 0, "llm_session_zero_timeout": 20, "llm_session_poll_seconds": 1}


@pytest.fixture
def session(role: t.Any) -> t.Any:
    return role("llm_session")


@pytest.fixture
def no_prices(lab: t.Any) -> None:
    order(lab, service="pricing", operation="GetProducts", code="AccessDeniedException", status=400, times=-1)


def order(lab: t.Any, **fault: t.Any) -> None:
    import urllib.request

    request = urllib.request.Request(
        f"{lab.endpoint_url}/_lab/faults",
        method="POST",
        data=json.dumps({"message": f"{fault['code']} on request of a test", **fault}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def launch(lab: t.Any, count: int = 1, tags: t.Any = TAGS) -> list[str]:
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image,
        InstanceType="g6e.2xlarge",
        MinCount=count,
        MaxCount=count,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return [instance["InstanceId"] for instance in made["Instances"]]


def alive(lab: t.Any) -> list[str]:
    found = lab.client("ec2").describe_instances()["Reservations"]
    instances = [instance for each in found for instance in each["Instances"]]
    return [each["InstanceId"] for each in instances if each["State"]["Name"] != "terminated"]


@contextlib.contextmanager
def gateway(*, required: set[str], used_up: bool = False) -> t.Iterator[tuple[str, list[int]]]:
    """Answers as API Gateway does to a key, to headers that it requires and to a quota; notes the states."""
    came: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said, kind = json.dumps({"usage": {"completion_tokens": 2}}), "application/json"
            if "x-api-key" not in self.headers:
                came.append(403)
            elif used_up:
                came.append(429)
                said = json.dumps({"error": {"code": "insufficient_quota"}})
            elif not required <= {name.lower() for name in self.headers}:
                came.append(400)
            else:
                came.append(200)
                if asked.get("stream"):
                    said, kind = (
                        f'data: {{"choices":[{{"delta":{{"content":"a"}}}}]}}\n\ndata: {said}\n\n',
                        "text/event-stream",
                    )
                    said += "data: [DONE]\n\n"
            self.send_response(came[-1])
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_arguments: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def remember(lab: t.Any, host: str) -> None:
    """A session of alice's with this host, in the stack's table."""
    known = {
        "started_at": "2026-11-23T08:00:00+00:00",
        "started_by": "alice",
        "stack": STACK,
        "hosts": [{"id": host, "type": "g6e.2xlarge", "launched_at": "2026-11-23T08:00:00+00:00"}],
        "quote": {"prices": FALLBACK, "source": "inventory, 2026-11-14"},
    }
    item = {"pk": {"S": f"session#{known['started_at']}"}, "value": {"S": json.dumps(known)}}
    lab.client("dynamodb").put_item(TableName="central-llm-state", Item=item)


class TestQuote:
    def test_it_is_said(self, session: t.Any) -> None:
        said = session.ok("preflight", llm_host_count=2, llm_session_hours=4).output
        assert "USD for 4 hours with 2 host(s)" in said and "8 host hours of g6e.2xlarge" in said
        assert "prices: AWS, 20" in said

    @pytest.mark.parametrize("limit", [{"llm_session_max_usd": 20}, {"llm_session_max_usd_per_hour": "2.5"}])
    def test_more_than_it_may_cost_is_refused_with_the_numbers(self, session: t.Any, limit: dict[str, t.Any]) -> None:
        said = session.refused("preflight", **limit)
        (name, value) = next(iter(limit.items()))
        assert "would cost 2" in said and "USD per hour" in said and f"{value} USD" in said and f"({name})" in said
        session.ok("preflight", **{name: 1000})

    @pytest.mark.parametrize("hours", [0, -1, 1000, 168.5])
    def test_no_time_and_too_much_of_it_are_refused(self, session: t.Any, hours: float) -> None:
        said = session.refused("preflight", llm_session_hours=hours)
        assert f"llm_session_hours ({hours}) more than 0 and at most 168" in said

    @pytest.mark.usefixtures("no_prices")
    def test_without_permission_the_inventorys_prices_count(self, session: t.Any) -> None:
        said = session.ok("preflight", llm_session_fallback_prices=FALLBACK).output
        assert "pricing:GetProducts" in said and "The prices of 2026-11-14" in said
        assert "prices: inventory, 2026-11-14" in said and "24.00 USD" in said
        assert "would cost" in session.refused(
            "preflight", llm_session_fallback_prices=FALLBACK, llm_session_max_usd=20
        )

    @pytest.mark.usefixtures("no_prices")
    def test_without_any_prices(self, session: t.Any) -> None:
        elsewhere = {**FALLBACK, "region": "eu-west-1"}
        assert (
            "There are none for eu-central-1" in session.ok("preflight", llm_session_fallback_prices=elsewhere).output
        )
        # A limit that cannot be held to is no limit.
        assert "Nobody can say" in session.refused("preflight", llm_session_max_usd=1000)
        assert "Nothing was started" in session.refused(
            "preflight", llm_session_require_live_prices=True, llm_session_fallback_prices=FALLBACK
        )


class TestPreflight:
    def test_engines_without_hosts_are_refused(self, session: t.Any) -> None:
        said = session.refused("preflight", llm_session_count=2)
        assert "llm_session_count is 2, and llm_host_count 1" in said and "set llm_host_count" in said
        # As the command line gives them.
        session.ok("preflight", llm_session_count="2", llm_host_count="2")

    def test_a_gateway_without_the_way_of_the_proof_is_refused(self, session: t.Any) -> None:
        embeddings = {"path": "/v1/embeddings", "method": "POST"}
        chat = {"path": "/v1/chat/completions", "method": "POST"}
        said = session.refused("preflight", llm_gateway_routes=[embeddings])
        assert "llm_gateway_routes has no POST /v1/chat/completions" in said
        session.ok("preflight", llm_gateway_routes=[embeddings, chat])


class TestProof:
    """Against an endpoint that stands for the gateway, with the key in the secret of the stack's client."""

    @pytest.fixture
    def proof(self, session: t.Any, lab: t.Any) -> t.Any:
        lab.client("secretsmanager").create_secret(
            Name="central-llm/clients/central-llm-client", SecretString=json.dumps({"value": "a-key"})
        )
        return lambda url, **given: session("verify", llm_session_url=url, llm_session_model="tiny", **given)

    def test_headers_are_what_the_gateway_requires(self, proof: t.Any) -> None:
        with gateway(required={"x-team"}) as (url, came):
            run = proof(url, llm_gateway_required_headers=["x-team"])
        assert not run.failed, run.output
        assert came == [403, 400, 200, 200]

    def test_what_is_not_required_is_not_missed(self, proof: t.Any) -> None:
        with gateway(required=set()) as (url, came):
            run = proof(url, llm_gateway_required_headers=[])
        assert not run.failed, run.output
        assert came == [403, 200, 200]

    def test_without_a_word_the_defaults_of_the_gateway_are_required(self, proof: t.Any) -> None:
        with gateway(required={"x-llm-source", "x-llm-user", "x-llm-request-type"}) as (url, came):
            run = proof(url)
        assert not run.failed, run.output
        assert came == [403, 400, 200, 200]

    def test_a_quota_that_is_used_up_says_whose(self, proof: t.Any) -> None:
        with gateway(required=set(), used_up=True) as (url, came):
            run = proof(url, llm_gateway_required_headers=[])
        assert run.failed and came == [403, 429]
        assert "llm_session_secret (central-llm/clients/central-llm-client)" in run.output
        assert "Expect an answer: The answer is HTTP 429" in run.output


class TestStartedByHand:
    def test_a_host_that_nothing_here_would_end_is_refused(self, session: t.Any, lab: t.Any) -> None:
        launch(lab, tags=[{"Key": "Name", "Value": "central-llm-ec2"}, {"Key": "central-llm:stack", "Value": "other"}])
        launch(lab)
        session.ok("preflight")
        (host,) = launch(lab, tags=[{"Key": "Name", "Value": "central-llm-ec2"}])
        said = session.refused("preflight")
        assert f"terminate-instances --region eu-central-1 --instance-ids {host})" in said
        session.ok("preflight", llm_session_host_name="another")


class TestDown:
    def test_of_a_stack_that_is_gone(self, session: t.Any, lab: t.Any) -> None:
        # Neither table, cluster nor service: hosts that nobody remembers.
        launch(lab, 2)
        run = session.ok("absent", **QUICK)
        assert alive(lab) == [] and "Nothing is left" in run.output
        assert "Started by nobody knows whom" in run.output

    def test_of_a_bake_each_host_is_ended_whatever_fails(self, role: t.Any, lab: t.Any) -> None:
        denied = {"code": "AccessDeniedException", "status": 400}
        order(lab, service="ecs", operation="ListContainerInstances", **denied, times=-1)
        order(lab, service="ec2", operation="TerminateInstances", **denied)
        (build,), (_validation,) = (
            launch(lab, tags=[TAGS[0], {"Key": "Name", "Value": name}])
            for name in ("central-llm-build", "central-llm-validation")
        )
        lab.client("ecs").create_cluster(clusterName="central-llm-service-cluster")
        run = role("llm_ami")("stop", llm_account_id=lab.account_id)
        assert run.failed and "ecs:ListContainerInstances" in run.output and "ec2:TerminateInstances" in run.output
        assert alive(lab) == [build]

    def test_what_is_left_is_named_and_fails(self, session: t.Any, lab: t.Any, tmp_path: Path) -> None:
        ec2 = lab.client("ec2")
        launch(lab)
        zone = ec2.describe_subnets()["Subnets"][0]["AvailabilityZone"]
        volume = ec2.create_volume(
            Size=1, AvailabilityZone=zone, TagSpecifications=[{"ResourceType": "volume", "Tags": TAGS}]
        )["VolumeId"]
        run = session("absent", **{**QUICK, "llm_session_zero_timeout": 1}, llm_session_receipt_folder=str(tmp_path))
        assert run.failed and f"Still there, and costing money: volume {volume}" in run.output
        assert alive(lab) == []
        (receipt,) = tmp_path.glob("central-llm-*.json")
        assert [each["id"] for each in json.loads(receipt.read_text())["left"]] == [volume]
        assert "**Still there**: volume" in receipt.with_suffix(".md").read_text()

    def test_the_receipt_is_true_of_who_started_and_what_it_cost(
        self, session: t.Any, role: t.Any, lab: t.Any, tmp_path: Path
    ) -> None:
        role("llm_state").ok("main")
        remember(lab, *launch(lab))
        folder = {"llm_session_receipt_folder": str(tmp_path / "receipts")}
        session.ok("absent", **QUICK, **folder)
        (path,) = (tmp_path / "receipts").glob("*.json")
        receipt = json.loads(path.read_text())
        assert receipt["started_by"] == "alice" and receipt["left"] == []
        assert receipt["usd"] == pytest.approx(receipt["hosts"][0]["hours"] * 3.0 + receipt["hours"] * 0.04, rel=0.05)
        kept = lab.client("dynamodb").scan(TableName="central-llm-state")["Items"]
        assert [json.loads(each["value"]["S"])["ended_at"] for each in kept] == [receipt["ended_at"]]
        # The next one has nothing to end, and writes no second receipt.
        again = session.ok("absent", **QUICK, **folder)
        assert "Cost:" not in again.output and len(list((tmp_path / "receipts").glob("*.json"))) == 1

    def test_a_receipt_that_cannot_be_written_leaves_no_session_open(
        self, session: t.Any, role: t.Any, lab: t.Any, tmp_path: Path
    ) -> None:
        role("llm_state").ok("main")
        remember(lab, "i-0123456789abcdef0")
        (tmp_path / "file").touch()
        run = session.ok("zero", **QUICK, llm_session_receipt_folder=str(tmp_path / "file" / "receipts"))
        assert "The receipt could not be written" in run.output and "Cost:" in run.output
        (kept,) = lab.client("dynamodb").scan(TableName="central-llm-state")["Items"]
        assert "ended_at" in json.loads(kept["value"]["S"])

    def test_an_engine_that_cannot_be_stopped_does_not_keep_the_host(self, session: t.Any, lab: t.Any) -> None:
        order(lab, service="ecs", operation="DescribeClusters", code="AccessDeniedException", status=400, times=-1)
        launch(lab)
        run = session("stop", **QUICK)
        assert run.failed and "ecs:DescribeClusters" in run.output
        assert alive(lab) == []


class TestUndo:
    """What a failed run ends. There is no table here but where one is made: a lock that cannot be had keeps nobody."""

    def test_all_where_nothing_was_proven_before(self, session: t.Any, lab: t.Any) -> None:
        launch(lab, 2)
        assert "Nothing is left" in session.ok("undo", **QUICK).output
        assert alive(lab) == []

    def test_only_what_came_to_a_session_that_was_proven(self, session: t.Any, role: t.Any, lab: t.Any) -> None:
        proven, added = launch(lab, 2)
        ecs, names = lab.client("ecs"), {"cluster": f"{STACK}-service-cluster"}
        ecs.create_cluster(clusterName=names["cluster"])
        container = {"name": "vllm", "image": "lab/stub", "memory": 64}
        ecs.register_task_definition(family="any", containerDefinitions=[container])
        ecs.create_service(**names, serviceName=f"{STACK}-service", taskDefinition="any", desiredCount=2)
        role("llm_state").ok("main")
        record = {"started_at": "2026-11-23T08:00:00+00:00", "hosts": [{"id": proven}, {"id": added}]}
        known = {"__llm_session_proven": [proven, "i-00000000000000000"], "__llm_session_record": record}
        session.ok("undo", **QUICK, **known)
        assert alive(lab) == [proven]
        items = lab.client("dynamodb").scan(TableName="central-llm-state")["Items"]
        (kept,) = [json.loads(item["value"]["S"]) for item in items if item["pk"]["S"].startswith("session#")]
        assert [(host["id"], "ended_at" in host) for host in kept["hosts"]] == [(proven, False), (added, True)]
        (service,) = ecs.describe_services(**names, services=[f"{STACK}-service"])["services"]
        assert service["desiredCount"] == 1
        # Of a session whose hosts have all gone meanwhile nothing goes on.
        session.ok("undo", **QUICK, __llm_session_proven=["i-00000000000000000"])
        assert alive(lab) == []

    def test_nothing_of_somebody_else(self, session: t.Any, role: t.Any, lab: t.Any) -> None:
        role("llm_state").ok("main")
        role("llm_state").ok("lock", llm_state_lock_owner="somebody@elsewhere", llm_state_lock_purpose="up")
        theirs = launch(lab)
        session.ok("undo", **QUICK)
        assert alive(lab) == theirs
