"""Options of type bool are turned into one where an expression decides by them.

With `-e option=false` Ansible hands over the text 'false', which is true to Jinja: a role's argument_specs check the
text and leave it as it is. https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html
"""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
import yaml
from jinja2 import nodes
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).parents[3]
FILES = sorted(
    path
    for pattern in ("roles/*/tasks/*.yml", "roles/*/vars/*.yml", "roles/*/defaults/*.yml", "playbooks/*.yml")
    for path in ROOT.glob(pattern)
)
TEMPLATES = sorted(ROOT.glob("roles/*/templates/*.j2"))
ENVIRONMENT = NativeEnvironment()
# Their values are expressions without braces.
CONDITIONS = frozenset({"when", "that", "failed_when", "changed_when", "until"})


@functools.cache
def booleans() -> set[str]:
    found = set()
    for specs in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry_point in yaml.safe_load(specs.read_text())["argument_specs"].values():
            found |= {name for name, option in entry_point["options"].items() if option["type"] == "bool"}
    return found


def decisive(tree: nodes.Node) -> t.Iterator[nodes.Node]:
    """What expressions decide by: the operands of if, not, and, or."""
    for node in tree.find_all((nodes.CondExpr, nodes.If, nodes.Not, nodes.And, nodes.Or)):
        match node:
            case nodes.CondExpr() | nodes.If():
                yield node.test
            case nodes.Not():
                yield node.node
            case nodes.And() | nodes.Or():
                yield from (node.left, node.right)


def names_in(text: str, *, is_condition: bool) -> set[str]:
    """The names that a text decides by as they are, without a filter."""
    found = list(decisive(ENVIRONMENT.parse(f"{{% if ({text}) %}}{{% endif %}}" if is_condition else text)))
    return {node.name for node in found if isinstance(node, nodes.Name)}


def undecided(document: t.Any, *, is_condition: bool = False) -> set[str]:
    match document:
        case dict():
            return set().union(*(undecided(value, is_condition=key in CONDITIONS) for key, value in document.items()))
        case list():
            return set().union(*(undecided(value, is_condition=is_condition) for value in document))
        case str():
            return names_in(document, is_condition=is_condition and "{{" not in document)
        case _:
            return set()


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("path", [*FILES, *TEMPLATES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_decides(path: Path) -> None:
    content = path.read_text()
    document = content if path.suffix == ".j2" else yaml.safe_load(content)
    assert undecided(document) & booleans() == set()


@pytest.mark.parametrize("condition", ["option", "not option", "a == 1 and option", "[1] if option else []"])
def test_it_sees_what_decides(condition: str) -> None:
    assert undecided([{"when": condition}]) == {"option"}
    assert undecided([{"when": condition.replace("option", "(option | bool)")}]) == set()
