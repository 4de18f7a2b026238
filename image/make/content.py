"""What an image is made from, and the tag that says so: the same content is the same tag, anywhere.

The wheel of our package is byte-identical whenever it is built from the same sources, so that its bytes count too.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.engine.environment import digest as fingerprint

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parent
# Any moment would do: it is what every file of the wheel says, whenever it was built.
EPOCH = "1577836800"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class NotPinned(Exception):
    """The base image has no digest yet."""


@dataclass(frozen=True)
class Versions:
    base: str
    tag: str
    digest: str

    @classmethod
    def read(cls, path: Path = HERE / "versions.yml") -> Versions:
        found = yaml.safe_load(path.read_text())
        return cls(found["base"], found["tag"], found["digest"] or "")

    @property
    def pinned(self) -> str:
        if not _DIGEST.match(self.digest):
            raise NotPinned(f"{self.base}:{self.tag} has no digest in image/versions.yml: run `make image-pin`.")
        return f"{self.base}@{self.digest}"


def with_digest(text: str, digest: str) -> str:
    """The versions file with another digest, its comments as they were."""
    if not _DIGEST.match(digest):
        raise ValueError(f"{digest!r} is no digest of an image")
    return re.sub(r"(?m)^digest: .*$", f'digest: "{digest}"', text)


def build_wheel(into: Path) -> Path:
    """Built by the package's own backend, in a process of its own: it works in the folder of the sources."""
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.whl"):
        old.unlink()
    script = "import sys; from flit_core import buildapi; print(buildapi.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", script, str(into)],
        cwd=HERE,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return into / built.stdout.split()[-1]


def content_of(dockerfile: Path, base: str, wheel: Path) -> str:
    return fingerprint(dockerfile.read_bytes(), base.encode(), wheel.name.encode(), wheel.read_bytes())


def base_content(folder: Path, requirements: Path, system: str) -> str:
    return fingerprint((folder / "Dockerfile").read_bytes(), requirements.read_bytes(), system.encode())


__all__ = (
    "EPOCH",
    "HERE",
    "ROOT",
    "NotPinned",
    "Versions",
    "base_content",
    "build_wheel",
    "content_of",
    "fingerprint",
    "with_digest",
)
