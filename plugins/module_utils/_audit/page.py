# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The report as one page of HTML that needs nothing else, and as a table of comma-separated values. Pure.

Names are what clients wrote: nothing of them may become markup, or a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import typing as t
from html import escape

from .figures import COLUMNS

Row = t.Mapping[str, t.Any]

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1d2733;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%}th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #e3e8ee}
th:first-child,td:first-child{text-align:left;min-width:14rem;max-width:22rem;overflow-wrap:anywhere}
th{font-weight:600;font-size:.8rem;color:#52606d}
.wide{overflow-x:auto}
.cards{display:flex;flex-wrap:wrap;gap:1rem}.card{border:1px solid #e3e8ee;border-radius:.5rem;padding:.6rem 1rem}
.card b{display:block;font-size:1.3rem}svg{width:100%;height:9rem}rect{fill:#3b6fb6}rect.refused{fill:#d9822b}
.bar{background:#3b6fb6;height:.35rem;border-radius:.2rem}
@media(prefers-color-scheme:dark){body{color:#dfe6ee;background:#14191f}th,td,.card{border-color:#2b3540}th{color:#9fb0c0}}
"""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def html(figures: Row, reconciliation: Row) -> str:
    title = f"Audit from {figures['from']} to {figures['to']}"
    shown = [name for name in COLUMNS if name != "usd" or figures["total"]["usd"] is not None]
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        # Nothing is fetched and nothing runs, whatever a name says.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        _cards(figures["total"], reconciliation),
        "<h2>Requests by day</h2>",
        _chart(figures["groups"]["day"]),
    ]
    parts += [_table(name, rows, shown) for name, rows in figures["groups"].items()]
    return "\n".join([*parts, "</body></html>", ""])


def _cards(total: Row, reconciliation: Row) -> str:
    cards = {
        "requests": total["requests"],
        "refused": total["refused"],
        "failed": total["failed"],
        "prompt tokens": total["prompt_tokens"],
        "completion tokens": total["completion_tokens"],
        "median latency, ms": total["latency_p50_ms"],
    }
    if total["usd"] is not None:
        cards["US dollars"] = f"{total['usd']:.2f}"
    if reconciliation:
        cards["of the logs' lines recorded, %"] = reconciliation["completeness_percent"]
    shown = (f'<div class="card"><b>{_shown(value)}</b>{escape(name)}</div>' for name, value in cards.items())
    return f'<div class="cards">{"".join(shown)}</div>'


def _chart(days: t.Sequence[Row]) -> str:
    most = max((day["requests"] for day in days), default=0)
    if not most:
        return "<p>There were none.</p>"
    width = 100 / len(days)
    bars = []
    for number, day in enumerate(days):
        words = f"{day['name']}: {day['requests']} requests, {day['refused']} refused"
        bars.append(f"<g><title>{escape(words)}</title>")
        for kind, count in (("", day["requests"]), ("refused", day["refused"])):
            height = 100 * count / most
            bars.append(
                f'<rect class="{kind}" x="{number * width + width * 0.1:.3f}" y="{100 - height:.3f}" '
                f'width="{width * 0.8:.3f}" height="{height:.3f}"/>'
            )
        bars.append("</g>")
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img">{"".join(bars)}</svg>'


def _table(name: str, rows: t.Sequence[Row], shown: t.Sequence[str]) -> str:
    most = max((row["requests"] for row in rows), default=0) or 1
    heads = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in shown)
    lines = []
    for row in rows:
        share = f'<div class="bar" style="width:{100 * row["requests"] / most:.1f}%"></div>'
        cells = "".join(f"<td>{_shown(row[column])}</td>" for column in shown)
        lines.append(f"<tr><td>{escape(str(row['name']))}{share}</td>{cells}</tr>")
    return (
        f'<h2>By {escape(name)}</h2>\n<div class="wide"><table><tr><th>{escape(name)}</th>{heads}</tr>\n'
        + "\n".join(lines)
        + "</table></div>"
    )


def _shown(value: t.Any) -> str:
    if value is None:
        return "&ndash;"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def comma_separated(figures: Row) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["group", "name", *COLUMNS])
    for group, rows in {"all": [figures["total"]], **figures["groups"]}.items():
        for row in rows:
            name = str(row["name"])
            writer.writerow(
                [group, f"'{name}" if name.startswith(_FORMULA) else name, *(row[each] for each in COLUMNS)]
            )
    return written.getvalue()


__all__ = ("comma_separated", "html")
