"""The report as somebody sees it who opens the file: in a real browser, and without a network."""

from __future__ import annotations

import csv
import io
import re
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible_collections.central.llm.plugins.module_utils._audit import figures, page

from . import chromium

BLUE, ORANGE, WHITE = (0x3B, 0x6F, 0xB6), (0xD9, 0x82, 0x2B), (255, 255, 255)
HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">",
    "'\"><svg/onload=document.title='owned'>",
    '=HYPERLINK("http://127.0.0.1:9")',
    "</table><h1>owned</h1>",
]
RECONCILED = {"completeness_percent": 100.0}


def item(day: str, user: str, status: int = 200, prompt: int = 10, completion: int = 5) -> dict[str, t.Any]:
    return {
        "day": day,
        "user": user,
        "source": "tests",
        "request_type": "chat",
        "key_id": "abc",
        "model": "tiny",
        "gateway_status": status,
        "gateway_latency_ms": 120,
        "engine_first_byte_ms": 30,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
    }


ITEMS = [
    *(item("2026-11-24", "alice") for _number in range(40)),
    *(item("2026-11-25", "bob", prompt=3) for _number in range(20)),
    *(item("2026-11-25", "bob", status=429, prompt=0, completion=0) for _number in range(10)),
    *(item("2026-11-25", name) for name in HOSTILE),
]
FIGURES = figures.figures(ITEMS, "2026-11-24T00:00:00Z", "2026-11-26T00:00:00Z", 12.5)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not chromium.is_there():
        pytest.skip("there is no chromium")
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page.html(FIGURES, RECONCILED), encoding="utf-8")
    return path


class Seen(HTMLParser):
    """Cells of the tables, row by row, and which elements there are."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.elements: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, _attributes: t.Any) -> None:
        self.elements.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def test_it_shows_what_the_table_of_values_says_and_asks_for_nothing(report: Path, tmp_path: Path) -> None:
    dumped, asked = chromium.document(tmp_path, report)
    assert asked == set()
    seen = Seen()
    seen.feed(dumped)
    shown = {row[0].strip(): row[1:] for row in seen.rows if row}
    rows = list(csv.DictReader(io.StringIO(page.comma_separated(FIGURES))))
    users = [row for row in rows if row["group"] == "user"]
    assert len(users) == 2 + len(HOSTILE)
    for row in users:
        cells = shown[row["name"].removeprefix("'") if row["name"].startswith("'=") else row["name"]]
        wanted = [row[name] or "\N{EN DASH}" for name in figures.COLUMNS]
        assert [cell.replace(",", "").strip() for cell in cells] == wanted, row["name"]


def test_a_page_that_asks_for_something_would_be_noticed(report: Path, tmp_path: Path) -> None:
    page_with_picture = tmp_path / "asking.html"
    page_with_picture.write_text(f"<!doctype html><title>x</title>{HOSTILE[1]}", encoding="utf-8")
    dumped, asked = chromium.document(tmp_path, page_with_picture)
    assert asked == {"http://127.0.0.1:9/x"}
    assert "<title>owned</title>" in dumped


def test_a_name_that_would_be_markup_is_a_name(report: Path, tmp_path: Path) -> None:
    dumped, _asked = chromium.document(tmp_path, report)
    seen = Seen()
    seen.feed(dumped)
    assert not {"script", "img"} & set(seen.elements)
    assert seen.elements.count("h1") == 1 and "<title>Audit from" in dumped
    assert not re.search(r"<title>owned", dumped)


def test_the_charts_are_drawn(report: Path, tmp_path: Path) -> None:
    seen = chromium.colours(tmp_path, report, 1000, 1400)
    # Two days of bars, of which one has refusals; a third of its requests.
    assert seen[BLUE] > 10_000, seen.most_common(5)
    assert 500 < seen[ORANGE] < seen[BLUE], seen.most_common(5)
    # Below them the tables' bars, as wide as a name needs to be read.
    assert chromium.colours(tmp_path, report, 1000, 1400, below=520)[BLUE] > 1500
    # And a page without a request has none.
    empty = tmp_path / "empty.html"
    empty.write_text(page.html(figures.figures([], "a", "b", None), RECONCILED), encoding="utf-8")
    assert ORANGE not in chromium.colours(tmp_path, empty, 1000, 1400)
