# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""A function's package, built so that the same files give the same bytes, on any machine and at any time."""

from __future__ import annotations

import base64
import hashlib
import io
import typing as t
import zipfile
from pathlib import Path

# The oldest date that a zip archive can hold; the files' own would make every build another one.
_DATE = (1980, 1, 1, 0, 0, 0)
# What Python and desktops leave behind.
_IGNORED = ("__pycache__", ".pyc")


def files_of(folder: str) -> t.Iterator[tuple[str, bytes]]:
    """The files below a folder by their path in the package, sorted."""
    root = Path(folder)
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not any(name.startswith(".") or name.endswith(_IGNORED) for name in inside.parts):
            yield inside.as_posix(), path.read_bytes()


def build(files: t.Iterable[tuple[str, bytes]]) -> bytes:
    """The archive. Files are stored as they are: what a compressor makes of them depends on its version."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in sorted(files):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def sha256(package: bytes) -> str:
    """As Lambda tells it of the code that it has."""
    return base64.b64encode(hashlib.sha256(package).digest()).decode()


__all__ = ("build", "files_of", "sha256")
