"""Tags of instance profiles: moto keeps them and does not list them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, replaces


def apply() -> None:
    replaces("iam", "ListInstanceProfileTags")(list_tags)


def list_tags(_call: Call, params: Params) -> Params:
    name = params["InstanceProfileName"]
    profiles = backend("iam", "aws").instance_profiles.values()
    found = next((one for one in profiles if one.name == name), None)
    if found is None:
        raise AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
    tags = sorted(found.tags, key=lambda tag: str(tag["Key"]))
    start, most = int(params.get("Marker") or 0), params.get("MaxItems") or 100
    answer: Params = {"Tags": tags[start : start + most], "IsTruncated": start + most < len(tags)}
    if answer["IsTruncated"]:
        answer["Marker"] = str(start + most)
    return answer
