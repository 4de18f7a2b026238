"""The registry in the way that Docker uses it, spoken by hand: Docker itself does so in `make image`."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from datetime import timedelta

import boto3
import pytest
import requests

from lab.context import LabContext
from lab.registry.plane import RegistryPlane

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
NAME = "team/engine"
PUSH = [
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"),
    *("ecr:CompleteLayerUpload", "ecr:PutImage"),
]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Docker:
    """As much of Docker as a push and a pull take."""

    def __init__(self, ctx: LabContext, ecr: t.Any) -> None:
        data = ecr.get_authorization_token()["authorizationData"][0]
        self.expires_at = data["expiresAt"]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        assert data["proxyEndpoint"] == f"http://{ctx.registry}"
        self._base = f"{data['proxyEndpoint']}/v2"
        self._session = requests.Session()
        self._session.auth = (user, password)

    def ask(self, method: str, path: str, **options: t.Any) -> requests.Response:
        where = path if path.startswith("http") else f"{self._base}{path}"
        return self._session.request(method, where, timeout=30, **options)

    def upload(self, content: bytes, name: str = NAME, digest: str = "") -> requests.Response:
        begun = self.ask("POST", f"/{name}/blobs/uploads/")
        if begun.status_code != 202:
            return begun
        where = f"{self._base.removesuffix('/v2')}{begun.headers['Location']}"
        half = len(content) // 2
        appended = self.ask("PATCH", where, data=content[:half])
        if appended.status_code != 202:
            return appended
        return self.ask("PUT", f"{where}?digest={digest or digest_of(content)}", data=content[half:])

    def push(self, tag: str, layer: bytes, name: str = NAME) -> requests.Response:
        config = b'{"architecture": "amd64"}'
        for content in (config, layer):
            there = self.ask("HEAD", f"/{name}/blobs/{digest_of(content)}")
            if there.status_code == 403:
                return there
            if there.status_code != 200:
                uploaded = self.upload(content, name)
                if uploaded.status_code != 201:
                    return uploaded
        headers = {"Content-Type": MANIFEST}
        return self.ask("PUT", f"/{name}/manifests/{tag}", data=manifest(config, layer), headers=headers)


def manifest(config: bytes, *layers: bytes) -> bytes:
    parts = [{"digest": digest_of(each), "size": len(each)} for each in layers]
    found = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": parts}
    return json.dumps({**found, "config": {"digest": digest_of(config), "size": len(config)}}).encode()


@pytest.fixture
def registry(lab: LabContext) -> t.Iterator[LabContext]:
    plane = RegistryPlane()
    plane.start(lab)
    yield lab
    plane.stop()
    lab.registry = ""


@pytest.fixture
def ecr(registry: LabContext) -> t.Any:
    return registry.client("ecr")


@pytest.fixture
def docker(registry: LabContext, ecr: t.Any) -> Docker:
    return Docker(registry, ecr)


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_what_was_pushed_is_an_image_and_can_be_pulled(docker: Docker, ecr: t.Any, registry: LabContext) -> None:
    made = ecr.create_repository(repositoryName=NAME)["repository"]
    assert made["repositoryUri"] == f"{registry.registry}/{NAME}"
    assert ecr.describe_repositories()["repositories"][0]["repositoryUri"] == made["repositoryUri"]
    layer = b"layer" * 1000
    pushed = docker.push("one", layer)
    assert pushed.status_code == 201
    (image,) = ecr.describe_images(repositoryName=NAME)["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (pushed.headers["Docker-Content-Digest"], ["one"])
    assert image["imageSizeInBytes"] == len(layer) + len(b'{"architecture": "amd64"}')
    for reference in ("one", image["imageDigest"]):
        pulled = docker.ask("GET", f"/{NAME}/manifests/{reference}")
        assert (digest_of(pulled.content), pulled.headers["Content-Type"]) == (image["imageDigest"], MANIFEST)
    assert docker.ask("GET", f"/{NAME}/blobs/{digest_of(layer)}").content == layer
    # The very same again is no error, whatever the tags are like.
    assert docker.push("one", layer).status_code == 201


def test_a_tag_moves_only_where_it_may(docker: Docker, ecr: t.Any) -> None:
    ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
    first = docker.push("one", b"first").headers["Docker-Content-Digest"]
    refused = docker.push("one", b"second")
    assert code_of(refused) == (400, "TAG_INVALID")
    assert "cannot be overwritten because the tag is immutable" in refused.text
    assert [each["imageDigest"] for each in ecr.describe_images(repositoryName=NAME)["imageDetails"]] == [first]
    ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability="MUTABLE")
    second = docker.push("one", b"second").headers["Docker-Content-Digest"]
    (moved,) = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": "one"}])["imageDetails"]
    assert moved["imageDigest"] == second


def test_what_is_not_there(docker: Docker, ecr: t.Any) -> None:
    assert code_of(docker.ask("POST", "/nobodys/blobs/uploads/")) == (404, "NAME_UNKNOWN")
    ecr.create_repository(repositoryName=NAME)
    assert code_of(docker.ask("GET", f"/{NAME}/manifests/none")) == (404, "MANIFEST_UNKNOWN")
    assert code_of(docker.ask("GET", f"/{NAME}/blobs/{digest_of(b'none')}")) == (404, "BLOB_UNKNOWN")
    assert code_of(docker.ask("GET", f"/{NAME}/blobs/latest")) == (404, "BLOB_UNKNOWN")
    unfinished = docker.ask("PUT", f"/{NAME}/manifests/one", data=manifest(b"{}", b"none"))
    assert code_of(unfinished) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_a_blob_that_is_not_what_its_digest_says(docker: Docker, ecr: t.Any) -> None:
    ecr.create_repository(repositoryName=NAME)
    assert code_of(docker.upload(b"this", digest=digest_of(b"that"))) == (400, "DIGEST_INVALID")
    assert docker.ask("HEAD", f"/{NAME}/blobs/{digest_of(b'that')}").status_code == 404


def test_a_token_is_asked_for_and_ends(docker: Docker, registry: LabContext) -> None:
    answer = requests.get(f"http://{registry.registry}/v2/", timeout=10)
    assert code_of(answer) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert docker.ask("GET", "/").status_code == 200
    registry.clock.advance((docker.expires_at - registry.clock.utc() + timedelta(seconds=1)).total_seconds())
    assert docker.ask("GET", "/").status_code == 401


def test_who_may_not_push_is_told_what_is_missing(registry: LabContext, ecr: t.Any) -> None:
    ecr.create_repository(repositoryName=NAME)
    iam = registry.client("iam")
    iam.create_user(UserName="pusher")
    key = iam.create_access_key(UserName="pusher")["AccessKey"]

    def allow(*actions: str) -> None:
        statement = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="pusher", PolicyName="p", PolicyDocument=document)

    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=registry.region)
    theirs = session.client("ecr", endpoint_url=registry.endpoint_url)
    for missing in PUSH:
        allow("ecr:GetAuthorizationToken", *(action for action in PUSH if action != missing))
        refused = Docker(registry, theirs).push("one", missing.encode())
        # The answer of a HEAD has no body.
        assert refused.status_code == 403 and refused.text.count(missing) == (missing != PUSH[0]), missing
    allow("ecr:GetAuthorizationToken", *PUSH)
    pushing = Docker(registry, theirs)
    assert pushing.push("one", b"layer").status_code == 201
    assert code_of(pushing.ask("GET", f"/{NAME}/manifests/one")) == (403, "DENIED")


def test_a_scan_begins_with_the_push_and_says_what_was_found(docker: Docker, ecr: t.Any, registry: LabContext) -> None:
    ecr.create_repository(repositoryName=NAME, imageScanningConfiguration={"scanOnPush": True})
    digest = docker.push("one", b"layer").headers["Docker-Content-Digest"]

    def image() -> dict[str, t.Any]:
        return dict(ecr.describe_images(repositoryName=NAME)["imageDetails"][0])

    assert image()["imageScanStatus"]["status"] in ("IN_PROGRESS", "FAILED")
    told = {"repository": NAME, "digest": digest, "findings": {"HIGH": 2}}
    requests.post(f"{registry.endpoint_url}/_lab/image-scans", json=told, timeout=10).raise_for_status()
    assert image()["imageScanStatus"]["status"] == "COMPLETE"
    assert image()["imageScanFindingsSummary"]["findingSeverityCounts"] == {"HIGH": 2}
