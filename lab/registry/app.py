"""ECR's registry as Docker sees it: the part of OCI's distribution API that pushing and pulling takes.

Repositories, images and who may do what are the control plane's; only blobs are kept here.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import typing as t

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from lab.registry.store import Store, Unknown, WrongDigest

_NAME = r"(?P<name>[a-z0-9][a-z0-9._/-]*)"
_LAYERS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
Handler = t.Callable[..., Response]


class Refused(Exception):
    """What the registry answers in the place of what was asked for."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Images(t.Protocol):
    """What the control plane knows."""

    def token_of(self, password: str) -> str | None: ...
    def lacks(self, access_key: str, action: str) -> str: ...
    def has_repository(self, name: str) -> bool: ...
    def put(self, name: str, reference: str, manifest: str, media_type: str, digest: str) -> None: ...
    def manifest(self, name: str, reference: str) -> tuple[str, str, str] | None: ...


class Registry:
    """A WSGI application."""

    def __init__(self, store: Store, images: Images) -> None:
        self._store, self._images = store, images
        self._routes: list[tuple[str, re.Pattern[str], Handler, tuple[str, ...]]] = [
            (method, re.compile(rf"/v2/{_NAME}/{rest}\Z"), handler, actions)
            for method, rest, handler, actions in (
                ("HEAD", r"blobs/(?P<digest>[^/]+)", self._look, ("ecr:BatchCheckLayerAvailability",)),
                ("GET", r"blobs/(?P<digest>[^/]+)", self._get_blob, _LAYERS),
                ("POST", r"blobs/uploads/?", self._begin, ("ecr:InitiateLayerUpload",)),
                ("PATCH", r"blobs/uploads/(?P<upload>[^/]+)", self._append, ("ecr:UploadLayerPart",)),
                ("PUT", r"blobs/uploads/(?P<upload>[^/]+)", self._finish, ("ecr:CompleteLayerUpload",)),
                ("PUT", r"manifests/(?P<reference>[^/]+)", self._put_manifest, ("ecr:PutImage",)),
                ("GET", r"manifests/(?P<reference>[^/]+)", self._get_manifest, ("ecr:BatchGetImage",)),
                ("HEAD", r"manifests/(?P<reference>[^/]+)", self._get_manifest, ("ecr:BatchGetImage",)),
            )
        ]

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> t.Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except Refused as refusal:
            body = json.dumps({"errors": [{"code": refusal.code, "message": str(refusal)}]})
            answer = Response(body, refusal.status, content_type="application/json")
            if refusal.status == 401:
                # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html#registry_auth_http
                answer.headers["WWW-Authenticate"] = f'Basic realm="{request.host_url}",service="ecr.amazonaws.com"'
        answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        caller = self._caller(request)
        if request.path.rstrip("/") == "/v2":
            return Response("{}", content_type="application/json")
        for method, pattern, handler, actions in self._routes:
            found = pattern.match(request.path)
            if found is None or method != request.method:
                continue
            for action in actions:
                lack = self._images.lacks(caller, action)
                if lack:
                    raise Refused(403, "DENIED", lack)
            groups = found.groupdict()
            name = groups.pop("name")
            if not self._images.has_repository(name):
                # https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
                message = f"The repository with name '{name}' does not exist in the registry"
                raise Refused(404, "NAME_UNKNOWN", message)
            return handler(request, name, **groups)
        raise Refused(404, "UNSUPPORTED", f"the lab's registry does not know {request.method} {request.path}")

    def _caller(self, request: Request) -> str:
        """The access key that was given the token."""
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            user = password = ""
        caller = self._images.token_of(password) if (scheme.lower(), user) == ("basic", "AWS") else None
        if caller is None:
            raise Refused(401, "UNAUTHORIZED", "no basic auth credentials, or ones that are over")
        return caller

    def _look(self, request: Request, name: str, digest: str) -> Response:
        try:
            size = self._store.blob(digest).stat().st_size
        except Unknown as which:
            raise Refused(404, "BLOB_UNKNOWN", f"there is no blob {which}") from None
        return Response(headers={"Content-Length": str(size), "Docker-Content-Digest": digest})

    def _get_blob(self, request: Request, name: str, digest: str) -> Response:
        try:
            path = self._store.blob(digest)
        except Unknown as which:
            raise Refused(404, "BLOB_UNKNOWN", f"there is no blob {which}") from None
        headers = {"Content-Length": str(path.stat().st_size), "Docker-Content-Digest": digest}
        pieces = wrap_file(request.environ, path.open("rb"), 1 << 20)
        return Response(pieces, headers=headers, content_type="application/octet-stream", direct_passthrough=True)

    def _begin(self, request: Request, name: str) -> Response:
        # A blob that another repository has may be mounted instead; whoever cannot is to upload it.
        return self._under_way(name, self._store.begin(), 0)

    def _append(self, request: Request, name: str, upload: str) -> Response:
        return self._under_way(name, upload, self._written(request, upload))

    def _finish(self, request: Request, name: str, upload: str) -> Response:
        digest = request.args.get("digest", "")
        self._written(request, upload)
        try:
            self._store.finish(upload, digest)
        except WrongDigest as wrong:
            raise Refused(400, "DIGEST_INVALID", f"the digest is {wrong}") from None
        headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        return Response(status=201, headers=headers)

    def _written(self, request: Request, upload: str) -> int:
        try:
            return self._store.append(upload, request.stream)
        except Unknown as which:
            raise Refused(404, "BLOB_UPLOAD_UNKNOWN", f"there is no upload {which}") from None

    def _under_way(self, name: str, upload: str, size: int) -> Response:
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return Response(status=202, headers=headers)

    def _put_manifest(self, request: Request, name: str, reference: str) -> Response:
        body = request.get_data()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        try:
            manifest = json.loads(body)
        except ValueError:
            raise Refused(400, "MANIFEST_INVALID", "the manifest is no JSON") from None
        for part in filter(None, [manifest.get("config"), *manifest.get("layers", [])]):
            if not self._store.has(part["digest"]):
                raise Refused(400, "MANIFEST_BLOB_UNKNOWN", f"there is no blob {part['digest']}")
        if reference.startswith("sha256:") and reference != digest:
            raise Refused(400, "DIGEST_INVALID", f"the digest is {reference}, and what came is {digest}")
        self._images.put(name, reference, body.decode(), request.content_type or manifest.get("mediaType", ""), digest)
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        return Response(status=201, headers=headers)

    def _get_manifest(self, request: Request, name: str, reference: str) -> Response:
        found = self._images.manifest(name, reference)
        if found is None:
            raise Refused(404, "MANIFEST_UNKNOWN", f"Requested image not found: {name} {reference}")
        text, media_type, digest = found
        return Response(text, content_type=media_type, headers={"Docker-Content-Digest": digest})


__all__ = ("Images", "Refused", "Registry")
