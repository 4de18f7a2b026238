# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which product of the price list is meant, and what it costs. Pure.

A region's products differ in the prefix of their usage type alone (EUC1-LoadBalancerUsage; us-east-1 has none for the
older ones), so that a product is its attributes and the usage type without the prefix.
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file.html
"""

from __future__ import annotations

import json
import re
import typing as t
from decimal import Decimal, InvalidOperation

Document = t.Mapping[str, t.Any]

# EUC1-, USE1-, APS3-; Ireland's is EU-. 'TS-' of trust stores and 'Outposts-' are no regions.
_PREFIX = re.compile(r"(?:[A-Z]{2,4}[0-9]-|EU-)?")
_HOURS = {"hrs": 1, "hours": 1}
_MOST_CANDIDATES = 8

# The API answers in these regions, for all regions.
# https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
_ENDPOINTS = (("ap", "ap-south-1"), ("eu", "eu-central-1"), ("me", "eu-central-1"), ("af", "eu-central-1"))
_OTHER_ENDPOINT = "us-east-1"


class Product(t.NamedTuple):
    service: str
    matches: dict[str, str]
    usage_type: str
    # The units that AWS may bill it in, in lower case, and how many of ours one of them is.
    units: dict[str, int]


class Price(t.NamedTuple):
    usd: float
    usage_type: str
    sku: str
    effective_date: str
    description: str


class NoSinglePrice(Exception):
    """The price list does not have exactly one price for what is meant."""


PRODUCTS = {
    "network_lb_hour": Product("AWSELB", {"productFamily": "Load Balancer-Network"}, "LoadBalancerUsage", _HOURS),
    "network_lb_capacity_unit_hour": Product(
        "AWSELB", {"productFamily": "Load Balancer-Network"}, "LCUUsage", {"lcu-hrs": 1}
    ),
    "gp3_gib_month": Product("AmazonEC2", {"volumeApiName": "gp3"}, "EBS:VolumeUsage.gp3", {"gb-mo": 1}),
    "gp3_iops_month": Product("AmazonEC2", {"volumeApiName": "gp3"}, "EBS:VolumeP-IOPS.gp3", {"iops-mo": 1}),
    # Volumes are made in MiB/s and listed in GiB/s.
    "gp3_mibps_month": Product(
        "AmazonEC2", {"volumeApiName": "gp3"}, "EBS:VolumeP-Throughput.gp3", {"gibps-mo": 1024, "mibps-mo": 1}
    ),
    "public_ipv4_hour": Product("AmazonVPC", {"group": "VPCPublicIPv4Address"}, "PublicIPv4:InUseAddress", _HOURS),
    "rest_api_request": Product(
        "AmazonApiGateway", {"productFamily": "API Calls"}, "ApiGatewayRequest", {"requests": 1}
    ),
}


def instance(instance_type: str) -> Product:
    """On demand, Linux without anything else that is paid for, on shared hardware, and no unused reservation."""
    matches = {
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }
    return Product("AmazonEC2", matches, f"BoxUsage:{instance_type}", _HOURS)


def endpoint_region(region: str) -> str:
    """The nearest of the regions in which the API answers."""
    return next((near for start, near in _ENDPOINTS if region.startswith(f"{start}-")), _OTHER_ENDPOINT)


def price_of(name: str, product: Product, texts: t.Iterable[str]) -> Price:
    """The one price of the first unit; none or several are a mistake, which the candidates explain."""
    documents = [json.loads(text) for text in texts]
    found = [document for document in documents if _is_meant(product, _attributes(document))]
    if len(found) != 1:
        candidates = "; ".join(map(_describe, (found or documents)[:_MOST_CANDIDATES])) or "none"
        raise NoSinglePrice(
            f"The price list has {len(found)} products for {name}, and not one, among those whose attributes are "
            f"{dict(product.matches)}. Candidates: {candidates}."
        )
    (document,) = found
    dimensions = [dimension for term in _on_demand(document) for dimension in term.get("priceDimensions", {}).values()]
    first = [dimension for dimension in dimensions if dimension.get("beginRange", "0") == "0"]
    if len(first) != 1:
        raise NoSinglePrice(f"The price list has {len(first)} on-demand prices for {name}: {_describe(document)}.")
    usd = _usd(first[0])
    per = product.units.get(str(first[0].get("unit", "")).lower())
    if per is None or usd is None or usd <= 0:
        raise NoSinglePrice(
            f"The price of {name} cannot be read: {first[0].get('pricePerUnit')} per {first[0].get('unit')}, expected "
            f"more than 0 USD per {' or '.join(product.units)}: {_describe(document)}."
        )
    return Price(
        float(usd / per),
        _attributes(document)["usagetype"],
        document.get("product", {}).get("sku", ""),
        next(term.get("effectiveDate", "") for term in _on_demand(document)),
        first[0].get("description", ""),
    )


def _is_meant(product: Product, attributes: Document) -> bool:
    usage_type = str(attributes.get("usagetype", ""))
    return bool(re.fullmatch(_PREFIX.pattern + re.escape(product.usage_type), usage_type))


def _attributes(document: Document) -> Document:
    return t.cast(Document, document.get("product", {}).get("attributes", {}))


def _on_demand(document: Document) -> list[Document]:
    return list(document.get("terms", {}).get("OnDemand", {}).values())


def _usd(dimension: Document) -> Decimal | None:
    try:
        usd = Decimal(dimension["pricePerUnit"]["USD"])
    except (KeyError, InvalidOperation):
        return None
    return usd if usd.is_finite() else None


def _describe(document: Document) -> str:
    attributes = _attributes(document)
    told = ("usagetype", "operation", "operatingSystem", "tenancy", "capacitystatus", "preInstalledSw", "marketoption")
    facts = ", ".join(f"{name} {attributes[name]}" for name in told if attributes.get(name))
    return f"{document.get('product', {}).get('sku', 'no SKU')} ({facts})"


__all__ = ("PRODUCTS", "NoSinglePrice", "Price", "Product", "endpoint_region", "instance", "price_of")
