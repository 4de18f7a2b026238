# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session was, once it has ended: how long, for how much, and what is left of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: session_receipt
version_added: 0.1.0
short_description: Make the receipt of a session
description:
  - Says when a session was, who ended it, how long each host ran, what that cost by its quote, what stays and what that
    costs per month. Pure arithmetic.
author:
  - The central.llm maintainers (@central-llm)
positional: _input
options:
  _input:
    description:
      - What is known of the session; C(started_at) and C(hosts), each with C(id), C(type) and C(launched_at), and what
        else it shall say. The prices of its C(quote) count.
    type: dict
    required: true
  ended_at:
    description:
      - When it ended, in ISO 8601.
    type: str
    required: true
  ended_by:
    description:
      - Who ended it.
    type: str
    required: true
  left:
    description:
      - What is left of it, as M(central.llm.session_zero_info) returns it.
    type: list
    elements: dict
    default: []
  remaining:
    description:
      - What stays by design, in the same shape.
    type: list
    elements: dict
    default: []
  prices:
    description:
      - Prices for a session without a quote.
    type: dict
    default: {}
  usage:
    description:
      - What each host uses besides, as P(central.llm.session_quote#filter) takes it.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Say what it cost
  ansible.builtin.debug:
    msg: "{{ (session | central.llm.session_receipt(now(utc=true).isoformat(), 'alice')).usd }}"
"""

RETURN = r"""
_value:
  description:
    - What is known of the session, and C(ended_at), C(ended_by), C(hours), C(hosts) with their C(hours), C(usd) and
      C(lines) (null without prices), C(remaining) with C(usd_per_month) (null where no price is known), and C(left).
  type: dict
"""

import datetime
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.session_quote import HOURS_OF_A_MONTH, session_quote

Facts = t.Mapping[str, t.Any]

_PRICED = {"network load balancer": "network_lb_hour", "elastic address": "public_ipv4_hour"}
# Shorter, and nobody can be told a price per hour.
_SHORTEST = 1 / 3600


def session_receipt(
    session: Facts,
    ended_at: str,
    ended_by: str,
    *,
    left: t.Sequence[Facts] = (),
    remaining: t.Sequence[Facts] = (),
    prices: Facts | None = None,
    usage: Facts | None = None,
) -> dict[str, t.Any]:
    quote = session.get("quote") or {}
    prices = quote.get("prices") or prices or {}
    hosts = [_ended(host, ended_at) for host in session.get("hosts") or []]
    hours = max(_hours(session["started_at"], ended_at), _SHORTEST)
    ran = [{"types": [host["type"]], "hours": host["hours"]} for host in hosts if host["hours"]]
    try:
        cost = session_quote(prices, ran, hours, **(usage or {}))
    except AnsibleFilterError:
        # A host of a type that nobody has quoted: no price is better than a wrong one.
        cost = {"usd": None, "usd_per_hour": None, "lines": []}
    return {
        **{name: value for name, value in session.items() if name != "quote"},
        "ended_at": ended_at,
        "ended_by": ended_by,
        "hours": round(hours, 4),
        "hosts": hosts,
        "usd": cost["usd"],
        "usd_per_hour": cost["usd_per_hour"],
        "lines": cost["lines"],
        "price_source": quote.get("source", ""),
        "remaining": [{**each, "usd_per_month": _per_month(each, prices)} for each in remaining],
        "left": list(left),
    }


def _ended(host: Facts, ended_at: str) -> dict[str, t.Any]:
    end = host.get("ended_at") or ended_at
    return {**host, "ended_at": end, "hours": round(max(0, _hours(host["launched_at"], end)), 4)}


def _hours(begin: str, end: str) -> float:
    try:
        first, last = map(_moment, (begin, end))
        return (last - first).total_seconds() / 3600
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"{begin!r} to {end!r} is no time from one moment to another: {error}") from error


def _moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _per_month(each: Facts, prices: Facts) -> float | None:
    price = prices.get(_PRICED.get(each["kind"], ""))
    return None if price is None else round(float(price) * HOURS_OF_A_MONTH, 2)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"session_receipt": session_receipt}
