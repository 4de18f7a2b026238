# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long a session's phases usually take, by what earlier ones took."""

from __future__ import annotations

DOCUMENTATION = r"""
name: session_times
version_added: 0.1.0
short_description: Tell how long a session's phases usually take
description:
  - Takes the median of what each phase took in earlier sessions. One slow start does not spoil it.
author:
  - The central.llm maintainers (@central-llm)
positional: _input
options:
  _input:
    description:
      - Earlier sessions, each a dictionary whose C(phases) are the seconds of each phase. Those without are passed
        over.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Say how long the agents usually take
  ansible.builtin.debug:
    msg: "{{ [{'phases': {'agents': 58}}, {'phases': {'agents': 64}}] | central.llm.session_times }}"
  # agents: 61
"""

RETURN = r"""
_value:
  description: Seconds of each phase that any session has had.
  type: dict
"""

import statistics
import typing as t


def session_times(sessions: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, int]:
    taken: dict[str, list[float]] = {}
    for session in sessions:
        for phase, seconds in (session.get("phases") or {}).items():
            taken.setdefault(phase, []).append(float(seconds))
    return {phase: round(statistics.median(seconds)) for phase, seconds in taken.items()}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"session_times": session_times}
