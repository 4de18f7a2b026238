"""GetResources of the Resource Groups Tagging API: what it finds, and how it is asked."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from helpers import refused

from lab.context import ACCOUNT_ID, LabContext

MARK = {"central-llm:stack": "central-llm"}
UPPER = [{"Key": key, "Value": value} for key, value in MARK.items()]
LOWER = [{"key": key, "value": value} for key, value in MARK.items()]
FILTER = [{"Key": "central-llm:stack", "Values": ["central-llm"]}]


@pytest.fixture
def tagging(lab: LabContext) -> t.Any:
    return lab.client("resourcegroupstaggingapi")


def found(tagging: t.Any, **request: t.Any) -> set[str]:
    pages = tagging.get_paginator("get_resources").paginate(**{"TagFilters": FILTER, **request})
    arns = [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]
    assert len(arns) == len(set(arns))
    return set(arns)


def of_kind(kind: str) -> list[dict[str, t.Any]]:
    return [{"ResourceType": kind, "Tags": UPPER}]


def at(service: str, resource: str, account: str = ACCOUNT_ID) -> str:
    return f"arn:aws:{service}:eu-central-1:{account}:{resource}"


def a_role(lab: LabContext, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = lab.client("iam").create_role(RoleName=service, AssumeRolePolicyDocument=document, Tags=UPPER)["Role"][
        "Arn"
    ]
    return arn


def a_network(ec2: t.Any) -> dict[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=of_kind("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", TagSpecifications=of_kind("subnet"))
    group = ec2.create_security_group(
        GroupName="g", Description="d", VpcId=vpc, TagSpecifications=of_kind("security-group")
    )
    return {"vpc": vpc, "subnet": subnet["Subnet"]["SubnetId"], "security-group": group["GroupId"]}


def test_the_network_of_ec2(lab: LabContext, tagging: t.Any) -> None:
    ec2 = lab.client("ec2")
    made = a_network(ec2)
    rule = ec2.authorize_security_group_ingress(
        GroupId=made["security-group"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        TagSpecifications=of_kind("security-group-rule"),
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    gateway = ec2.create_internet_gateway(TagSpecifications=of_kind("internet-gateway"))["InternetGateway"]
    table = ec2.create_route_table(VpcId=made["vpc"], TagSpecifications=of_kind("route-table"))["RouteTable"]
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=of_kind("elastic-ip"))["AllocationId"]
    nat = ec2.create_nat_gateway(
        SubnetId=made["subnet"], AllocationId=address, TagSpecifications=of_kind("natgateway")
    )["NatGateway"]["NatGatewayId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=made["vpc"], ServiceName="com.amazonaws.eu-central-1.s3", TagSpecifications=of_kind("vpc-endpoint")
    )["VpcEndpoint"]["VpcEndpointId"]
    more = {
        "security-group-rule": rule,
        "internet-gateway": gateway["InternetGatewayId"],
        "route-table": table["RouteTableId"],
        "elastic-ip": address,
        "natgateway": nat,
        "vpc-endpoint": endpoint,
    }
    wanted = {at("ec2", f"{kind}/{name}") for kind, name in {**made, **more}.items()}
    assert found(tagging) == wanted
    # Untagged, a resource is found no more; deleted, neither.
    ec2.delete_tags(Resources=[gateway["InternetGatewayId"]], Tags=[{"Key": "central-llm:stack"}])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert found(tagging) == wanted - {
        at("ec2", f"internet-gateway/{gateway['InternetGatewayId']}"),
        at("ec2", f"vpc-endpoint/{endpoint}"),
    }


def test_hosts_and_what_they_are_made_of(lab: LabContext, tagging: t.Any) -> None:
    ec2 = lab.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="t",
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small"},
        TagSpecifications=of_kind("launch-template"),
    )["LaunchTemplate"]["LaunchTemplateId"]
    fleet = ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"}}],
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
        TagSpecifications=[*of_kind("fleet"), *of_kind("instance"), *of_kind("volume")],
    )
    (instance,) = fleet["Instances"][0]["InstanceIds"]
    host = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    volume = host["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})
    own = ec2.create_image(
        InstanceId=instance, Name="own", TagSpecifications=[*of_kind("image"), *of_kind("snapshot")]
    )["ImageId"]
    snapshot = ec2.describe_images(ImageIds=[own])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    made = {
        "launch-template": template,
        "fleet": fleet["FleetId"],
        "instance": instance,
        "volume": volume,
        "image": own,
        "snapshot": snapshot,
    }
    wanted = {at("ec2", f"{kind}/{name}") for kind, name in made.items()}
    assert found(tagging) == wanted
    # What EC2 still describes is found: https://github.com/boto/boto3/issues/1704
    ec2.terminate_instances(InstanceIds=[instance])
    assert at("ec2", f"instance/{instance}") in found(tagging)
    assert at("ec2", f"volume/{volume}") not in found(tagging)


def test_balancers_and_services(lab: LabContext, tagging: t.Any) -> None:
    ec2, elbv2, ecs = lab.client("ec2"), lab.client("elbv2"), lab.client("ecs")
    network = a_network(ec2)
    balancer = elbv2.create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=[network["subnet"]], Tags=UPPER
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = elbv2.create_target_group(Name="tg", Protocol="TCP", Port=8000, VpcId=network["vpc"], Tags=UPPER)
    group = group["TargetGroups"][0]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="TCP", Port=8000, DefaultActions=[action], Tags=UPPER
    )["Listeners"][0]["ListenerArn"]
    assert found(tagging, ResourceTypeFilters=["elasticloadbalancing"]) == {balancer, group, listener}
    assert found(tagging, ResourceTypeFilters=["elasticloadbalancing:listener"]) == {listener}
    assert found(tagging, ResourceTypeFilters=["elasticloadbalancing:loadbalancer/net"]) == {balancer}

    cluster = ecs.create_cluster(clusterName="c", tags=LOWER)["cluster"]["clusterArn"]
    definition = ecs.register_task_definition(
        family="engine", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}], tags=LOWER
    )["taskDefinition"]["taskDefinitionArn"]
    service = ecs.create_service(
        cluster="c", serviceName="s", taskDefinition="engine", desiredCount=0, launchType="EC2", tags=LOWER
    )["service"]["serviceArn"]
    assert found(tagging, ResourceTypeFilters=["ecs"]) == {cluster, definition, service}
    ecs.deregister_task_definition(taskDefinition=definition)
    assert definition in found(tagging)


def test_gateways(lab: LabContext, tagging: t.Any) -> None:
    gateway, second = lab.client("apigateway"), lab.client("apigatewayv2")
    network = a_network(lab.client("ec2"))
    balancer = lab.client("elbv2").create_load_balancer(
        Name="nlb", Type="network", Scheme="internal", Subnets=[network["subnet"]]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    api = gateway.create_rest_api(name="a", tags=MARK)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment, tags=MARK)
    key = gateway.create_api_key(name="k", tags=MARK)["id"]
    plan = gateway.create_usage_plan(name="p", tags=MARK)["id"]
    link = gateway.create_vpc_link(name="l", targetArns=[balancer], tags=MARK)["id"]
    link2 = second.create_vpc_link(Name="l", SubnetIds=[network["subnet"]], Tags=MARK)["VpcLinkId"]
    paths = {
        f"restapis/{api}",
        f"restapis/{api}/stages/live",
        f"apikeys/{key}",
        f"usageplans/{plan}",
        f"vpclinks/{link}",
        f"vpclinks/{link2}",
    }
    assert found(tagging, ResourceTypeFilters=["apigateway"]) == {at("apigateway", f"/{one}", "") for one in paths}
    assert found(tagging, ResourceTypeFilters=["apigateway:apikeys"]) == {at("apigateway", f"/apikeys/{key}", "")}


def test_what_else_a_stack_has(lab: LabContext, tagging: t.Any) -> None:
    lab.client("logs").create_log_group(logGroupName="/x/y", tags=MARK)
    queue = lab.client("sqs")
    queue.create_queue(QueueName="q", tags=MARK)
    topic = lab.client("sns").create_topic(Name="t", Tags=UPPER)["TopicArn"]
    table = lab.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=UPPER,
    )["TableDescription"]["TableArn"]
    secret = lab.client("secretsmanager").create_secret(Name="s", SecretString="x", Tags=UPPER)["ARN"]
    rule = lab.client("events").put_rule(Name="r", ScheduleExpression="rate(1 minute)", Tags=UPPER)["RuleArn"]
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Tags=UPPER,
    )
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="b-u-c-k-e-t", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_tagging(Bucket="b-u-c-k-e-t", Tagging={"TagSet": UPPER})
    stream = lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="d",
        ExtendedS3DestinationConfiguration={
            "RoleARN": a_role(lab, "firehose"),
            "BucketARN": "arn:aws:s3:::b-u-c-k-e-t",
        },
        Tags=UPPER,
    )["DeliveryStreamARN"]
    repository = lab.client("ecr").create_repository(repositoryName="r/s", tags=UPPER)["repository"]["repositoryArn"]
    wafv2 = lab.client("wafv2")
    addresses = wafv2.create_ip_set(Name="i", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=[], Tags=UPPER)
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    acl = wafv2.create_web_acl(
        Name="w", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[], Tags=UPPER
    )
    function = a_function(lab)
    wanted = {
        at("logs", "log-group:/x/y"),
        at("sqs", "q"),
        topic,
        table,
        secret,
        rule,
        at("cloudwatch", "alarm:a"),
        "arn:aws:s3:::b-u-c-k-e-t",
        stream,
        repository,
        addresses["Summary"]["ARN"],
        acl["Summary"]["ARN"],
        function,
    }
    # The roles are tagged, too, and not found.
    assert found(tagging) == wanted
    assert found(tagging, ResourceTypeFilters=["s3:bucket", "sqs:queue", "sns"]) == {
        "arn:aws:s3:::b-u-c-k-e-t",
        at("sqs", "q"),
        topic,
    }
    lab.client("secretsmanager").delete_secret(SecretId="s", RecoveryWindowInDays=7)
    assert secret in found(tagging)
    lab.client("secretsmanager").restore_secret(SecretId="s")
    lab.client("secretsmanager").delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    assert secret not in found(tagging)


def a_function(lab: LabContext) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context): return 1")
    arn: str = lab.client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=a_role(lab, "lambda"),
        Handler="f.handler",
        Code={"ZipFile": packed.getvalue()},
        Tags=MARK,
    )["FunctionArn"]
    return arn


def test_each_region_has_its_own_and_one_the_global_ones(lab: LabContext, tagging: t.Any) -> None:
    lab.client("iam").create_instance_profile(InstanceProfileName="p", Tags=UPPER)
    body = json.dumps({"widgets": []})
    lab.client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody=body, Tags=UPPER)
    s3 = lab.client("s3", region="eu-west-1")
    s3.create_bucket(Bucket="b-u-c-k-e-t", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_tagging(Bucket="b-u-c-k-e-t", Tagging={"TagSet": UPPER})
    assert found(tagging) == set()
    elsewhere = {name: lab.client("resourcegroupstaggingapi", region=name) for name in ("us-east-1", "eu-west-1")}
    assert found(elsewhere["eu-west-1"]) == {"arn:aws:s3:::b-u-c-k-e-t"}
    assert found(elsewhere["us-east-1"]) == {
        f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/p",
        f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/d",
    }


def test_tags_are_filtered_by_all_keys_and_any_of_their_values(lab: LabContext, tagging: t.Any) -> None:
    logs = lab.client("logs")
    for name, tags in {"a": {"k": "1", "l": "1"}, "b": {"k": "2", "l": ""}, "c": {"K": "1"}, "d": {}}.items():
        logs.create_log_group(logGroupName=name, **({"tags": tags} if tags else {}))

    def names(*filters: dict[str, t.Any]) -> str:
        return "".join(sorted(arn[-1] for arn in found(tagging, TagFilters=list(filters))))

    assert names({"Key": "k", "Values": ["1"]}) == "a"
    assert names({"Key": "k", "Values": ["1", "2"]}) == "ab"
    assert names({"Key": "l"}) == names({"Key": "l", "Values": []}) == "ab"
    assert names({"Key": "k"}, {"Key": "l", "Values": [""]}) == "b"
    assert names({"Key": "none"}) == ""
    assert names() == "abc"
    (first,) = tagging.get_resources(ResourceARNList=[at("logs", "log-group:a")])["ResourceTagMappingList"]
    assert first["Tags"] == [{"Key": "k", "Value": "1"}, {"Key": "l", "Value": "1"}]


def test_pages(lab: LabContext, tagging: t.Any) -> None:
    logs = lab.client("logs")
    for number in range(7):
        logs.create_log_group(logGroupName=f"g{number}", tags={"k": "v", "l": "v"})
    whole = tagging.get_resources()
    every = [each["ResourceARN"] for each in whole["ResourceTagMappingList"]]
    assert (len(every), whole["PaginationToken"]) == (7, "")
    first = tagging.get_resources(ResourcesPerPage=3)
    assert [each["ResourceARN"] for each in first["ResourceTagMappingList"]] == every[:3]
    # What goes in between moves nothing, and a token is good for more than once.
    logs.delete_log_group(logGroupName="g0")
    for _again in range(2):
        second = tagging.get_resources(ResourcesPerPage=4, PaginationToken=first["PaginationToken"])
        assert [each["ResourceARN"] for each in second["ResourceTagMappingList"]] == every[3:]
        assert second["PaginationToken"] == ""
    requests.post(f"{lab.endpoint_url}/_lab/clock", json={"advance_seconds": 16 * 60}, timeout=10).raise_for_status()
    expired = {"PaginationToken": first["PaginationToken"]}
    assert refused(tagging.get_resources, **expired) == "PaginationTokenExpiredException"


@pytest.mark.parametrize(
    "request_",
    [
        {"ResourcesPerPage": 101},
        {"ResourcesPerPage": 0},
        {"TagsPerPage": 99},
        {"PaginationToken": "nonsense"},
        {"ResourceARNList": [at("sqs", "q")], "TagFilters": [{"Key": "k"}]},
        {"ResourceARNList": [at("sqs", "q")], "ResourcesPerPage": 5},
        {"TagFilters": [{"Key": "k", "Values": ["v"] * 21}]},
        {"ExcludeCompliantResources": True},
    ],
)
def test_what_makes_no_sense_is_refused(tagging: t.Any, request_: dict[str, t.Any]) -> None:
    assert refused(tagging.get_resources, **request_) == "InvalidParameterException"


def test_a_caller_needs_the_action(lab: LabContext) -> None:
    iam = lab.client("iam")

    def client(*actions: str) -> t.Any:
        name = f"user-{len(actions)}"
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": ["logs:*", *actions], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.client(
            "resourcegroupstaggingapi",
            endpoint_url=lab.endpoint_url,
            region_name=lab.region,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    with pytest.raises(ClientError, match="tag:GetResources") as caught:
        client().get_resources()
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert client("tag:GetResources").get_resources()["ResourceTagMappingList"] == []


def test_the_tags_of_an_instance_profile(lab: LabContext) -> None:
    iam = lab.client("iam")
    tags = [{"Key": key, "Value": "v"} for key in "cab"]
    iam.create_instance_profile(InstanceProfileName="p", Tags=tags)
    first = iam.list_instance_profile_tags(InstanceProfileName="p", MaxItems=2)
    assert ([tag["Key"] for tag in first["Tags"]], first["IsTruncated"]) == (["a", "b"], True)
    rest = iam.list_instance_profile_tags(InstanceProfileName="p", Marker=first["Marker"])
    assert (rest["Tags"], rest["IsTruncated"]) == ([tags[0]], False)
    assert refused(iam.list_instance_profile_tags, InstanceProfileName="q") == "NoSuchEntity"
