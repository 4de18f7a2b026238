from __future__ import annotations

import typing as t

from ansible_collections.central.llm.plugins.module_utils._ec2.template_versions import plan_versions, warnings_of
from hypothesis import given
from hypothesis import strategies as st


@st.composite
def templates(draw: t.Any) -> dict[str, t.Any]:
    versions = sorted(draw(st.sets(st.integers(1, 30), min_size=1)))
    return {"versions": versions, "latest_version": versions[-1], "default_version": draw(st.sampled_from(versions))}


@given(templates(), st.booleans(), st.sampled_from(["latest", "unchanged"]), st.none() | st.integers(1, 40))
def test_plan(before: dict[str, t.Any], new_version: bool, default: str, keep: int | None) -> None:
    change = plan_versions(before, new_version=new_version, default=default, keep=keep)
    assert change.latest == before["latest_version"] + new_version
    assert {change.latest, change.default} <= set(change.versions)
    assert change.default == (change.latest if default == "latest" else before["default_version"])
    assert not set(change.prune) & set(change.versions)
    assert set(change.prune) | set(change.versions) == {*before["versions"], change.latest}
    if keep is None:
        assert change.prune == []
    else:
        assert len(change.versions) <= max(keep, 1) + 1
        assert all(number < min(set(change.versions) - {change.default}, default=99) for number in change.prune)
    after = {"versions": change.versions, "latest_version": change.latest, "default_version": change.default}
    assert plan_versions(after, new_version=False, default=default, keep=keep).prune == []


def test_warnings() -> None:
    answer = {"Warning": {"Errors": [{"Code": "InvalidKeyPair.NotFound", "Message": "no such pair"}]}}
    assert warnings_of(answer) == ["InvalidKeyPair.NotFound: no such pair"]
    assert warnings_of({}) == []
