"""What `up` and `status` say about targets that are no hosts of the stack: one line, or nothing."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TEMPLATE = Path(__file__).parents[3] / "playbooks/templates/foreign.txt.j2"


def said(**variables: t.Any) -> str:
    templar = Templar(loader=DataLoader(), variables=variables)
    return str(templar.template(trust_as_template(TEMPLATE.read_text())) or "")


def test_one_line_names_them_all() -> None:
    why = "the instance is running and carries neither Name=host"
    foreign = [{"id": "i-1", "port": 8000, "reason": why}, {"id": "i-2", "port": 8000, "reason": why}]
    (line,) = said(llm_balancer_out={"foreign_targets": foreign}).splitlines()
    assert f"i-1:8000, {why}; i-2:8000, {why}." in line


def test_nothing_without_one() -> None:
    assert said() == said(llm_balancer_out={}) == said(llm_balancer_out={"foreign_targets": []}) == ""
