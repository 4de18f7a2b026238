"""What the bases are made from, and the tag that says so: the same content is the same tag, anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.engine.environment import digest as fingerprint

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parent
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Versions:
    base: str
    tag: str
    digest: str

    @classmethod
    def read(cls, path: Path = HERE / "versions.yml") -> Versions:
        found = yaml.safe_load(path.read_text())
        return cls(found["base"], found["tag"], found["digest"] or "")


def with_digest(text: str, digest: str) -> str:
    """The versions file with another digest, its comments as they were."""
    if not _DIGEST.match(digest):
        raise ValueError(f"{digest!r} is no digest of an image")
    return re.sub(r"(?m)^digest: .*$", f'digest: "{digest}"', text)


def base_content(folder: Path, requirements: Path, system: str) -> str:
    return fingerprint((folder / "Dockerfile").read_bytes(), requirements.read_bytes(), system.encode())


__all__ = (
    "HERE",
    "ROOT",
    "Versions",
    "base_content",
    "fingerprint",
    "with_digest",
)
