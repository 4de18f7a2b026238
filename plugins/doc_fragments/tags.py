# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  tags:
    description:
      - Tags that the resource shall have, as a dictionary of strings.
      - Left out, tags are left alone.
      - With O(state=absent), only a resource that carries all of them is removed; another one of that name is left
        alone, with a warning.
    type: dict
    aliases:
      - resource_tags
  purge_tags:
    description:
      - Whether tags that are not in O(tags) are removed. AWS's own (C(aws:...)) never are.
    type: bool
    default: false
"""
