# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The options below metadata_options and block_devices."""

from __future__ import annotations

import typing as t

_SWITCH = {"type": "str", "choices": ["enabled", "disabled"]}
_VOLUME_TYPES = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"]

SUBOPTIONS: dict[str, dict[str, t.Any]] = {
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

__all__ = ("SUBOPTIONS",)
