from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from ansible_collections.central.llm.plugins.module_utils._lambda.package import build, files_of, sha256
from hypothesis import given
from hypothesis import strategies as st

files = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.py", fullmatch=True), st.binary(max_size=64), min_size=1
)


@given(files)
def test_the_same_files_give_the_same_bytes_in_any_order(contents: dict[str, bytes]) -> None:
    forwards = build(contents.items())
    assert forwards == build(reversed(contents.items()))
    with zipfile.ZipFile(io.BytesIO(forwards)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents


@given(files, st.binary(min_size=1, max_size=8))
def test_other_content_is_another_hash(contents: dict[str, bytes], more: bytes) -> None:
    name = next(iter(contents))
    changed = {**contents, name: contents[name] + more}
    assert sha256(build(contents.items())) != sha256(build(changed.items()))


def test_a_folder_is_packed_without_what_is_no_code(tmp_path: Path) -> None:
    for name in ("handler.py", "deep/core.py", "__pycache__/core.pyc", ".git/config", "deep/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    os.utime(tmp_path / "handler.py", (0, 0))
    assert dict(files_of(str(tmp_path))) == {"deep/core.py": b"deep/core.py", "handler.py": b"handler.py"}
