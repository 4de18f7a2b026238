# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The options of the module ecs_service."""

from __future__ import annotations

import typing as t

Resource = dict[str, t.Any]

# An item of a capacity provider strategy, here and in a cluster.
STRATEGY_ITEM: Resource = {
    "capacity_provider": {"type": "str", "required": True},
    "weight": {"type": "int", "default": 1},
    "base": {"type": "int", "default": 0},
}

_SUBOPTIONS: dict[str, Resource] = {
    "load_balancers": {
        "target_group_arn": {"type": "str", "required": True},
        "container_name": {"type": "str", "required": True},
        "container_port": {"type": "int", "required": True},
    },
    "deployment_configuration": {
        "maximum_percent": {"type": "int"},
        "minimum_healthy_percent": {"type": "int"},
        "circuit_breaker": {"type": "dict", "options": {"enable": {"type": "bool"}, "rollback": {"type": "bool"}}},
    },
    "capacity_provider_strategy": STRATEGY_ITEM,
    "placement_constraints": {
        "type": {"type": "str", "required": True, "choices": ["distinctInstance", "memberOf"]},
        "expression": {"type": "str"},
    },
    "placement_strategy": {
        "type": {"type": "str", "required": True, "choices": ["random", "spread", "binpack"]},
        "field": {"type": "str"},
    },
}
_LISTS = {
    option: {"type": "list", "elements": "dict", "options": _SUBOPTIONS[option]}
    for option in ("capacity_provider_strategy", "load_balancers", "placement_constraints", "placement_strategy")
}

ARGUMENT_SPEC: Resource = {
    "cluster": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "task_definition": {"type": "str"},
    "desired_count": {"type": "int"},
    "launch_type": {"type": "str", "choices": ["EC2", "FARGATE", "EXTERNAL"]},
    **_LISTS,
    "deployment_configuration": {"type": "dict", "options": _SUBOPTIONS["deployment_configuration"]},
    "health_check_grace_period_seconds": {"type": "int"},
    "availability_zone_rebalancing": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "enable_execute_command": {"type": "bool"},
    "propagate_tags": {"type": "str", "choices": ["NONE", "SERVICE", "TASK_DEFINITION"]},
    "force_new_deployment": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}

__all__ = ("ARGUMENT_SPEC", "STRATEGY_ITEM")
