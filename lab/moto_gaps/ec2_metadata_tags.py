"""Tags in instance metadata: an instance that shows them there takes no key that could not stand in a path.

moto takes any. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
"""

from __future__ import annotations

import re

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, guards

_KEY = re.compile(r"^[0-9a-zA-Z\-_+=,.@:]{1,255}$")
_RESERVED = {".", "..", "_index"}


def apply() -> None:
    guards("ec2", "CreateTags")(check)


def check(call: Call, params: Params) -> None:
    ec2 = backend("ec2", call.region)
    instances = [ec2.get_instance_by_id(each) for each in params.get("Resources") or [] if each.startswith("i-")]
    if any(instance is not None and shows_tags(instance) for instance in instances):
        check_keys([tag["Key"] for tag in params.get("Tags") or []])


def shows_tags(instance: object) -> bool:
    options = getattr(instance, "metadata_options", None)
    return getattr(options, "instance_metadata_tags", "disabled") == "enabled"


def check_keys(keys: list[str]) -> None:
    for key in keys:
        if not _KEY.match(key) or key in _RESERVED:
            raise AwsError(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and "
                "must not be a reserved name ('.', '..', '_index')",
            )
