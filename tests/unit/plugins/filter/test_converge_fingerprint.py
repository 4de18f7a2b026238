from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter import converge_fingerprint as module
from hypothesis import given
from hypothesis import strategies as st

fingerprint = module.converge_fingerprint
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
VARIABLES = st.dictionaries(st.text(min_size=1), VALUES, max_size=5)


@given(VARIABLES)
def test_the_order_is_no_difference(variables: dict[str, t.Any]) -> None:
    assert fingerprint(variables) == fingerprint(dict(reversed(variables.items())))


@given(VARIABLES, VARIABLES)
def test_other_variables_have_another_one(one: dict[str, t.Any], other: dict[str, t.Any]) -> None:
    # Python takes True for 1, JSON does not.
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (fingerprint(one) == fingerprint(other)) == same


def test_other_code_has_another_one(tmp_path: Path) -> None:
    (tmp_path / "roles/x/defaults").mkdir(parents=True)
    path = tmp_path / "roles/x/defaults/main.yml"
    seen = set()
    for text in ("a: 1", "a: 2"):
        path.write_text(text)
        module._code.cache_clear()
        seen.add(module._code(tmp_path))
    path.rename(path.with_name("other.yml"))
    module._code.cache_clear()
    seen.add(module._code(tmp_path))
    (tmp_path / "roles/README.md").write_text("words")
    module._code.cache_clear()
    assert module._code(tmp_path) in seen and len(seen) == 3
    module._code.cache_clear()


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(AnsibleFilterError):
        fingerprint({"x": object()})
