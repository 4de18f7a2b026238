from __future__ import annotations

import csv
import io
import typing as t
from html.parser import HTMLParser

from ansible_collections.central.llm.plugins.module_utils._audit import figures, page
from hypothesis import given
from hypothesis import strategies as st

WHOLE = {"request_id": "1", "day": "2026-11-24", "user": "alice", "source": "t", "model": "tiny", "gateway_status": 200}
TOKENS = {"prompt_tokens": 10, "completion_tokens": 20}
DAY = "2026-11-25"
ITEMS = [
    {**WHOLE, **TOKENS, "outcome": "completed", "gateway_latency_ms": 100, "engine_first_byte_ms": 9},
    {"day": DAY, "user": "alice", "gateway_status": 200, "outcome": "failed", "gateway_latency_ms": 300},
    {"day": DAY, "user": "bob", "engine_status": 200, "outcome": "client_gone", "engine_total_ms": 200}
    | {"prompt_tokens": 5, "completion_tokens": 5},
    {"day": DAY, "gateway_status": 429, "gateway_latency_ms": 1},
]


def test_what_a_period_comes_to() -> None:
    found = figures.figures(ITEMS, "a", "b", 8.0)
    assert found["total"] == {
        "name": "all", "requests": 4, "refused": 1, "throttled": 1, "failed": 1, "unfinished": 1, "prompt_tokens": 15,
        "completion_tokens": 25, "latency_p50_ms": 100, "latency_p95_ms": 300, "latency_p99_ms": 300,
        "first_byte_p50_ms": 9, "first_byte_p95_ms": 9, "usd": 8.0,
    }  # fmt: skip
    assert [(row["name"], row["requests"], row["usd"]) for row in found["groups"]["user"]] == [
        ("alice", 2, 6.0),
        ("bob", 1, 2.0),
        (figures.UNKNOWN, 1, 0.0),
    ]
    assert [row["name"] for row in found["groups"]["day"]] == ["2026-11-24", "2026-11-25"]
    assert figures.figures(ITEMS, "a", "b", None)["total"]["usd"] is None
    assert figures.figures([], "a", "b", 1.0)["total"]["latency_p50_ms"] is None


counts = st.integers(min_value=0, max_value=10**6)
records = st.fixed_dictionaries(
    {"day": st.sampled_from(["2026-11-24", "2026-11-25"])},
    optional={
        "user": st.text(max_size=20),
        "prompt_tokens": counts,
        "gateway_status": st.sampled_from([200, 400, 503]),
    },
)


@given(st.lists(records, max_size=30))
def test_each_group_has_every_request_once(items: list[dict[str, t.Any]]) -> None:
    found = figures.figures(items, "a", "b", 1.0)
    for rows in found["groups"].values():
        for column in ("requests", "refused", "failed", "prompt_tokens"):
            assert sum(row[column] for row in rows) == found["total"][column]


@given(st.lists(counts, min_size=1, max_size=50), st.integers(min_value=1, max_value=100))
def test_a_percentile_is_a_measured_value_that_so_many_do_not_exceed(values: list[int], percent: int) -> None:
    found = figures.percentile(sorted(values), percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _value in attrs}

    handle_startendtag = handle_starttag


KNOWN = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "div", "b", "p", "svg", "g", "rect", "table"}
KNOWN |= {"tr", "th", "td"}


@given(st.text(max_size=40))
def test_a_name_is_never_markup_nor_a_formula(name: str) -> None:
    items = [{**ITEMS[0], "user": name, "source": f"<script>{name}", "model": f"=1+{name}", "day": name}]
    found = figures.figures(items, "a", "b", None)
    reader = Reader()
    reader.feed(page.html(found, {}))
    assert set(reader.tags) <= KNOWN
    assert not {each for each in reader.names if each.startswith("on") or each in ("src", "href")}
    for row in csv.reader(io.StringIO(page.comma_separated(found), newline="")):
        assert not row[1].startswith(("=", "+", "-", "@"))


def test_the_page_has_all_figures_and_fetches_nothing() -> None:
    text = page.html(figures.figures(ITEMS, "2026-11-24", "2026-11-26", 8.0), {"completeness_percent": 99.5})
    for words in ("By user", "By request type", "alice", "8.00", "99.5", "2026-11-25: 3 requests, 1 refused"):
        assert words in text
    assert "http://" not in text and "https://" not in text and "<script" not in text
