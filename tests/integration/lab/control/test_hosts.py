"""Launch templates, instances, instant fleets, offerings, images, security groups."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from helpers import eventually, refused

from lab.context import LabContext

GPU_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended"
TYPE = "g6e.2xlarge"


@pytest.fixture
def ec2(lab: LabContext) -> t.Any:
    return lab.client("ec2")


@pytest.fixture
def image(lab: LabContext) -> str:
    return str(lab.client("ssm").get_parameter(Name=f"{GPU_IMAGE}/image_id")["Parameter"]["Value"])


@pytest.fixture
def subnets(ec2: t.Any) -> dict[str, dict[str, str]]:
    """By zone id."""
    return {subnet["AvailabilityZoneId"]: subnet for subnet in ec2.describe_subnets()["Subnets"]}


@pytest.fixture
def template(lab: LabContext, ec2: t.Any, image: str, subnets: dict[str, dict[str, str]]) -> str:
    lab.client("iam").create_instance_profile(InstanceProfileName="host")
    vpc = next(iter(subnets.values()))["VpcId"]
    group = ec2.create_security_group(GroupName="host", Description="d", VpcId=vpc)["GroupId"]
    tags = [{"Key": "Name", "Value": "host"}]
    ec2.create_launch_template(
        LaunchTemplateName="template",
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "stack", "Value": "s"}]}],
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": TYPE,
            "IamInstanceProfile": {"Name": "host"},
            "SecurityGroupIds": [group],
            "UserData": "aGVsbG8=",
            "InstanceInitiatedShutdownBehavior": "terminate",
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {
                        "VolumeSize": 100,
                        "VolumeType": "gp3",
                        "Throughput": 500,
                        "VolumeInitializationRate": 300,
                    },
                }
            ],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": tags},
                {"ResourceType": "volume", "Tags": tags},
            ],
        },
    )
    return "template"


def run(ec2: t.Any, **more: t.Any) -> t.Any:
    return ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "template"}, MinCount=1, MaxCount=1, **more)


def described(ec2: t.Any, instance_id: str) -> t.Any:
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def tags_of(resource: t.Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource["Tags"]}


def fleet(ec2: t.Any, overrides: list[dict[str, t.Any]], **more: t.Any) -> t.Any:
    specification = {"LaunchTemplateName": "template", "Version": "$Default"}
    return ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": specification, "Overrides": overrides}],
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
        **more,
    )


def test_the_gpu_image_is_published_and_there(lab: LabContext, ec2: t.Any, image: str) -> None:
    document = json.loads(lab.client("ssm").get_parameter(Name=GPU_IMAGE)["Parameter"]["Value"])
    assert document["image_id"] == image
    root = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]
    assert (root["DeviceName"], root["Ebs"]["VolumeSize"]) == ("/dev/xvda", 30)


def test_a_gpu_type_is_known_and_offered_in_two_zones(ec2: t.Any) -> None:
    kind = ec2.describe_instance_types(InstanceTypes=[TYPE])["InstanceTypes"][0]
    assert kind["GpuInfo"]["Gpus"][0]["Name"] == "L40S"
    offers = ec2.describe_instance_type_offerings(
        LocationType="availability-zone-id", Filters=[{"Name": "instance-type", "Values": [TYPE]}]
    )["InstanceTypeOfferings"]
    assert {offer["Location"] for offer in offers} == {"euc1-az1", "euc1-az2"}


def test_template_versions_build_on_each_other(ec2: t.Any, template: str, image: str) -> None:
    shown = ec2.describe_launch_templates(LaunchTemplateNames=[template])["LaunchTemplates"][0]
    assert tags_of(shown) == {"stack": "s"}
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 200}}]
    second = ec2.create_launch_template_version(
        LaunchTemplateName=template, SourceVersion="1", LaunchTemplateData={"BlockDeviceMappings": mapping}
    )["LaunchTemplateVersion"]["LaunchTemplateData"]
    assert second["ImageId"] == image
    assert second["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 200
    assert second["BlockDeviceMappings"][0]["Ebs"]["Throughput"] == 500
    kinds = {one["ResourceType"] for one in second["TagSpecifications"]}
    assert kinds == {"instance", "volume"}
    answer = ec2.delete_launch_template_versions(LaunchTemplateName=template, Versions=["1", "2"])
    assert [one["VersionNumber"] for one in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    assert [one["VersionNumber"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    code = refused(ec2.describe_launch_template_versions, LaunchTemplateName=template, Versions=["2"])
    assert code == "InvalidLaunchTemplateId.VersionNotFound"


def test_a_host_is_what_its_template_says(ec2: t.Any, template: str, subnets: dict[str, dict[str, str]]) -> None:
    made = run(ec2, SubnetId=subnets["euc1-az1"]["SubnetId"])["Instances"][0]
    host = eventually(lambda: described(ec2, made["InstanceId"]), lambda one: one["State"]["Name"] == "running")
    assert host["IamInstanceProfile"]["Arn"].endswith(":instance-profile/host")
    assert host["MetadataOptions"]["HttpTokens"] == "required"
    assert host["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert [group["GroupName"] for group in host["SecurityGroups"]] == ["host"]
    assert tags_of(host)["Name"] == "host"
    assert tags_of(host)["aws:ec2launchtemplate:version"] == "1"
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [made["InstanceId"]]}])
    [volume] = volumes["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Throughput"]) == (100, "gp3", 500)
    assert (volume["VolumeInitializationRate"], tags_of(volume)) == (300, {"Name": "host"})
    assert volume["Attachments"][0]["DeleteOnTermination"] is True
    behaviour = ec2.describe_instance_attribute(
        InstanceId=made["InstanceId"], Attribute="instanceInitiatedShutdownBehavior"
    )
    assert behaviour["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"


def test_a_host_ends_step_by_step(ec2: t.Any, template: str) -> None:
    made = run(ec2)["Instances"][0]["InstanceId"]
    change = ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"][0]
    assert change["CurrentState"]["Name"] == "shutting-down"
    eventually(lambda: described(ec2, made)["State"]["Name"], lambda state: state == "terminated")
    again = ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"][0]
    assert again["CurrentState"]["Name"] == "terminated"


def test_a_client_token_starts_one_host(ec2: t.Any, template: str) -> None:
    first = run(ec2, ClientToken="token")["Instances"][0]["InstanceId"]
    assert run(ec2, ClientToken="token")["Instances"][0]["InstanceId"] == first
    launch = {"LaunchTemplate": {"LaunchTemplateName": "template"}, "MinCount": 1, "ClientToken": "token"}
    assert refused(ec2.run_instances, **launch, MaxCount=2) == "IdempotentParameterMismatch"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound"),
        ({"DryRun": True}, "DryRunOperation"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}]},
         "InvalidBlockDeviceMapping"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Throughput": 2001}}]},
         "InvalidParameterValue"),
        ({"LaunchTemplate": {"LaunchTemplateName": "nobody"}}, "InvalidLaunchTemplateName.NotFoundException"),
    ],
)  # fmt: skip
def test_what_cannot_be_launched(ec2: t.Any, template: str, more: dict[str, t.Any], code: str) -> None:
    launch = {"LaunchTemplate": {"LaunchTemplateName": template}, "MinCount": 1, "MaxCount": 1, **more}
    assert refused(ec2.run_instances, **launch) == code
    assert ec2.describe_instances()["Reservations"] == []


def test_a_fleet_goes_through_its_overrides(ec2: t.Any, template: str, subnets: dict[str, dict[str, str]]) -> None:
    nowhere, somewhere = subnets["euc1-az3"]["SubnetId"], subnets["euc1-az2"]["SubnetId"]
    answer = fleet(ec2, [{"SubnetId": nowhere}, {"SubnetId": somewhere, "InstanceType": "g6e.4xlarge"}])
    assert [error["ErrorCode"] for error in answer["Errors"]] == ["InvalidFleetConfiguration"]
    assert answer["Errors"][0]["LaunchTemplateAndOverrides"]["Overrides"]["SubnetId"] == nowhere
    [made] = answer["Instances"]
    host = described(ec2, made["InstanceIds"][0])
    assert (host["SubnetId"], host["InstanceType"]) == (somewhere, "g6e.4xlarge")
    assert tags_of(host)["aws:ec2:fleet-id"] == answer["FleetId"]


def test_a_fleet_without_capacity_says_so_and_starts_nothing(
    lab: LabContext, ec2: t.Any, template: str, subnets: dict[str, dict[str, str]]
) -> None:
    url = f"{lab.endpoint_url}/_lab/capacity"
    requests.post(url, json={"instance_type": TYPE}, timeout=10).raise_for_status()
    place = [{"SubnetId": subnets["euc1-az1"]["SubnetId"]}]
    answer = fleet(ec2, place)
    assert answer["Instances"] == []
    assert [error["ErrorCode"] for error in answer["Errors"]] == ["InsufficientInstanceCapacity"]
    assert ec2.describe_instances()["Reservations"] == []
    requests.post(url, json={"instance_type": TYPE, "available": True}, timeout=10).raise_for_status()
    assert len(fleet(ec2, place)["Instances"]) == 1


def test_a_prioritized_fleet_and_its_token(ec2: t.Any, template: str, subnets: dict[str, dict[str, str]]) -> None:
    overrides = [
        {"SubnetId": subnets["euc1-az1"]["SubnetId"], "Priority": 2.0},
        {"SubnetId": subnets["euc1-az2"]["SubnetId"], "Priority": 1.0},
    ]
    more = {"OnDemandOptions": {"AllocationStrategy": "prioritized"}, "ClientToken": "token"}
    first = fleet(ec2, overrides, **more)
    chosen = first["Instances"][0]["LaunchTemplateAndOverrides"]["Overrides"]
    assert chosen["SubnetId"] == subnets["euc1-az2"]["SubnetId"]
    assert fleet(ec2, overrides, **more)["FleetId"] == first["FleetId"]
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_all_new_rules_are_returned_and_used_groups_stay(ec2: t.Any, template: str) -> None:
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["host"]}])["SecurityGroups"][0]
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=group["VpcId"])["GroupId"]
    permissions = [
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "UserIdGroupPairs": [{"GroupId": other}]},
    ]
    answer = ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=permissions)
    assert {rule["FromPort"] for rule in answer["SecurityGroupRules"]} == {1, 8000}
    assert refused(ec2.delete_security_group, GroupId=other) == "DependencyViolation"
    run(ec2)
    assert refused(ec2.delete_security_group, GroupId=group["GroupId"]) == "DependencyViolation"
    unknown = [{**permissions[1], "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}]
    code = refused(ec2.authorize_security_group_ingress, GroupId=other, IpPermissions=unknown)
    assert code == "InvalidGroup.NotFound"


def test_interfaces_hold_subnet_and_groups(ec2: t.Any, image: str, subnets: dict[str, dict[str, str]]) -> None:
    """A plain launch refuses a subnet beside them; a fleet puts the subnet of its override into them."""
    subnet = subnets["euc1-az1"]
    group = ec2.create_security_group(GroupName="inner", Description="d", VpcId=subnet["VpcId"])["GroupId"]
    data = {
        "ImageId": image,
        "InstanceType": TYPE,
        "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False, "Groups": [group]}],
    }
    ec2.create_launch_template(LaunchTemplateName="interface", LaunchTemplateData=data)
    named = {"LaunchTemplateName": "interface", "Version": "$Default"}
    for more in ({"SubnetId": subnet["SubnetId"]}, {"SecurityGroupIds": [group]}):
        launch = {"LaunchTemplate": named, "MinCount": 1, "MaxCount": 1, **more}
        assert refused(ec2.run_instances, **launch) == "InvalidParameterCombination"
    started = ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[
            {
                "LaunchTemplateSpecification": named,
                "Overrides": [{"InstanceType": TYPE, "SubnetId": subnet["SubnetId"]}],
            }
        ],
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
    )
    assert started["Errors"] == []
    host = described(ec2, started["Instances"][0]["InstanceIds"][0])
    assert host["SubnetId"] == subnet["SubnetId"] and not host.get("PublicIpAddress")
    assert [one["GroupId"] for one in host["SecurityGroups"]] == [group]
    assert host["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is True


def test_a_registered_image_has_the_root_that_was_asked_for(ec2: t.Any, image: str) -> None:
    source = ec2.describe_images(ImageIds=[image])["Images"][0]
    snapshot = source["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    request = {
        "Name": "made-by-hand",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    }
    made = ec2.register_image(**request)["ImageId"]
    found = ec2.describe_images(ImageIds=[made])["Images"][0]
    assert found["RootDeviceName"] == "/dev/xvda"
    assert found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == snapshot
    assert refused(ec2.register_image, **request) == "InvalidAMIName.Duplicate"
    astray = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}]
    assert refused(ec2.register_image, **{**request, "Name": "other", "BlockDeviceMappings": astray}) == (
        "InvalidSnapshot.NotFound"
    )
