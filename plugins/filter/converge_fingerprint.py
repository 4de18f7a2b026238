# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fingerprint of everything that decides what a converging run does."""

from __future__ import annotations

DOCUMENTATION = r"""
name: converge_fingerprint
version_added: 0.1.0
short_description: Tell whether a converging run would ask for anything else than the last one
description:
  - Makes one hash of variables and of this collection's own code, defaults and templates. The same variables of the
    same collection have the same fingerprint, in whatever order they come.
  - Of values that are secret nothing can be read from it.
author:
  - The central.llm maintainers (@central-llm)
positional: _input
options:
  _input:
    description:
      - Variables and their values.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say the fingerprint
  ansible.builtin.debug:
    msg: "{{ {'llm_region': 'eu-central-1'} | central.llm.converge_fingerprint }}"
"""

RETURN = r"""
_value:
  description: The fingerprint, 64 hexadecimal digits.
  type: str
"""

import functools
import hashlib
import json
import typing as t
from pathlib import Path

from ansible.errors import AnsibleFilterError

_COLLECTION = Path(__file__).parents[2]
_FOLDERS = ("functions", "playbooks", "plugins", "roles")
_NO_CODE = (".md", ".pyc")


def converge_fingerprint(variables: t.Mapping[str, t.Any]) -> str:
    try:
        text = json.dumps(variables, sort_keys=True, ensure_ascii=False)
    except TypeError as error:
        raise AnsibleFilterError(f"Variables of a fingerprint are what JSON can hold: {error}") from error
    return hashlib.sha256(f"{_code(_COLLECTION)}\n{text}".encode()).hexdigest()


@functools.cache
def _code(root: Path) -> str:
    """Not the version: a checkout changes without it."""
    digest = hashlib.sha256()
    files = (path for folder in _FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    for path in sorted(path for path in files if path.suffix not in _NO_CODE):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"converge_fingerprint": converge_fingerprint}
