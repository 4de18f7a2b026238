"""What a role renders, without a run: its templates and variables as Ansible evaluates them."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[2]


def render(role: str, given: dict[str, t.Any]) -> str:
    """A `template` of the role, or one of its own variables (`variable`), with the `variables` set."""
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "roles" / role))
    known: dict[str, t.Any] = {}
    for folder in ("defaults", "vars"):
        path = ROOT / "roles" / role / folder / "main.yml"
        if path.exists():
            known |= loader.load_from_file(str(path), trusted_as_template=True) or {}
    templar = Templar(loader=loader, variables=known | given["variables"])
    if "variable" in given:
        return str(templar.template(trust_as_template(f"{{{{ {given['variable']} }}}}")))
    path = ROOT / "roles" / role / "templates" / given["template"]
    # What it includes lies beside it.
    templar = templar.copy_with_new_env(searchpath=[str(path.parent)])
    return str(templar.template(trust_as_template(path.read_text())))


__all__ = ("render",)
