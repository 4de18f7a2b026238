# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session costs, line by line, of prices that were asked for or written down."""

from __future__ import annotations

DOCUMENTATION = r"""
name: session_quote
version_added: 0.1.0
short_description: Tell what a session costs
description:
  - Multiplies prices, as M(central.llm.price_info) returns them, with what a session uses. Pure arithmetic.
  - The network load balancer is counted for the session's hours with one capacity unit, the most that a stack of this
    kind uses for long; for hosts that nothing is sent to, it can be left out.
  - Snapshots, logs, data transfer and the rate at which a volume is initialized are not in it.
author:
  - The central.llm maintainers (@central-llm)
positional: _input
options:
  _input:
    description:
      - The prices in US dollars. Only what is used needs one.
    type: dict
    required: true
  hosts:
    description:
      - The hosts, each with its C(hours) and the C(types) that it may be of; the dearest of them counts.
    type: list
    elements: dict
    required: true
  hours:
    description:
      - The hours of the session.
    type: float
    required: true
  volume_gib:
    description:
      - Size of each host's gp3 volume.
    type: int
    default: 0
  volume_mibps:
    description:
      - Its throughput; 125 MiB/s are included.
    type: int
    default: 125
  volume_iops:
    description:
      - Its I/O operations a second; 3000 are included.
    type: int
    default: 3000
  public_addresses:
    description:
      - Whether each host has a public IPv4 address.
    type: bool
    default: false
  requests_per_hour:
    description:
      - Requests to the gateway.
    type: int
    default: 0
  load_balancer:
    description:
      - Whether the network load balancer is counted.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Say what eight hours cost
  ansible.builtin.debug:
    msg: "{{ (asked.prices | central.llm.session_quote(hosts, 8, volume_gib=100)).usd }}"
  vars:
    hosts: [{types: [g6e.2xlarge], hours: 8}]
"""

RETURN = r"""
_value:
  description:
    - RV(_value) has C(usd) for the session, C(usd_per_hour), C(usd_per_month_after) for what stays when the session has
      ended, C(hours), and C(lines) with C(what), C(usd) and C(usd_per_hour) each.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

# AWS counts a month of a volume by its seconds; its own calculator takes 730 hours.
HOURS_OF_A_MONTH = 730
_INCLUDED_MIBPS = 125
_INCLUDED_IOPS = 3000

Prices = t.Mapping[str, t.Any]


def session_quote(
    prices: Prices,
    hosts: t.Sequence[t.Mapping[str, t.Any]],
    hours: float,
    *,
    volume_gib: int = 0,
    volume_mibps: int = _INCLUDED_MIBPS,
    volume_iops: int = _INCLUDED_IOPS,
    public_addresses: bool = False,
    requests_per_hour: int = 0,
    load_balancer: bool = True,
) -> dict[str, t.Any]:
    if hours <= 0:
        raise AnsibleFilterError(f"A session of {hours} hours cannot be quoted.")
    host_hours = sum(float(host["hours"]) for host in hosts)
    usage: list[tuple[str, str, float]] = []
    for name, of_type in _hours_by_type(prices, hosts).items():
        usage.append((f"{_number(of_type)} host hours of {name}", f"instance_hour.{name}", of_type))
    months = host_hours / HOURS_OF_A_MONTH
    balancer_hours = hours if load_balancer else 0
    usage += [
        (f"volumes of {volume_gib} GiB", "gp3_gib_month", volume_gib * months),
        (f"their {volume_mibps} MiB/s", "gp3_mibps_month", max(0, volume_mibps - _INCLUDED_MIBPS) * months),
        (f"their {volume_iops} IOPS", "gp3_iops_month", max(0, volume_iops - _INCLUDED_IOPS) * months),
        ("public addresses", "public_ipv4_hour", host_hours if public_addresses else 0),
        ("network load balancer", "network_lb_hour", balancer_hours),
        ("its capacity unit", "network_lb_capacity_unit_hour", balancer_hours),
        (f"{_number(requests_per_hour * hours)} requests", "rest_api_request", requests_per_hour * hours),
    ]
    lines = [_line(what, _price(prices, name) * amount, hours) for what, name, amount in usage if amount]
    total = sum(line["usd"] for line in lines)
    return {
        "hours": hours,
        "usd": round(total, 4),
        "usd_per_hour": round(total / hours, 4),
        # What a session leaves: the balancer stays, and its capacity units go with the traffic.
        "usd_per_month_after": round(_price(prices, "network_lb_hour") * HOURS_OF_A_MONTH, 2) if load_balancer else 0.0,
        "lines": lines,
    }


def _hours_by_type(prices: Prices, hosts: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for host in hosts:
        dearest = max(host["types"], key=lambda name: _price(prices, f"instance_hour.{name}"))
        found[dearest] = found.get(dearest, 0) + float(host["hours"])
    return found


def _price(prices: Prices, name: str) -> float:
    kind, _dot, instance_type = name.partition(".")
    found = prices.get(kind)
    if instance_type:
        found = (found or {}).get(instance_type)
    if found is None:
        raise AnsibleFilterError(f"There is no price for {instance_type or kind}.")
    return float(found)


def _line(what: str, usd: float, hours: float) -> dict[str, t.Any]:
    return {"what": what, "usd": round(usd, 4), "usd_per_hour": round(usd / hours, 4)}


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"session_quote": session_quote}
