"""The bill of materials of an image, and what pip finds outdated."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spdx_tools.spdx.parser.parse_anything import parse_file

from image.make import contents

DIGEST = f"sha256:{'5' * 64}"
MADE = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
PARTS = [
    contents.Part("deb", "libc6", "2.36-9+deb12u10"),
    contents.Part("deb", "dbus", "1:1.14.10"),
    contents.Part("pypi", "Typing_Extensions", "4.15.0"),
    contents.Part("pypi", "torch", "2.13.0+cpu"),
]


def test_the_bill_is_valid_and_names_everything(tmp_path: Path) -> None:
    path = tmp_path / "sbom.spdx.json"
    contents.write(contents.document("central-llm/vllm:1", DIGEST, MADE, PARTS), path)
    read = json.loads(path.read_text())
    assert read["spdxVersion"] == "SPDX-2.3" and read["creationInfo"]["created"] == "2026-11-28T12:00:00Z"
    assert [package["name"] for package in read["packages"]][1:] == [part.name for part in PARTS]
    assert read["packages"][0]["versionInfo"] == DIGEST
    purls = [package["externalRefs"][0]["referenceLocator"] for package in read["packages"][1:]]
    assert purls == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10",
        "pkg:deb/debian/dbus@1%3A1.14.10",
        "pkg:pypi/typing-extensions@4.15.0",
        "pkg:pypi/torch@2.13.0%2Bcpu",
    ]


def test_of_the_same_image_it_is_the_same(tmp_path: Path) -> None:
    for name in ("one.spdx.json", "two.spdx.json"):
        contents.write(contents.document("i", DIGEST, MADE, PARTS), tmp_path / name)
    assert (tmp_path / "one.spdx.json").read_bytes() == (tmp_path / "two.spdx.json").read_bytes()


names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
versions = st.from_regex(r"[0-9][0-9A-Za-z.+~:-]{0,12}", fullmatch=True)


@given(st.lists(st.builds(contents.Part, st.sampled_from(["deb", "pypi"]), names, versions), unique=True, max_size=8))
def test_whatever_is_in_the_image_can_be_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, parts: list[contents.Part]
) -> None:
    path = tmp_path_factory.mktemp("bill") / "sbom.spdx.json"
    contents.write(contents.document("i", DIGEST, MADE, parts), path)
    read = parse_file(str(path))
    assert [(package.name, package.version) for package in read.packages][1:] == [part[1:] for part in parts]


def test_docker_tells_when_an_image_was_made() -> None:
    assert contents.created_at({"Created": "2026-11-28T12:00:00.123456789Z"}) == MADE


def test_pip_is_asked_what_is_outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in for pip, which shows that it is given what the image holds, and no more."""
    pip = tmp_path / "pip.py"
    pip.write_text(
        "import json, pathlib, sys\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--path') + 1])\n"
        "names = sorted(path.name for path in folder.iterdir())\n"
        "print(json.dumps([{'name': 'torch', 'version': '2.13.0', 'latest_version': ' '.join(names)}]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = contents.outdated(PARTS)
    assert found == [contents.Newer("torch", "2.13.0", "Typing_Extensions-4.15.0.dist-info torch-2.13.0+cpu.dist-info")]
