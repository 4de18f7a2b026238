# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""CloudWatch: the dashboards whose names begin somehow.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListDashboards.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call


@aws_call("list the dashboards whose names begin with {prefix}")
def list_dashboards(client: t.Any, prefix: str) -> list[str]:
    """Their ARNs."""
    pages = client.get_paginator("list_dashboards").paginate(DashboardNamePrefix=prefix)
    return [each["DashboardArn"] for page in pages for each in page["DashboardEntries"]]
