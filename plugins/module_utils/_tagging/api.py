# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The Resource Groups Tagging API: what bears a tag, whichever service it belongs to.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

# The most that AWS gives at once; a page may hold fewer and yet not be the last.
PER_PAGE = 100


@aws_call("look for what bears the tag {key}={value}")
def tagged(client: t.Any, key: str, value: str) -> dict[str, dict[str, str]]:
    """All tags of each, by its ARN."""
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": key, "Values": [value]}], PaginationConfig={"PageSize": PER_PAGE}
    )
    return {
        each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each.get("Tags") or ()}
        for page in pages
        for each in page["ResourceTagMappingList"]
    }
