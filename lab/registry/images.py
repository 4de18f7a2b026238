"""What the registry asks the control plane: repositories, images, and who may do what."""

from __future__ import annotations

import typing as t

from lab.context import LabContext
from lab.control import authorization
from lab.control.operations import backend
from lab.moto_gaps import ecr_registry
from lab.registry.app import Refused


class ControlPlaneImages:
    def __init__(self, ctx: LabContext) -> None:
        self._ctx = ctx

    def token_of(self, password: str) -> str | None:
        return ecr_registry.holder_of(password)

    def lacks(self, access_key: str, action: str) -> str:
        return authorization.lack_of(access_key, action)

    def has_repository(self, name: str) -> bool:
        return name in self._repositories()

    def put(self, name: str, reference: str, manifest: str, media_type: str, digest: str) -> None:
        tag = None if reference.startswith("sha256:") else reference
        repository = self._repositories()[name]
        there = self._image(name, reference)
        if there is not None and there.get_image_digest() == digest:
            # ECR takes the very same image again without a word.
            return
        if there is not None and repository.is_tag_immutable():
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
            raise Refused(
                400,
                "TAG_INVALID",
                f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because "
                "the tag is immutable.",
            )
        backend("ecr", self._ctx.region).put_image(name, manifest, tag, media_type, digest)
        ecr_registry.scan_later(repository, digest)
        self._ctx.generations.bump("ecr")

    def manifest(self, name: str, reference: str) -> tuple[str, str, str] | None:
        image = self._image(name, reference)
        if image is None:
            return None
        return image.get_image_manifest(), image.image_manifest_media_type, image.get_image_digest()

    def _image(self, name: str, reference: str) -> t.Any:
        images = self._repositories()[name].images
        return next((each for each in images if reference in (*each.image_tags, each.get_image_digest())), None)

    def _repositories(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = backend("ecr", self._ctx.region).repositories
        return found
