"""What the sweep keeps between two runs of itself."""

from __future__ import annotations

from pathlib import Path

from tests.sweep.cases import Chain
from tests.sweep.results import GREEN, RED, Result, Store, summary
from tests.sweep.stack import Stack
from tests.sweep.sweep import Recording, Sweep, Trial


def test_the_last_result_of_a_case_counts(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "results.jsonl")
    assert store.latest() == {}
    store.add(Result("a", RED, ["why"], 2, 1.5))
    store.add(Result("b", GREEN))
    store.add(Result("a", GREEN))
    assert {name: result.verdict for name, result in store.latest().items()} == {"a": GREEN, "b": GREEN}


def test_what_is_red_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    for case, verdict in (("up:denied:a~0#1", GREEN), ("up:denied:b~0#1", RED), ("down:denied:c~0#1", GREEN)):
        store.add(Result(case, verdict))
    assert store.green() == {"up:denied:a~0#1", "down:denied:c~0#1"}


def test_a_chain_spares_what_any_part_of_it_has_struck(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    tried = {"up:denied:a~0#1", "up:denied", "up:denied-on:b~0#1", "down:denied:c~0#1"}
    todo = Sweep(Recording({}, {}), store, tmp_path, lambda _: None, tried=tried)
    todo.note("up:denied:d~0#1", 0.0, Trial(Stack(tmp_path), ["why"]), 2)
    assert sorted(todo.spare(Chain("up", "denied", 2, 2))) == ["a~0#1", "d~0#1"]
    assert store.green() == set()


def test_a_line_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    store = Store(path)
    store.add(Result("a", GREEN))
    with path.open("a", encoding="utf-8") as lines:
        lines.write('\n{"case": "b", "verd')
    assert list(store.latest()) == ["a"]
    store.add(Result("c", GREEN))
    assert set(store.latest()) == {"a", "c"}


def test_the_summary_counts_by_playbook_and_kind() -> None:
    table = summary([Result("up:denied:x~0#1", GREEN), Result("up:denied:y~0#1", RED), Result("down:lost", GREEN)])
    assert [line.split() for line in table.splitlines()] == [
        ["cases", "green", "red"],
        ["down:lost", "1", "0"],
        ["up:denied", "1", "1"],
    ]
