"""What an image holds, as a bill of materials in SPDX, and which of its Python packages are not the newest ones.

It is asked of the image itself: whatever the Dockerfile says, this is what is there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import typing as t
from datetime import UTC, datetime
from pathlib import Path

from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.json.json_writer import write_document_to_file

from . import docker

# Runs in the image, with whatever Python it has.
LOOK = """
import importlib.metadata, json, subprocess
found = [["pypi", d.metadata["Name"], d.version] for d in importlib.metadata.distributions() if d.metadata["Name"]]
try:
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"], capture_output=True, text=True)
    found += [["deb", *line.split(" ")] for line in listed.stdout.splitlines()]
except FileNotFoundError:
    pass
print(json.dumps(found))
"""


class Part(t.NamedTuple):
    kind: str
    name: str
    version: str

    @property
    def purl(self) -> str:
        """https://github.com/package-url/purl-spec"""
        if self.kind == "deb":
            return f"pkg:deb/debian/{self.name}@{self.version.replace(':', '%3A').replace('+', '%2B')}"
        # Names on the index are compared in this form: https://packaging.python.org/en/latest/specifications/name-normalization/
        return f"pkg:pypi/{re.sub('[-_.]+', '-', self.name).lower()}@{self.version.replace('+', '%2B')}"


class Newer(t.NamedTuple):
    name: str
    version: str
    latest: str


def look(image: str) -> list[Part]:
    """Its packages of Python and of Debian."""
    said = docker.run("run", "--rm", "--network", "none", "--entrypoint", "python3", image, "-c", LOOK)
    return sorted({Part(*each) for each in json.loads(said)})


def document(image: str, digest: str, created: datetime, parts: t.Sequence[Part]) -> Document:
    """The bill of materials; of the same image always the same one. Pure."""
    whole = "SPDXRef-image"
    packages = [Package(whole, image, SpdxNoAssertion(), version=digest)]
    relationships = [Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, whole)]
    for number, part in enumerate(parts, 1):
        identifier = f"SPDXRef-{part.kind}-{number}"
        reference = ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", part.purl)
        packages.append(
            Package(identifier, part.name, SpdxNoAssertion(), version=part.version, external_references=[reference])
        )
        relationships.append(Relationship(whole, RelationshipType.CONTAINS, identifier))
    information = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id="SPDXRef-DOCUMENT",
        name=image,
        data_license="CC0-1.0",
        document_namespace=f"https://spdx.org/spdxdocs/central-llm-{digest.replace(':', '-')}",
        creators=[Actor(ActorType.TOOL, "central.llm")],
        created=created,
    )
    return Document(information, packages, relationships=relationships)


def write(found: Document, path: Path) -> None:
    """As JSON, once it is what the specification asks for."""
    wrong = validate_full_spdx_document(found)
    if wrong:
        raise ValueError("; ".join(message.validation_message for message in wrong[:5]))
    write_document_to_file(found, str(path), validate=False)


def outdated(parts: t.Iterable[Part]) -> list[Newer]:
    """What pip finds newer, on the index that it is configured with."""
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            if part.kind == "pypi":
                described = Path(folder) / f"{part.name.replace('-', '_')}-{part.version}.dist-info"
                described.mkdir(exist_ok=True)
                text = f"Metadata-Version: 2.1\nName: {part.name}\nVersion: {part.version}\n"
                (described / "METADATA").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "list", "--outdated", "--path", folder, "--format", "json"]
        asked = subprocess.run([*command, "--disable-pip-version-check"], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise docker.Failed(f"pip could not say what is outdated: {asked.stderr.strip()[-500:]}")
    listed = json.loads(asked.stdout)
    return sorted(Newer(each["name"], each["version"], each["latest_version"]) for each in listed)


def created_at(inspected: t.Mapping[str, t.Any]) -> datetime:
    """When Docker says that the image was made; SPDX takes whole seconds."""
    return datetime.fromisoformat(inspected["Created"][:19]).replace(tzinfo=UTC)


def report(image: str, into: Path) -> dict[str, t.Any]:
    """Both files beside the image's report; in few words."""
    inspected = docker.look_at(image)
    parts = look(image)
    write(document(image, inspected["Id"], created_at(inspected), parts), into / "sbom.spdx.json")
    newer = outdated(parts)
    lines = [f"{each.name} {each.version} (newest {each.latest})" for each in newer]
    (into / "outdated.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return {"packages": len(parts), "outdated": len(newer)}


__all__ = ("Newer", "Part", "created_at", "document", "look", "outdated", "report", "write")
