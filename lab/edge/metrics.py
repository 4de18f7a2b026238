"""API Gateway's own metrics of a stage, one value a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
"""

from __future__ import annotations

from lab.edge.configuration import Stage
from lab.edge.variables import Variables
from lab.metrics import series

NAMESPACE = "AWS/ApiGateway"


def report(stage: Stage, variables: Variables) -> None:
    status = str(variables["status"])
    values = {
        "Count": 1.0,
        "4XXError": float(status.startswith("4")),
        "5XXError": float(status.startswith("5")),
        "Latency": float(str(variables["responseLatency"])),
    }
    if "integrationLatency" in variables:
        values["IntegrationLatency"] = float(str(variables["integrationLatency"]))
    dimensions = {"ApiName": str(stage.deployment.rest_api.get("name", "")), "Stage": stage.name}
    for name, value in values.items():
        series.publish(stage.region, NAMESPACE, name, dimensions, [value])
