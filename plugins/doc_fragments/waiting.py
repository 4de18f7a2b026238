# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the resource has reached the state asked for.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most, in seconds.
    type: int
    default: 600
"""
