"""GetResources: moto's pages break at a hundred tags, go stale with what they list, and miss half of what there is.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
Not there: tag policies, and resources that bore a tag once, which AWS lists with none where no filter is given. AWS's
answer lags behind by an unknown time; this one never does.
"""

from __future__ import annotations

import base64
import json
import typing as t

from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, replaces
from lab.moto_gaps import tagging_kinds
from lab.moto_gaps.tagging_kinds import Tags

PER_PAGE = 50
TOKEN_SECONDS = 15 * 60
# Types that no ARN of the service names.
_UNNAMED = {"s3": "bucket", "sns": "topic", "sqs": "queue"}


def apply() -> None:
    replaces("resourcegroupstaggingapi", "GetResources")(get)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def get(call: Call, params: Params) -> Params:
    check(params)
    after = begun(params.get("PaginationToken") or "")
    found = {
        arn: tags
        for arn, tags in tagging_kinds.tagged(call.region).items()
        if arn > after and wanted(params, arn, tags)
    }
    page, more = cut(found, params)
    return {
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in found[arn].items()]}
            for arn in page
        ],
        # Empty on the last page, where the reference says null.
        "PaginationToken": token(page[-1]) if more else "",
    }


def check(params: Params) -> None:
    if params.get("ResourceARNList") is not None:
        others = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")
        for name in others:
            if params.get(name):
                raise invalid(f"ResourceARNList and {name} cannot be specified together")
    if params.get("ExcludeCompliantResources") and not params.get("IncludeComplianceDetails"):
        raise invalid("ExcludeCompliantResources can only be true if IncludeComplianceDetails is true")
    if params.get("IncludeComplianceDetails"):
        raise NotImplementedError("tag policies")
    for name, least, most in (("ResourcesPerPage", 1, 100), ("TagsPerPage", 100, 500)):
        if params.get(name) is not None and not least <= params[name] <= most:
            raise invalid(f"{name} must be between {least} and {most}")
    if len(params.get("ResourceTypeFilters") or []) > 100:
        raise invalid("ResourceTypeFilters can have at most 100 members")


def wanted(params: Params, arn: str, tags: Tags) -> bool:
    listed, types = params.get("ResourceARNList"), params.get("ResourceTypeFilters")
    return (
        all(has(tags, one["Key"], one.get("Values")) for one in params.get("TagFilters") or [])
        and (not types or any(is_a(arn, one) for one in types))
        and (listed is None or arn in listed)
    )


def has(tags: Tags, key: str, values: list[str] | None) -> bool:
    """No values are any value."""
    return key in tags and (not values or tags[key] in values)


def is_a(arn: str, kind: str) -> bool:
    """Whether a resource is of `service` or `service:type`, worded as in its ARN."""
    service, _colon, name = kind.partition(":")
    _arn, _partition, of, _region, _account, rest = arn.split(":", 5)
    if of != service:
        return False
    rest = rest.lstrip("/")
    return not name or name == _UNNAMED.get(service) or rest.startswith((f"{name}/", f"{name}:"))


def cut(found: dict[str, Tags], params: Params) -> tuple[list[str], bool]:
    """The ARNs of the first page, and whether there are more; all of them where they were named."""
    if params.get("ResourceARNList") is not None:
        return list(found), False
    most, most_tags = params.get("ResourcesPerPage") or PER_PAGE, params.get("TagsPerPage")
    page: list[str] = []
    tags = 0
    for arn, own in found.items():
        tags += len(own)
        if len(page) == most or (most_tags and page and tags > most_tags):
            return page, True
        page.append(arn)
    return page, False


def token(last: str) -> str:
    """A page goes on behind the last ARN of the one before, whatever came and went since."""
    until = current.now().timestamp() + TOKEN_SECONDS
    return base64.urlsafe_b64encode(json.dumps([last, until]).encode()).decode()


def begun(given: str) -> str:
    """The ARN behind which a page begins."""
    if not given:
        return ""
    try:
        after, until = t.cast("tuple[str, float]", json.loads(base64.urlsafe_b64decode(given)))
    except (ValueError, TypeError):
        raise invalid("The PaginationToken is not valid") from None
    if current.now().timestamp() > until:
        raise AwsError("PaginationTokenExpiredException", "The PaginationToken has expired")
    return after
