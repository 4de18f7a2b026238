"""What takes longest begins first, so that no processor is left without work at the end."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of roles run whole playbooks, each for as long as a hundred others."""
    items.sort(key=lambda item: "roles" not in item.path.parts)
