"""What the roles render, case by case: a folder holds what is set and what shall come out.

A case is about a template of the role, or about one of its own variables.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.tools.role_template import render

ROOT = Path(__file__).parents[3]
CASES = sorted(path.parent for path in (ROOT / "tests/golden/roles").glob("*/*/input.yml"))


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
