# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The options of the module launch_template."""

from __future__ import annotations

import typing as t

_SWITCH = {"type": "str", "choices": ["enabled", "disabled"]}
_VOLUME_TYPES = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"]

_SUBOPTIONS: dict[str, dict[str, t.Any]] = {
    "metadata_options": {
        "http_tokens": {"type": "str", "choices": ["optional", "required"]},
        "http_put_response_hop_limit": {"type": "int"},
        "http_endpoint": _SWITCH,
        "instance_metadata_tags": _SWITCH,
    },
    "block_devices": {
        "device_name": {"type": "str", "required": True},
        "volume_size": {"type": "int"},
        "volume_type": {"type": "str", "choices": _VOLUME_TYPES},
        "throughput": {"type": "int"},
        "iops": {"type": "int"},
        "encrypted": {"type": "bool"},
        "kms_key_id": {"type": "str", "no_log": False},
        "delete_on_termination": {"type": "bool"},
        "volume_initialization_rate": {"type": "int"},
    },
}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "image_id": {"type": "str"},
    "image_parameter": {"type": "str"},
    "refresh_image": {"type": "bool", "default": False},
    "instance_type": {"type": "str"},
    "instance_profile_arn": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "associate_public_ip_address": {"type": "bool"},
    "user_data": {"type": "str"},
    "metadata_options": {"type": "dict", "options": _SUBOPTIONS["metadata_options"]},
    "block_devices": {"type": "list", "elements": "dict", "options": _SUBOPTIONS["block_devices"]},
    "shutdown_behavior": {"type": "str", "choices": ["stop", "terminate"]},
    "instance_tags": {"type": "dict"},
    "volume_tags": {"type": "dict"},
    "network_interface_tags": {"type": "dict"},
    "key_name": {"type": "str", "no_log": False},
    "monitoring": {"type": "bool"},
    "default": {"type": "str", "choices": ["latest", "unchanged"], "default": "latest"},
    "keep_versions": {"type": "int"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": False},
}

__all__ = ("ARGUMENT_SPEC",)
