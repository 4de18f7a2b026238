# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: subnet_cidrs
version_added: 0.1.0
short_description: Divide the address range of a VPC into subnets
description:
  - Divides an IPv4 range into sixteen parts of equal size and returns the first of them, or the last.
  - The parts do not depend on how many are asked for, so that a further zone never moves a subnet that is there.
author:
  - The central.llm maintainers (@central-llm)
positional: _input, count
options:
  _input:
    description:
      - The range of the VPC. AWS takes VPCs from C(/16) to C(/28), and subnets no smaller than C(/28), which leaves
        C(/16) to C(/24) here.
    type: str
    required: true
  count:
    description:
      - How many subnets are wanted, 0 to 8.
    type: int
    required: true
  from_end:
    description:
      - Take them from the end of the range, the last part first.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the subnets of two zones
  ansible.builtin.debug:
    msg: "{{ '10.42.0.0/16' | central.llm.subnet_cidrs(2) }}"
  # 10.42.0.0/20 and 10.42.16.0/20
"""

RETURN = r"""
_value:
  description: The ranges of the subnets.
  type: list
  elements: str
"""

import ipaddress
import typing as t

from ansible.errors import AnsibleFilterError

_PARTS = 16
# Half for subnets counted from the front, half for those from the end: they never meet.
_MOST = _PARTS // 2
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_WIDEST = 16
_NARROWEST = 24


def subnet_cidrs(vpc_cidr: str, count: int, from_end: bool = False) -> list[str]:
    try:
        vpc = ipaddress.IPv4Network(vpc_cidr)
    except ValueError as error:
        raise AnsibleFilterError(f"{vpc_cidr!r} is no IPv4 range like 10.42.0.0/16: {error}") from error
    if not _WIDEST <= vpc.prefixlen <= _NARROWEST:
        raise AnsibleFilterError(
            f"{vpc_cidr} cannot be divided into subnets that AWS takes: use a range from /{_WIDEST} to /{_NARROWEST}."
        )
    if not 0 <= count <= _MOST:
        raise AnsibleFilterError(f"{count} subnets are wanted of {vpc_cidr}, which has 0 to {_MOST}.")
    parts = list(vpc.subnets(prefixlen_diff=_PARTS.bit_length() - 1))
    chosen = reversed(parts[-count:]) if from_end and count else parts[:count]
    return [str(part) for part in chosen]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"subnet_cidrs": subnet_cidrs}
