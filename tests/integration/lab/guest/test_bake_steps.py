"""Steps of what makes a host image, as the role renders them and a host runs them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from lab.guest import disk
from tests.tools.role_template import render

REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def step(name: str, image: str, **variables: t.Any) -> str:
    given = {"llm_ami_engine": {"image": image}, **variables}
    return render("llm_ami", {"template": f"steps/{name}.sh.j2", "variables": given})


@pytest.fixture
def stub(lab: t.Any) -> str:
    """What is in each registry of the lab."""
    return f"lab/stub@{disk.registry(Path(lab.home))['images']['lab/stub']['digest']}"


@pytest.mark.parametrize(
    "registry",
    [
        REGISTRY,
        "210987654321.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
    ],
)
def test_a_host_logs_in_where_the_registry_is(world: t.Any, stub: str, registry: str) -> None:
    host = world.host()
    assert world.said(host, step("20-image", f"{registry}/{stub}")).endswith("central-llm: changed")
    assert world.said(host, step("20-image", f"{registry}/{stub}")) == "The image is there."


@pytest.mark.parametrize("registry", ["quay.io", f"{REGISTRY}.example.com"])
def test_nobody_else_gets_the_password(world: t.Any, stub: str, registry: str) -> None:
    host = world.host()
    world.said(host, "printf '#!/bin/sh\\nexit 1\\n' >/usr/local/bin/aws")
    assert world.said(host, step("20-image", f"{registry}/{stub}")).endswith("central-llm: changed")


def test_a_host_without_the_cli_gets_it_where_it_is_needed(world: t.Any, lab: t.Any, stub: str) -> None:
    host, image, home = world.host(), f"{REGISTRY}/{stub}", Path(lab.home)
    file = {"path": "/opt/model", "sha256": "0" * 64}
    world.said(host, "rm /usr/local/bin/aws; echo a model >/opt/other")
    assert world.said(host, step("20-image", f"quay.io/{stub}")).endswith("changed")
    disk.world(home / "disks" / host, 1, disk.registry(home, answers=False))
    for source, said in (("file:///opt/other", "has the checksum"), ("s3://weights/model", "has no AWS CLI")):
        ended = world.run(host, step("30-files", image, llm_ami_files=[{**file, "source": source}]))
        assert ended.code == 1 and said in ended.errors, ended
    ended = world.run(host, step("20-image", image))
    assert ended.code == 1 and "awscli-2 could not be installed" in ended.errors
    disk.world(home / "disks" / host, 1, disk.registry(home))
    assert world.said(host, step("20-image", image)).endswith("changed")
    # Of S3 the lab's CLI knows nothing.
    world.said(host, "rm /usr/local/bin/aws")
    ended = world.run(host, step("30-files", image, llm_ami_files=[{**file, "source": "s3://weights/model"}]))
    assert "no aws s3 cp" in ended.errors and "s3://weights/model could not be fetched" in ended.errors


def test_nothing_of_the_host_remains(world: t.Any, stub: str) -> None:
    host = world.host()
    world.said(host, "mkdir -p /var/lib/dbus; cp /etc/machine-id /var/lib/dbus/machine-id")
    assert world.said(host, step("90-clean", f"{REGISTRY}/{stub}")) == "central-llm: changed"
    assert world.said(host, "cat /etc/machine-id; ls -A /var/lib/dbus; ls -A /var/lib/cloud") == ""
