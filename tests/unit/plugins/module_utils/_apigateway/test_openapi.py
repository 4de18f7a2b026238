"""OpenAPI documents as the state that API Gateway makes of them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.central.llm.plugins.module_utils._apigateway import openapi
from ansible_collections.central.llm.plugins.module_utils._apigateway.openapi_check import check

GOLDEN = next(parent for parent in Path(__file__).parents if parent.name == "tests") / "golden" / "openapi"
CASES = sorted(case.name for case in GOLDEN.iterdir())


def read(case: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    document = yaml.safe_load((GOLDEN / case / "document.yml").read_text())
    return document, json.loads((GOLDEN / case / "expected.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    document, expected = read(case)
    assert openapi.expected_state(document) == expected


@pytest.mark.parametrize("case", CASES)
def test_golden_documents_are_well_formed(case: str) -> None:
    assert check(read(case)[0]).problems == []


def test_references_that_lead_nowhere_or_in_circles_are_nothing() -> None:
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "with/slash": {"x": 1}}
    assert openapi.resolve(document, {"$ref": "#/a"}) is None
    assert openapi.resolve(document, {"$ref": "#/missing/part"}) is None
    assert openapi.resolve(document, {"$ref": "other.yml#/a"}) is None
    assert openapi.resolve(document, {"$ref": "#/with~1slash"}) == {"x": 1}
