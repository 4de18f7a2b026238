"""Reads a converged foundation back, without any of the collection's code, and says what is not as the guide has it."""

from __future__ import annotations

import json
import sys
import typing as t

import boto3


def findings() -> t.Iterator[str]:
    ec2, elbv2, ecs = boto3.client("ec2"), boto3.client("elbv2"), boto3.client("ecs")
    gateway, logs, secrets = boto3.client("apigateway"), boto3.client("logs"), boto3.client("secretsmanager")

    plan = next(plan for plan in gateway.get_usage_plans()["items"] if plan["name"] == "central-llm-usage-plan")
    if (plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"], plan["quota"]["limit"]) != (5.0, 10, 5000):
        yield f"limits: {plan['throttle']} {plan['quota']}"
    api = [api for api in gateway.get_rest_apis()["items"] if api["name"] == "central-llm-rest-api"]
    if len(api) != 1 or api[0]["endpointConfiguration"]["types"] != ["REGIONAL"]:
        yield f"REST API: {api}"
    if [(stage["apiId"], stage["stage"]) for stage in plan["apiStages"]] != [(api[0]["id"], "prod")]:
        yield f"stages of the plan: {plan['apiStages']}"
    keys = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    if [key["name"] for key in keys] != ["central-llm-client"]:
        yield f"keys of the plan: {keys}"
    published = json.loads(secrets.get_secret_value(SecretId="central-llm/clients/central-llm-client")["SecretString"])
    value = gateway.get_api_key(apiKey=keys[0]["id"], includeValue=True)["value"]
    if (published["apiKeyId"], published["value"]) != (keys[0]["id"], value):
        yield "the published key is not the one that the plan has"

    resources = gateway.get_resources(restApiId=api[0]["id"], embed=["methods"], limit=500)["items"]
    routes = {
        (item["path"], verb): method for item in resources for verb, method in item.get("resourceMethods", {}).items()
    }
    if ("/v1/chat/completions", "POST") not in routes or any("proxy" in path for path, _verb in routes):
        yield f"routes: {sorted(routes)}"
    for route, method in routes.items():
        integration = method.get("methodIntegration", {})
        if not method["apiKeyRequired"] or not method.get("requestParameters", {}).get(
            "method.request.header.x-llm-user"
        ):
            yield f"{route} lets requests in without key or headers"
        if route == ("/healthz", "GET") and integration["type"] == "MOCK":
            continue
        if (integration.get("responseTransferMode"), integration.get("connectionType")) != ("STREAM", "VPC_LINK"):
            yield f"{route} does not stream through the link: {integration}"

    balancer = elbv2.describe_load_balancers(Names=["central-llm-nlb"])["LoadBalancers"][0]
    group = elbv2.describe_target_groups(Names=["central-llm-nlb-tg"])["TargetGroups"][0]
    if (balancer["Scheme"], balancer["Type"], len(balancer["SecurityGroups"])) != ("internal", "network", 1):
        yield f"balancer: {balancer}"
    if (group["Port"], group["Protocol"], group["HealthCheckPath"]) != (8000, "TCP", "/health"):
        yield f"target group: {group}"

    service = ecs.describe_services(cluster="central-llm-service-cluster", services=["central-llm-service"])[
        "services"
    ][0]
    if (service["desiredCount"], service["runningCount"]) != (0, 0):
        yield f"the foundation runs something: {service['desiredCount']} {service['runningCount']}"

    template = ec2.describe_launch_template_versions(
        LaunchTemplateName="central-llm-launch-template", Versions=["$Default"]
    )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    if (template["InstanceType"], template["MetadataOptions"]["HttpTokens"]) != ("g6e.2xlarge", "required"):
        yield f"launch template: {template}"
    if template["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] != 100:
        yield f"root volume: {template['BlockDeviceMappings']}"
    if ec2.describe_instances()["Reservations"]:
        yield "there are instances"

    groups = {group["logGroupName"]: group.get("retentionInDays") for group in logs.describe_log_groups()["logGroups"]}
    for name in ("/aws/apigateway/central-llm-rest-api/prod", "/ecs/central-llm-service"):
        if not groups.get(name):
            yield f"log group {name}: {groups.get(name, 'missing')}"


def main() -> int:
    found = list(findings())
    print("\n".join(found) or "The foundation is as the guide has it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
