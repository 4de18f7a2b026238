"""Options that are no text are turned into what they are where an expression decides or reckons by them.

With `-e option=false` Ansible hands over the text 'false', which is true to Jinja, and with `-e option=0` the text '0',
which is true, too, and no less than a number: a role's argument_specs check the text and leave it as it is.
https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html
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

Operands = t.Callable[[nodes.Node], t.Iterator[nodes.Node]]


@functools.cache
def options(*types: str) -> set[str]:
    found = set()
    for specs in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry_point in yaml.safe_load(specs.read_text())["argument_specs"].values():
            found |= {name for name, option in entry_point["options"].items() if option["type"] in types}
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


def reckoned(tree: nodes.Node) -> t.Iterator[nodes.Node]:
    """What expressions reckon by: what they decide by, compare with a number or order, and calculate with."""
    yield from decisive(tree)
    for node in tree.find_all((nodes.Compare, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv)):
        match node:
            case nodes.Compare(expr=first, ops=others):
                operands = [first, *(each.expr for each in others)]
                if any(each.op not in ("eq", "ne", "in", "notin") for each in others) or any(map(is_number, operands)):
                    yield from operands
            case nodes.BinExpr():
                yield from (node.left, node.right)


def is_number(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, int | float)


def names_in(text: str, operands: Operands, *, is_condition: bool) -> set[str]:
    """The names that a text decides or reckons by as they are, without a filter."""
    found = list(operands(ENVIRONMENT.parse(f"{{% if ({text}) %}}{{% endif %}}" if is_condition else text)))
    return {node.name for node in found if isinstance(node, nodes.Name)}


def as_they_are(document: t.Any, operands: Operands, *, is_condition: bool = False) -> set[str]:
    match document:
        case dict():
            return set().union(
                *(as_they_are(value, operands, is_condition=key in CONDITIONS) for key, value in document.items())
            )
        case list():
            return set().union(*(as_they_are(value, operands, is_condition=is_condition) for value in document))
        case str():
            return names_in(document, operands, is_condition=is_condition and "{{" not in document)
        case _:
            return set()


def content_of(path: Path) -> t.Any:
    return path.read_text() if path.suffix == ".j2" else yaml.safe_load(path.read_text())


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("path", [*FILES, *TEMPLATES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_decides(path: Path) -> None:
    content = content_of(path)
    assert as_they_are(content, decisive) & options("bool") == set()
    assert as_they_are(content, reckoned) & options("int", "float") == set()


@pytest.mark.parametrize("condition", ["option", "not option", "a == 1 and option", "[1] if option else []"])
def test_it_sees_what_decides(condition: str) -> None:
    assert as_they_are([{"when": condition}], decisive) == {"option"}
    assert as_they_are([{"when": condition.replace("option", "(option | bool)")}], decisive) == set()


@pytest.mark.parametrize(
    "condition", ["option", "a | int or option", "option < 1", "0 <= option <= 9", "option == 0", "a == 2 * option"]
)
def test_it_sees_what_is_reckoned_by(condition: str) -> None:
    assert as_they_are([{"when": condition}], reckoned) == {"option"}
    assert as_they_are([{"when": condition.replace("option", "(option | int)")}], reckoned) == set()
    assert as_they_are([{"when": "option != none and option in others"}], reckoned) == set()
