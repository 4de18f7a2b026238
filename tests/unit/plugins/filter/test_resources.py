from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.resources import differences, resources
from hypothesis import given
from hypothesis import strategies as st

# An option that is not set may be left out or null: neither differs from the other.
LEAVES = st.booleans() | st.integers() | st.text()
TREES = st.recursive(LEAVES | st.lists(LEAVES), lambda inner: st.dictionaries(st.text(min_size=1), inner))


def looked(result: dict[str, t.Any], kind: str = "log_group", name: t.Any = "/ecs/x") -> list[dict[str, t.Any]]:
    return resources([{"kind": kind, "name": name, "result": result}])


class TestResources:
    def test_as_wanted(self) -> None:
        group = {"arn": "arn:aws:logs:x", "name": "/ecs/x"}
        assert looked({"changed": False, "log_group": group, "diff": {"before": group, "after": group}}) == [
            {"kind": "log_group", "name": "/ecs/x", "id": "arn:aws:logs:x", "state": "as wanted", "drift": []}
        ]

    def test_missing(self) -> None:
        result = {"changed": True, "log_group": {"name": "/ecs/x"}, "diff": {"before": {}, "after": {"name": "/ecs/x"}}}
        assert looked(result)[0] | {} == {
            "kind": "log_group",
            "name": "/ecs/x",
            "id": "",
            "state": "missing",
            "drift": [],
        }

    def test_differs(self) -> None:
        diff = {
            "before": {"days": 7, "tags": {"a": "1", "b": "2"}},
            "after": {"days": 30, "tags": {"a": "1", "b": "3"}},
        }
        (entry,) = looked({"changed": True, "log_group": {"id": "l-1", "arn": "arn"}, "diff": diff})
        assert (entry["state"], entry["id"]) == ("differs", "l-1")
        assert entry["drift"] == [
            {"option": "days", "is": 7, "wanted": 30},
            {"option": "tags.b", "is": "2", "wanted": "3"},
        ]

    @pytest.mark.parametrize("result", [{}, {"skipped": True, "changed": False}])
    def test_unknown_where_it_was_not_looked_at(self, result: dict[str, t.Any]) -> None:
        assert looked(result)[0]["state"] == "unknown"

    def test_a_flat_result_is_its_own_resource(self) -> None:
        assert looked({"changed": False, "group_id": "sg-1"}, kind="security_group")[0]["id"] == "sg-1"

    def test_a_resource_may_stand_under_another_word(self) -> None:
        beside = {"invocation": {"id": "no"}, "item": {"id": "no"}, "diff": {"before": {"id": "no"}, "id": "no"}}
        (entry,) = looked({"changed": False, "role": {"arn": "arn:aws:iam::1:role/x"}, **beside}, kind="iam_role")
        assert entry["id"] == "arn:aws:iam::1:role/x"
        assert looked({"changed": False, **beside}, kind="iam_role")[0]["id"] == ""

    def test_what_bears_the_kinds_name_comes_first(self) -> None:
        result = {"changed": False, "gateway_id": "igw-1", "other": {"id": "o-1"}, "log_group": {"id": "l-1"}}
        assert looked(result)[0]["id"] == "l-1"
        assert looked({**result, "log_group": {}})[0]["id"] == "igw-1"

    def test_a_diff_may_be_a_list(self) -> None:
        diff = [{"before": {"rules": [1]}, "after": {"rules": [2]}}]
        assert looked({"changed": True, "diff": diff})[0]["drift"] == [{"option": "rules", "is": [1], "wanted": [2]}]

    def test_a_loop_has_a_name_for_each_result(self) -> None:
        results = {"results": [{"changed": False}, {"changed": True, "diff": {"before": "", "after": "x"}}]}
        assert [(e["name"], e["state"]) for e in looked(results, name=["a", "b"])] == [
            ("a", "as wanted"),
            ("b", "missing"),
        ]

    def test_names_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(AnsibleFilterError, match="2 names"):
            looked({"results": [{"changed": False}]}, name=["a", "b"])

    @pytest.mark.parametrize("wrong", ["text", [{"kind": "x", "name": "y"}]])
    def test_what_is_no_list_of_looks_is_refused(self, wrong: t.Any) -> None:
        with pytest.raises(AnsibleFilterError):
            resources(wrong)


class TestDifferences:
    @given(TREES)
    def test_none_between_equals(self, tree: t.Any) -> None:
        assert differences(tree, tree) == []

    @given(TREES, TREES)
    def test_some_between_others_and_each_of_them_real(self, one: t.Any, other: t.Any) -> None:
        found = differences(one, other)
        assert bool(found) == (one != other)
        assert all(each["is"] != each["wanted"] for each in found)
