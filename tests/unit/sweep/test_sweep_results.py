"""What the sweep keeps between two runs of itself."""

from __future__ import annotations

from pathlib import Path

from tests.sweep.results import GREEN, RED, UNREACHED, Result, Store, summary


def test_the_last_result_of_a_case_counts(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "results.jsonl")
    assert store.latest() == {}
    store.add(Result("a", RED, ["why"], 2, 1.5))
    store.add(Result("b", GREEN))
    store.add(Result("a", GREEN))
    assert {name: result.verdict for name, result in store.latest().items()} == {"a": GREEN, "b": GREEN}


def test_what_is_green_or_cannot_be_reached_is_not_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    for case, verdict in (("a", GREEN), ("b", RED), ("c", UNREACHED)):
        store.add(Result(case, verdict))
    assert store.open_of(["a", "b", "c", "d"]) == ["b", "d"]


def test_only_a_state_that_a_run_has_finished_from_is_proven(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    store.add(Result("a", GREEN, state="one", recovered=True))
    store.add(Result("b", GREEN, state="two"))
    store.add(Result("c", RED, ["why"], state="three", recovered=True))
    assert store.proven() == {"one"}


def test_a_line_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    store = Store(path)
    store.add(Result("a", GREEN))
    with path.open("a", encoding="utf-8") as lines:
        lines.write('\n{"case": "b", "verd')
    assert list(store.latest()) == ["a"]
    store.add(Result("c", GREEN))
    assert set(store.latest()) == {"a", "c"}


def test_the_summary_counts_by_kind() -> None:
    table = summary([Result("up:x:denied", GREEN), Result("up:y:denied", RED), Result("up:y:lost", UNREACHED)])
    assert [line.split() for line in table.splitlines()] == [
        ["kind", "green", "red", "unreached"],
        ["denied", "1", "1", "0"],
        ["lost", "0", "0", "1"],
    ]
