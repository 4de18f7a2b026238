# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""IAM: the roles and instance profiles whose names begin somehow, and their tags.

IAM lists all of an account, without their tags.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call
from .api import tag_dict

_MISSING = ("NoSuchEntity",)
# The most that IAM gives at once; an account has a thousand roles before it asks for more.
_MOST = {"PageSize": 1000}


@aws_call("list the roles whose names begin with {prefix}")
def list_roles(client: t.Any, prefix: str) -> dict[str, str]:
    """ARNs by name."""
    pages = client.get_paginator("list_roles").paginate(PaginationConfig=_MOST)
    found = {role["RoleName"]: role["Arn"] for page in pages for role in page["Roles"]}
    return {name: arn for name, arn in found.items() if name.startswith(prefix)}


@aws_call("list the instance profiles whose names begin with {prefix}")
def list_profiles(client: t.Any, prefix: str) -> dict[str, str]:
    """ARNs by name."""
    pages = client.get_paginator("list_instance_profiles").paginate(PaginationConfig=_MOST)
    found = {each["InstanceProfileName"]: each["Arn"] for page in pages for each in page["InstanceProfiles"]}
    return {name: arn for name, arn in found.items() if name.startswith(prefix)}


@aws_call("read the tags of the role {name}", missing=_MISSING, default={})
def role_tags(client: t.Any, name: str) -> dict[str, str]:
    pages = client.get_paginator("list_role_tags").paginate(RoleName=name)
    return tag_dict(tag for page in pages for tag in page["Tags"])


@aws_call("read the tags of the instance profile {name}", missing=_MISSING, default={})
def profile_tags(client: t.Any, name: str) -> dict[str, str]:
    pages = client.get_paginator("list_instance_profile_tags").paginate(InstanceProfileName=name)
    return tag_dict(tag for page in pages for tag in page["Tags"])
