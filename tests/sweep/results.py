"""What has been tried, one JSON line a case, appended as soon as it is known: an interrupted sweep goes on there."""

from __future__ import annotations

import json
import threading
import typing as t
from dataclasses import asdict, dataclass, field
from pathlib import Path

GREEN, RED = "green", "red"


@dataclass
class Result:
    case: str
    verdict: str
    problems: list[str] = field(default_factory=list)
    # What the run ended with, None where there was none.
    status: int | None = None
    seconds: float = 0.0


class Store:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, result: Result) -> None:
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as lines:
                # The line break in front ends a line that a crash cut off.
                lines.write("\n" + json.dumps(asdict(result)))

    def latest(self) -> dict[str, Result]:
        """The last result of each case; a line that was cut off by a crash is none."""
        found: dict[str, Result] = {}
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        for line in lines:
            try:
                result = Result(**json.loads(line))
            except (ValueError, TypeError):
                continue
            found[result.case] = result
        return found

    def green(self) -> set[str]:
        return {case for case, result in self.latest().items() if result.verdict == GREEN}


def summary(results: t.Iterable[Result]) -> str:
    """A table: how many cases of each playbook and kind ended how."""
    counts: dict[str, dict[str, int]] = {}
    for result in results:
        kind = ":".join(result.case.split(":")[:2])
        row = counts.setdefault(kind, dict.fromkeys((GREEN, RED), 0))
        row[result.verdict] += 1
    lines = [f"{'cases':20}{GREEN:>8}{RED:>8}"]
    for kind, row in sorted(counts.items()):
        lines.append(f"{kind:20}{row[GREEN]:>8}{row[RED]:>8}")
    return "\n".join(lines)
