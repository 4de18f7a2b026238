"""What the roles render, case by case: a folder holds what is set and what shall come out.

A case is about a template of the role, or about one of its own variables.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[3]
CASES = sorted(path.parent for path in (ROOT / "tests/golden/roles").glob("*/*/input.yml"))


def render(role: str, given: dict[str, t.Any]) -> str:
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "roles" / role))
    known: dict[str, t.Any] = {}
    for folder in ("defaults", "vars"):
        path = ROOT / "roles" / role / folder / "main.yml"
        if path.exists():
            known |= loader.load_from_file(str(path), trusted_as_template=True) or {}
    if "variable" in given:
        text = f"{{{{ {given['variable']} }}}}"
    else:
        text = (ROOT / "roles" / role / "templates" / given["template"]).read_text()
    return str(Templar(loader=loader, variables=known | given["variables"]).template(trust_as_template(text)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_renders_as_expected(case: Path) -> None:
    given = yaml.safe_load((case / "input.yml").read_text())
    rendered = render(case.parent.name, given)
    expected = next(case.glob("expected.*"))
    if expected.suffix == ".yml":
        assert yaml.safe_load(rendered) == yaml.safe_load(expected.read_text())
    else:
        assert rendered.strip() == expected.read_text().strip()


def test_there_are_cases() -> None:
    assert len(CASES) >= 5
