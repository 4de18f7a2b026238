"""What a registry keeps: blobs and uploads as files, which nothing but their content names."""

from __future__ import annotations

import hashlib
import re
import shutil
import typing as t
import uuid
from pathlib import Path

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_CHUNK = 1 << 20


class Unknown(Exception):
    """There is no such blob or upload."""


class WrongDigest(Exception):
    """What was uploaded is not what its digest says."""


class Store:
    """Blobs are shared by all repositories, as ECR shares them within an account; who may see which, others know."""

    def __init__(self, folder: Path) -> None:
        self._blobs, self._uploads = folder / "blobs", folder / "uploads"

    def open_up(self) -> None:
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._uploads.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        for folder in (self._blobs, self._uploads):
            shutil.rmtree(folder, ignore_errors=True)
        self.open_up()

    def blob(self, digest: str) -> Path:
        found = _DIGEST.match(digest)
        path = self._blobs / found[1] if found else None
        if path is None or not path.is_file():
            raise Unknown(digest)
        return path

    def has(self, digest: str) -> bool:
        try:
            return self.blob(digest).is_file()
        except Unknown:
            return False

    def begin(self) -> str:
        name = uuid.uuid4().hex
        (self._uploads / name).touch()
        return name

    def append(self, upload: str, content: t.IO[bytes]) -> int:
        """How many bytes there are then."""
        path = self._upload(upload)
        with path.open("ab") as file:
            shutil.copyfileobj(content, file, _CHUNK)
        return path.stat().st_size

    def finish(self, upload: str, digest: str) -> None:
        path, wanted = self._upload(upload), _DIGEST.match(digest)
        with path.open("rb") as file:
            there = hashlib.file_digest(file, "sha256").hexdigest()
        if wanted is None or wanted[1] != there:
            path.unlink()
            raise WrongDigest(f"{digest}, and what came is sha256:{there}")
        path.replace(self._blobs / there)

    def _upload(self, name: str) -> Path:
        path = self._uploads / name
        if not re.fullmatch("[0-9a-f]{32}", name) or not path.is_file():
            raise Unknown(name)
        return path
