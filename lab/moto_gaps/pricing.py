"""GetProducts of the Price List API: moto has no such service.

`pricing_products.json` holds a few products of one region, in the API's own shape: those that the collection asks for,
and some that look alike. A product has what it has: a filter on an attribute that it lacks does not match it.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, replaces

# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
_ENDPOINTS = {"us-east-1", "eu-central-1", "ap-south-1"}
_PAGE = 100


def apply() -> None:
    replaces("pricing", "GetProducts")(get_products)


def get_products(call: Call, params: Params) -> Params:
    if call.region not in _ENDPOINTS:
        # AWS has no address there, so that a client does not even get an answer.
        raise AwsError("EndpointConnectionError", f"There is no Price List API in {call.region}.", 503)
    filters = params.get("Filters") or []
    if odd := next((each["Type"] for each in filters if each["Type"] != "TERM_MATCH"), None):
        raise NotImplementedError(f"a filter of type {odd}")
    wanted = {each["Field"].lower(): each["Value"].lower() for each in filters}
    found = [
        document
        for document in _products()
        if document["serviceCode"] == params["ServiceCode"] and wanted.items() <= _facts(document).items()
    ]
    # Pages are cut by position, as the token says.
    start, size = int(params.get("NextToken") or 0), int(params.get("MaxResults") or _PAGE)
    page: Params = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(each) for each in found[start : start + size]]}
    if start + size < len(found):
        page["NextToken"] = str(start + size)
    return page


def _facts(document: t.Mapping[str, t.Any]) -> dict[str, str]:
    """What a filter can name: the attributes and the family, in any case."""
    product = document["product"]
    facts = {**product["attributes"], "productFamily": product.get("productFamily", "")}
    return {name.lower(): str(value).lower() for name, value in facts.items()}


@functools.cache
def _products() -> list[dict[str, t.Any]]:
    path = Path(__file__).with_name("pricing_products.json")
    return t.cast("list[dict[str, t.Any]]", json.loads(path.read_text()))
