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
