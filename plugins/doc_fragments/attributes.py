# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    # What every writing module of this collection promises.
    DOCUMENTATION = r"""
attributes:
  check_mode:
    support: full
    description: Predicts exactly what the run would do, the resource's values included, and writes nothing.
  diff_mode:
    support: full
    description: Shows the managed resource before and after.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
  action_group:
    support: full
    description: Use C(group/central.llm.aws) in C(module_defaults) to set defaults for this module.
    membership:
      - central.llm.aws
"""

    # What a module promises that only looks.
    INFO = r"""
attributes:
  check_mode:
    support: full
    description: Only reads, so that check mode is the same as a run.
  diff_mode:
    support: N/A
    description: Nothing is changed, so there is no difference to show.
  idempotent:
    support: full
    description: Never changes anything.
  action_group:
    support: full
    description: Use C(group/central.llm.aws) in C(module_defaults) to set defaults for this module.
    membership:
      - central.llm.aws
"""
