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
  seen:
    description:
      - The instances that no other receipt accounts for, as M(central.llm.instance_info) returns them, looked at before
        they were ended. One that was gone already ended when AWS says so, or else, at the latest, when its lease did.
        Left out, all ended just now. Where all were gone, the session ended with the last of them.
    type: list
    elements: dict
  ended:
    description:
      - The same instances, looked at once more after they were ended, when AWS says to the second until when they ran.
        Left out, they ran until C(ended_at).
    type: list
    elements: dict
    default: []
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
import re
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.session_quote import HOURS_OF_A_MONTH, session_quote

Facts = t.Mapping[str, t.Any]

_PRICED = {"network load balancer": "network_lb_hour", "elastic address": "public_ipv4_hour"}
# How long after its lease a host may live, in hours.
_GRACE = 5 / 60
# "User initiated (2026-11-23 10:00:00 GMT)"
_ENDED = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")
_OVER = ("shutting-down", "terminated")
# Whoever looks is not the one that ended it.
_NOBODY = "its lease, or somebody who ended its hosts"
# Shorter, and nobody can be told a price per hour.
_SHORTEST = 1 / 3600


def session_receipt(
    session: Facts,
    ended_at: str,
    ended_by: str,
    *,
    seen: t.Sequence[Facts] | None = None,
    ended: t.Sequence[Facts] = (),
    left: t.Sequence[Facts] = (),
    remaining: t.Sequence[Facts] = (),
    prices: Facts | None = None,
    usage: Facts | None = None,
) -> dict[str, t.Any]:
    quote = session.get("quote") or {}
    prices = quote.get("prices") or prices or {}
    hosts = [_with_hours(host) for host in _hosts(session, seen, ended_at)]
    last = max((host["ended_at"] for host in hosts), key=_moment, default=ended_at)
    if _moment(last) < _moment(ended_at):
        ended_at, ended_by = last, _NOBODY
    # Only now: whoever was ended just now did not end by itself some seconds ago.
    hosts = [_with_hours(_ended_exactly(host, ended, ended_at)) for host in hosts]
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


def _hosts(session: Facts, seen: t.Sequence[Facts] | None, ended_at: str) -> list[dict[str, t.Any]]:
    """All that ran, each with its end: those that are known of, and those that nobody has noted."""
    known = [dict(host) for host in session.get("hosts") or []]
    there = {instance["instance_id"]: instance for instance in seen or []}
    for host in known:
        instance = there.get(host["id"])
        if host.get("ended_at"):
            continue
        if seen is None or (instance and instance["state"] not in _OVER):
            host["ended_at"] = ended_at
        else:
            host |= _earlier_end(host, instance or {}, session.get("hours_wanted"), ended_at)
    ids = {host["id"] for host in known}
    for name, instance in there.items():
        if name not in ids:
            facts = {"id": name, "type": instance["instance_type"], "launched_at": instance["launch_time"]}
            is_over = instance["state"] in _OVER
            end = _earlier_end(facts, instance, session.get("hours_wanted"), ended_at) if is_over else {}
            known.append({**facts, "ended_at": ended_at, **end})
    return known


def _ended_exactly(host: Facts, ended: t.Sequence[Facts], ended_at: str) -> Facts:
    """A host that this run has ended, with the moment that AWS says."""
    reason = next((each.get("state_transition_reason") for each in ended if each["instance_id"] == host["id"]), None)
    said = _ENDED.search(reason or "")
    if host["ended_at"] != ended_at or not said:
        return host
    return {**host, "ended_at": f"{said[1].replace(' ', 'T')}+00:00"}


def _earlier_end(host: Facts, instance: Facts, hours: float | None, ended_at: str) -> dict[str, t.Any]:
    said = _ENDED.search(instance.get("state_transition_reason") or "")
    if said:
        return {"ended_at": f"{said[1].replace(' ', 'T')}+00:00"}
    if not hours:
        return {"ended_at": ended_at, "end_is_estimated": True}
    latest = _moment(host["launched_at"]) + datetime.timedelta(hours=float(hours) + _GRACE)
    return {"ended_at": min(latest, _moment(ended_at)).isoformat(timespec="seconds"), "end_is_estimated": True}


def _with_hours(host: Facts) -> dict[str, t.Any]:
    return {**host, "hours": round(max(0, _hours(host["launched_at"], host["ended_at"])), 4)}


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
