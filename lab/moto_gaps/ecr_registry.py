"""ECR: moto has no registry behind its API, gives everybody the same token, forgets scans, and keeps a policy's words.

Repositories are named by the address of the lab's registry, where one runs. A token is its caller's and good for twelve
hours. The size of an image is that of its layers. Where a repository scans what is pushed, a scan begins by itself; the
lab has no scanner, so that it ends as AWS's does for an image that it cannot read, unless `POST /_lab/image-scans
{repository, digest, findings}` says what would be found. The rules of a lifecycle policy are kept by their priority.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
"""

from __future__ import annotations

import base64
import json
import secrets
import typing as t
from datetime import datetime, timedelta

from moto.core.request import Request

from lab.context import ACCOUNT_ID
from lab.control import current, hooks
from lab.control.call import Call
from lab.control.operations import Params, amends, backend

_GOOD_FOR = timedelta(hours=12)
# By what is given for the password: whose it is, and until when.
_tokens: dict[str, tuple[str, datetime]] = {}
# By repository and digest.
_scans: dict[tuple[str, str], Params] = {}


def apply() -> None:
    amends("ecr", "GetAuthorizationToken")(give_token)
    amends("ecr", "CreateRepository")(name_one)
    amends("ecr", "DescribeRepositories")(name_all)
    amends("ecr", "DescribeImages")(tell_more)
    amends("ecr", "PutLifecyclePolicy")(put_in_order)
    hooks.route("POST", "image-scans")(scanned)
    current.on_reset(_tokens.clear)
    current.on_reset(_scans.clear)


def holder_of(password: str) -> str | None:
    """The access key that a token was given to, while it is good."""
    access_key, until = _tokens.get(password, ("", datetime.min.replace(tzinfo=current.now().tzinfo)))
    return access_key if current.now() < until else None


def give_token(call: Call, params: Params, output: Params) -> Params:
    password, until = secrets.token_urlsafe(48), current.now() + _GOOD_FOR
    _tokens[password] = (call.access_key, until)
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    for each in output["authorizationData"]:
        each |= {"authorizationToken": token, "expiresAt": until}
        if _address():
            each["proxyEndpoint"] = f"http://{_address()}"
    return output


def _address() -> str:
    ctx = current.context()
    return ctx.registry if ctx else ""


def _named(repository: Params) -> None:
    if _address():
        repository["repositoryUri"] = f"{_address()}/{repository['repositoryName']}"


def name_one(call: Call, params: Params, output: Params) -> None:
    _named(output["repository"])


def name_all(call: Call, params: Params, output: Params) -> None:
    for repository in output["repositories"]:
        _named(repository)


def tell_more(call: Call, params: Params, output: Params) -> None:
    name = params["repositoryName"]
    images = {each.get_image_digest(): each for each in backend("ecr", call.region).repositories[name].images}
    for each in output["imageDetails"]:
        manifest = json.loads(images[each["imageDigest"]].get_image_manifest())
        parts = [manifest.get("config") or {}, *manifest.get("layers", [])]
        each["imageSizeInBytes"] = sum(part.get("size", 0) for part in parts)
        each |= _scans.get((name, each["imageDigest"]), {})


def put_in_order(call: Call, params: Params, output: Params) -> Params:
    policy = json.loads(params["lifecyclePolicyText"])
    policy["rules"].sort(key=lambda rule: rule["rulePriority"])
    text = json.dumps(policy, separators=(",", ":"))
    backend("ecr", call.region).repositories[params["repositoryName"]].lifecycle_policy = text
    return {**output, "lifecyclePolicyText": text}


def scan_later(repository: t.Any, digest: str) -> None:
    """Begin the scan of an image that was pushed, where its repository wants one."""
    if not (repository.image_scanning_configuration or {}).get("scanOnPush"):
        return
    key = (repository.name, digest)
    _scans[key] = {"imageScanStatus": {"status": "IN_PROGRESS"}}

    def end() -> None:
        if _scans.get(key, {}).get("imageScanStatus", {}).get("status") == "IN_PROGRESS":
            told = "UnsupportedImageError: The operating system and/or package manager are not supported."
            _scans[key] = {"imageScanStatus": {"status": "FAILED", "description": told}}

    current.later("ecr", end)


def scanned(request: Request, groups: tuple[str, ...]) -> dict[str, str]:
    given = hooks.body_of(request)
    if set(given) != {"repository", "digest", "findings"} or not isinstance(given["findings"], dict):
        raise hooks.BadHook("an image scan takes repository, digest, and findings as {severity: count}")
    summary = {"imageScanCompletedAt": current.now(), "findingSeverityCounts": given["findings"]}
    _scans[given["repository"], given["digest"]] = {
        "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
        "imageScanFindingsSummary": summary,
    }
    return {"account": ACCOUNT_ID}
