"""Makes a stack as somebody made it by hand: the usual names, no tags, settings of its own; plain boto3.

Its VPC link is of version 1, its balancer has no security group and never can have one, and SSH is open to the world.
Prints the ids that an inventory names, as JSON.
"""

from __future__ import annotations

import base64
import json
import sys
import typing as t

import boto3

NAME = "central-llm"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
CONTAINER = {
    "name": "vllm",
    "image": "lab/stub",
    "memory": 4096,
    "portMappings": [{"containerPort": 8000, "hostPort": 8000}],
    "command": ["--model", "/models/tiny"],
}


class Network(t.NamedTuple):
    vpc_id: str
    subnets: list[dict[str, t.Any]]
    host_group: str

    @property
    def subnet_ids(self) -> list[str]:
        return [subnet["SubnetId"] for subnet in self.subnets]


def network() -> Network:
    ec2 = boto3.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]

    def group(name: str, description: str) -> str:
        return str(ec2.create_security_group(GroupName=name, Description=description, VpcId=vpc["VpcId"])["GroupId"])

    host = group(f"{NAME}-service-sg", "ECS tasks")
    # Left over from a path that is no longer used.
    group(f"{NAME}-http-api-sg", "VPC link of the HTTP API")
    # What the balancer sends comes from its own addresses, in these subnets: it has no group that a rule could name.
    from_balancer = [{"CidrIp": subnet["CidrBlock"], "Description": "NLB"} for subnet in subnets]
    ec2.authorize_security_group_ingress(
        GroupId=host,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "IpRanges": from_balancer},
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ],
    )
    return Network(vpc["VpcId"], subnets, host)


def host(net: Network) -> str:
    iam, ec2, ssm = boto3.client("iam"), boto3.client("ec2"), boto3.client("ssm")
    iam.create_role(RoleName=f"{NAME}-instance-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(
        RoleName=f"{NAME}-instance-role",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    )
    profile = iam.create_instance_profile(InstanceProfileName=f"{NAME}-instance-profile")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=f"{NAME}-instance-profile", RoleName=f"{NAME}-instance-role")
    image = ssm.get_parameter(Name="/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id")
    user_data = f"#!/bin/bash\necho ECS_CLUSTER={NAME}-service-cluster >> /etc/ecs/ecs.config\n"
    ec2.create_launch_template(
        LaunchTemplateName=f"{NAME}-launch-template",
        LaunchTemplateData={
            "ImageId": image["Parameter"]["Value"],
            "InstanceType": "g6e.2xlarge",
            "IamInstanceProfile": {"Arn": profile["Arn"]},
            "SecurityGroupIds": [net.host_group],
            "UserData": base64.b64encode(user_data.encode()).decode(),
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3"}}],
        },
    )
    return str(image["Parameter"]["Value"])


def balancer(net: Network) -> tuple[str, str, str]:
    elbv2 = boto3.client("elbv2")
    group = elbv2.create_target_group(
        Name=f"{NAME}-nlb-tg", Protocol="TCP", Port=8000, VpcId=net.vpc_id, TargetType="instance",
        HealthCheckProtocol="TCP",
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    made = elbv2.create_load_balancer(Name=f"{NAME}-nlb", Type="network", Scheme="internal", Subnets=net.subnet_ids)
    arn, dns_name = made["LoadBalancers"][0]["LoadBalancerArn"], made["LoadBalancers"][0]["DNSName"]
    elbv2.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 1})
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=8000, DefaultActions=forward)
    return arn, dns_name, group


def service(target_group: str) -> None:
    ecs, logs = boto3.client("ecs"), boto3.client("logs")
    logs.create_log_group(logGroupName=f"/ecs/{NAME}-service")
    ecs.create_cluster(clusterName=f"{NAME}-service-cluster")
    options = {"awslogs-group": f"/ecs/{NAME}-service", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "x"}
    ecs.register_task_definition(
        family=f"{NAME}-service",
        networkMode="bridge",
        requiresCompatibilities=["EC2"],
        containerDefinitions=[{**CONTAINER, "logConfiguration": {"logDriver": "awslogs", "options": options}}],
    )
    ecs.create_service(
        cluster=f"{NAME}-service-cluster",
        serviceName=f"{NAME}-service",
        taskDefinition=f"{NAME}-service:1",
        desiredCount=0,
        launchType="EC2",
        loadBalancers=[{"targetGroupArn": target_group, "containerName": "vllm", "containerPort": 8000}],
    )


def gateway(balancer_arn: str, dns_name: str) -> dict[str, str]:
    gw, logs = boto3.client("apigateway"), boto3.client("logs")
    link = gw.create_vpc_link(name=f"{NAME}-vpc-link", targetArns=[balancer_arn])["id"]
    api = gw.create_rest_api(name=f"{NAME}-rest-api", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    parent = gw.get_resources(restApiId=api)["items"][0]["id"]
    for part in ("v1", "chat", "completions"):
        parent = gw.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
    gw.put_method(restApiId=api, resourceId=parent, httpMethod="POST", authorizationType="NONE", apiKeyRequired=True)
    gw.put_integration(
        restApiId=api, resourceId=parent, httpMethod="POST", type="HTTP_PROXY", integrationHttpMethod="POST",
        uri=f"http://{dns_name}:8000/v1/chat/completions", connectionType="VPC_LINK", connectionId=link,
    )  # fmt: skip
    gw.create_deployment(restApiId=api, stageName="prod")
    plan = gw.create_usage_plan(
        name=f"{NAME}-usage-plan",
        throttle={"rateLimit": 5, "burstLimit": 20},
        quota={"limit": 5000, "period": "DAY"},
        apiStages=[{"apiId": api, "stage": "prod"}],
    )["id"]
    key = gw.create_api_key(name=f"{NAME}-client", enabled=True)["id"]
    gw.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    for name in (f"/aws/apigateway/{NAME}-rest-api/prod", f"/aws/apigwv2/{NAME}-http-api"):
        logs.create_log_group(logGroupName=name)
    return {
        "llm_gateway_api_id": api,
        "llm_gateway_vpc_link_id": link,
        "llm_gateway_usage_plan_id": plan,
        "llm_gateway_key_id": key,
    }


def main() -> int:
    net = network()
    image = host(net)
    balancer_arn, dns_name, target_group = balancer(net)
    service(target_group)
    ids = {
        "llm_network_vpc_id": net.vpc_id,
        "llm_network_subnet_ids": net.subnet_ids,
        "llm_host_image_id": image,
        **gateway(balancer_arn, dns_name),
    }
    json.dump(ids, sys.stdout, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
