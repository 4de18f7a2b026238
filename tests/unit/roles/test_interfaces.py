"""A role's interface is two files that must agree, and every room has the same doors."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted((ROOT / "roles").iterdir())
ENTRY_POINTS = {"main", "preflight", "status", "verify", "absent"}
SHARED = {"llm_stack", "llm_region", "llm_account_id", "llm_tags"}


def load(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestRole:
    def test_defaults_and_argument_specs_have_the_same_keys(self, role: Path) -> None:
        defaults = set(load(role / "defaults/main.yml"))
        options = set(load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"])
        assert defaults - SHARED == options - SHARED

    def test_public_variables_carry_the_name_of_the_role(self, role: Path) -> None:
        public = set(load(role / "defaults/main.yml")) - SHARED
        assert {name for name in public if not name.startswith(f"{role.name}_")} == set()
        private = set(load(role / "vars/main.yml")) if (role / "vars/main.yml").exists() else set()
        assert {name for name in private if not name.startswith(f"_{role.name}_")} == set()

    def test_entry_points_are_documented_and_there(self, role: Path) -> None:
        specs = set(load(role / "meta/argument_specs.yml")["argument_specs"])
        # Rooms that hold what lasts also tell how it differs; a session is not converged.
        assert specs >= ENTRY_POINTS | (set() if role.name == "llm_session" else {"drift"})
        assert {name for name in specs if not (role / f"tasks/{name}.yml").exists()} == set()

    def test_every_option_is_described_with_its_type(self, role: Path) -> None:
        for entry_point in load(role / "meta/argument_specs.yml")["argument_specs"].values():
            for name, option in entry_point["options"].items():
                assert option["description"] and option["type"], name

    def test_the_readme_names_every_variable(self, role: Path) -> None:
        page = (role / "README.md").read_text()
        assert {name for name in set(load(role / "defaults/main.yml")) - SHARED if f"`{name}`" not in page} == set()


def test_a_name_is_made_up_by_one_role() -> None:
    """Another role that needs it asks for the option of the one first, which may have been given another value."""
    made_up: dict[str, set[str]] = {}
    for role in ROLES:
        for text in map(str, load(role / "defaults/main.yml").values()):
            if text.startswith("{{ llm_stack }}-"):
                made_up.setdefault(text, set()).add(role.name)
    assert {text: roles for text, roles in made_up.items() if len(roles) > 1} == {}


def test_the_action_group_names_every_module() -> None:
    group = load(ROOT / "meta/runtime.yml")["action_groups"]["aws"]
    modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
    assert group == modules


@pytest.mark.parametrize("inventory", ["local", "production"])
def test_inventories_set_only_variables_that_a_role_knows(inventory: str) -> None:
    known = SHARED | {"llm_reference_folder"}  # the status playbook's own
    for role in ROLES:
        known |= set(load(role / "defaults/main.yml"))
    given = set(load(ROOT / f"inventories/{inventory}/group_vars/all/main.yml"))
    assert given - known == set()
