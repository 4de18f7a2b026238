# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The Price List API.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call


@aws_call("ask for the prices of {service}")
def list_products(client: t.Any, service: str, matches: t.Mapping[str, str]) -> list[str]:
    """The products whose attributes have all of these values: each a JSON document, as text."""
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in sorted(matches.items())]
    pages = client.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters, FormatVersion="aws_v1")
    return [document for page in pages for document in page["PriceList"]]
