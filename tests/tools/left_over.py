"""Says what is left of a stack that was removed, and whether its owner's network still stands; plain boto3."""

from __future__ import annotations

import sys
import typing as t

import boto3


def ec2_names(region: str) -> t.Iterator[str]:
    ec2 = boto3.client("ec2", region_name=region)
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if any(tag["Key"] == "central-llm:stack" for tag in group.get("Tags", [])):
            yield f"security group {group['GroupName']}"
    for template in ec2.describe_launch_templates()["LaunchTemplates"]:
        yield f"launch template {template['LaunchTemplateName']}"
    ours = [{"Name": "tag-key", "Values": ["central-llm:stack"]}]
    images = ec2.describe_images(Owners=["self"], Filters=ours)["Images"]
    yield from (f"image {image['Name']}" for image in images)
    for snapshot in ec2.describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"]:
        yield f"snapshot {snapshot['SnapshotId']}"
    for reservation in ec2.describe_instances()["Reservations"]:
        # EC2 shows a host for a while after it has ended.
        alive = [one for one in reservation["Instances"] if one["State"]["Name"] != "terminated"]
        yield from (f"instance {one['InstanceId']}" for one in alive)


def elbv2_names(region: str) -> t.Iterator[str]:
    elbv2 = boto3.client("elbv2", region_name=region)
    for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
        yield f"load balancer {balancer['LoadBalancerName']}"
    for group in elbv2.describe_target_groups()["TargetGroups"]:
        yield f"target group {group['TargetGroupName']}"


def ecs_names(region: str) -> t.Iterator[str]:
    ecs = boto3.client("ecs", region_name=region)
    # A cluster or definition that was deleted is shown as INACTIVE for a while.
    for cluster in ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]:
        if cluster["status"] == "ACTIVE":
            yield f"cluster {cluster['clusterName']}"
    for arn in ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]:
        yield f"task definition {arn}"
    for repository in boto3.client("ecr", region_name=region).describe_repositories()["repositories"]:
        yield f"repository {repository['repositoryName']}"


def gateway_names(region: str) -> t.Iterator[str]:
    gateway = boto3.client("apigateway", region_name=region)
    listed = {
        "REST API": gateway.get_rest_apis(),
        "usage plan": gateway.get_usage_plans(),
        "API key": gateway.get_api_keys(),
        "VPC link (version 1)": gateway.get_vpc_links(),
    }
    for kind, answer in listed.items():
        yield from (f"{kind} {item['name']}" for item in answer["items"])
    links = boto3.client("apigatewayv2", region_name=region).get_vpc_links()["Items"]
    yield from (f"VPC link (version 2) {link['Name']}" for link in links)
    role = gateway.get_account().get("cloudwatchRoleArn")
    if role:
        yield f"log role of API Gateway {role}"


def lease_names(region: str) -> t.Iterator[str]:
    for function in boto3.client("lambda", region_name=region).list_functions()["Functions"]:
        yield f"function {function['FunctionName']}"
    for rule in boto3.client("events", region_name=region).list_rules()["Rules"]:
        yield f"rule {rule['Name']}"
    for schedule in boto3.client("scheduler", region_name=region).list_schedules()["Schedules"]:
        yield f"schedule {schedule['Name']}"
    for queue in boto3.client("sqs", region_name=region).list_queues().get("QueueUrls", []):
        yield f"queue {queue}"
    for alarm in boto3.client("cloudwatch", region_name=region).describe_alarms()["MetricAlarms"]:
        yield f"alarm {alarm['AlarmName']}"


def other_names(stack: str, region: str) -> t.Iterator[str]:
    for secret in boto3.client("secretsmanager", region_name=region).list_secrets()["SecretList"]:
        yield f"secret {secret['Name']}"
    for table in boto3.client("dynamodb", region_name=region).list_tables()["TableNames"]:
        yield f"table {table}"
    for group in boto3.client("logs", region_name=region).describe_log_groups()["logGroups"]:
        yield f"log group {group['logGroupName']}"
    iam = boto3.client("iam")
    for role in iam.list_roles()["Roles"]:
        if role["RoleName"].startswith(stack):
            yield f"role {role['RoleName']}"
    for profile in iam.list_instance_profiles()["InstanceProfiles"]:
        if profile["InstanceProfileName"].startswith(stack):
            yield f"instance profile {profile['InstanceProfileName']}"


def owner_findings(stack: str, region: str) -> t.Iterator[str]:
    """What the owner had before the stack came, and must have still, with nothing of the stack in it."""
    ec2 = boto3.client("ec2", region_name=region)
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [stack]}])["Vpcs"]
    if len(vpcs) != 1:
        yield f"the owner's VPC: {vpcs}"
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"] for vpc in vpcs]}])["Subnets"]
    if len(subnets) != 3:
        yield f"the owner's subnets: {subnets}"
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{stack}-service-sg"]}])
    ports = [[rule.get("FromPort") for rule in group["IpPermissions"]] for group in found["SecurityGroups"]]
    if ports != [[22]]:
        yield f"inbound ports of the owner's group: {ports}"


def left_over(stack: str, region: str) -> list[str]:
    names = [*ec2_names(region), *elbv2_names(region), *ecs_names(region), *gateway_names(region), *lease_names(region)]
    return [*names, *other_names(stack, region)]


def main(stack: str, region: str) -> int:
    findings = [f"left over: {name}" for name in left_over(stack, region)] + list(owner_findings(stack, region))
    print("\n".join(findings) or f"Nothing is left of {stack}.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
