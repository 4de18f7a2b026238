from __future__ import annotations

import base64
import typing as t

import pytest

NAME = "central-llm-launch-template"
PROFILE = "arn:aws:iam::123456789012:instance-profile/central-llm-host"
OPTIONS: dict[str, t.Any] = {
    "name": NAME,
    "image_id": "ami-0ea47fea769e59918",
    "instance_type": "g6e.2xlarge",
    "instance_profile_arn": PROFILE,
    "security_group_ids": ["sg-01348191cf1b4bc37", "sg-0ee960237203b60e9"],
    "user_data": "#!/bin/bash\necho ECS_CLUSTER=central-llm ä >> /etc/ecs/ecs.config\n",
    "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1, "http_endpoint": "enabled"},
    "block_devices": [
        {
            "device_name": "/dev/xvda",
            "volume_size": 100,
            "volume_type": "gp3",
            "throughput": 500,
            "encrypted": True,
            "delete_on_termination": True,
            "volume_initialization_rate": 300,
        }
    ],
    "shutdown_behavior": "terminate",
    "instance_tags": {"Name": "central-llm-ec2", "central-llm:stack": "central-llm"},
    "volume_tags": {"central-llm:stack": "central-llm"},
    "tags": {"central-llm:stack": "central-llm"},
}


@pytest.fixture
def launch_template(run_module: t.Any) -> t.Any:
    return run_module("launch_template")


@pytest.fixture
def ec2(lab: t.Any) -> t.Any:
    return lab.client("ec2")


def read_back(ec2: t.Any) -> dict[str, t.Any] | None:
    found = ec2.describe_launch_templates(Filters=[{"Name": "launch-template-name", "Values": [NAME]}])
    return next(iter(found["LaunchTemplates"]), None)


def data_of(ec2: t.Any, version: str = "$Latest") -> dict[str, t.Any]:
    found = ec2.describe_launch_template_versions(LaunchTemplateName=NAME, Versions=[version])
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def numbers(ec2: t.Any) -> list[int]:
    found = ec2.describe_launch_template_versions(LaunchTemplateName=NAME)["LaunchTemplateVersions"]
    return sorted(version["VersionNumber"] for version in found)


def without_image() -> dict[str, t.Any]:
    return {option: value for option, value in OPTIONS.items() if option != "image_id"}


def test_create_and_create_again(launch_template: t.Any, ec2: t.Any) -> None:
    outcome = launch_template.predicted(**OPTIONS)
    assert outcome.changed
    data = data_of(ec2)
    assert data["ImageId"] == OPTIONS["image_id"]
    assert data["IamInstanceProfile"] == {"Arn": PROFILE}
    assert base64.b64decode(data["UserData"]).decode() == OPTIONS["user_data"]
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert data["BlockDeviceMappings"][0]["Ebs"]["VolumeInitializationRate"] == 300
    assert {item["ResourceType"] for item in data["TagSpecifications"]} == {"instance", "volume"}
    assert read_back(ec2)["Tags"] == [{"Key": "central-llm:stack", "Value": "central-llm"}]
    again = launch_template.settled(**OPTIONS)
    assert again["launch_template"] == outcome["launch_template"]
    assert numbers(ec2) == [1]


def test_the_image_of_a_parameter_is_resolved_once_and_then_kept(
    launch_template: t.Any, ec2: t.Any, lab: t.Any, faults: t.Any
) -> None:
    ssm = lab.client("ssm")
    ssm.put_parameter(Name="/images/gpu", Value="ami-0aaaaaaaaaaaaaaaa", Type="String")
    asked = {**without_image(), "image_parameter": "/images/gpu"}
    launch_template.predicted(**asked)
    assert data_of(ec2)["ImageId"] == "ami-0aaaaaaaaaaaaaaaa"
    document = '{"image_id": "ami-0bbbbbbbbbbbbbbbb", "os": "Amazon Linux 2023"}'
    ssm.put_parameter(Name="/images/gpu", Value=document, Type="String", Overwrite=True)
    faults.forget_calls()
    launch_template.settled(**asked)
    assert "GetParameter" not in faults.calls()
    assert launch_template.predicted(**asked, refresh_image=True).changed
    assert data_of(ec2)["ImageId"] == "ami-0bbbbbbbbbbbbbbbb" and numbers(ec2) == [1, 2]
    launch_template.settled(**asked, refresh_image=True)


def test_a_parameter_that_names_no_image_is_refused(
    launch_template: t.Any, ec2: t.Any, lab: t.Any, faults: t.Any
) -> None:
    asked = without_image()
    assert "no parameter /images/none" in launch_template.refused(**asked, image_parameter="/images/none")
    lab.client("ssm").put_parameter(Name="/images/odd", Value='{"image_id": 7}', Type="String")
    assert "does not hold" in launch_template.refused(**asked, image_parameter="/images/odd")
    assert "mutually exclusive" in launch_template.refused(**OPTIONS, image_parameter="/images/odd")
    faults.add("ssm", "GetParameter", "AccessDeniedException", status=400)
    assert "ssm:GetParameter" in launch_template.refused(**asked, image_parameter="/images/odd")
    assert read_back(ec2) is None


def test_check_mode_creates_nothing(launch_template: t.Any, ec2: t.Any) -> None:
    assert launch_template.ok(check=True, **OPTIONS).changed
    assert read_back(ec2) is None


def test_one_change_makes_one_version_and_the_rest_stays(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    first = data_of(ec2)
    outcome = launch_template.predicted(name=NAME, image_id="ami-0123456789abcdef0")
    assert outcome["diff"]["before"]["data"]["image_id"] == OPTIONS["image_id"]
    assert outcome["diff"]["after"]["data"]["image_id"] == "ami-0123456789abcdef0"
    assert data_of(ec2) == {**first, "ImageId": "ami-0123456789abcdef0"}
    assert read_back(ec2)["DefaultVersionNumber"] == 2
    launch_template.settled(name=NAME)
    assert numbers(ec2) == [1, 2]


def test_lists_in_another_order_are_the_same(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    launch_template.settled(**{**OPTIONS, "security_group_ids": OPTIONS["security_group_ids"][::-1]})
    assert numbers(ec2) == [1]


def test_one_parameter_of_a_device_changes_and_its_others_stay(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    devices = [{"device_name": "/dev/xvda", "volume_size": 200, "volume_initialization_rate": 0}]
    assert launch_template.predicted(name=NAME, block_devices=devices).changed
    ebs = data_of(ec2)["BlockDeviceMappings"][0]["Ebs"]
    assert ebs == {
        "VolumeSize": 200,
        "VolumeType": "gp3",
        "Throughput": 500,
        "Encrypted": True,
        "DeleteOnTermination": True,
    }


def test_empty_values_remove(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    emptied = {
        "instance_profile_arn": "",
        "user_data": "",
        "security_group_ids": [],
        "block_devices": [],
        "volume_tags": {},
    }
    assert launch_template.predicted(name=NAME, **emptied).changed
    data = data_of(ec2)
    for member in ("IamInstanceProfile", "UserData", "SecurityGroupIds", "BlockDeviceMappings"):
        assert not data.get(member)
    assert [item["ResourceType"] for item in data["TagSpecifications"]] == ["instance"]
    launch_template.settled(name=NAME, **emptied)


def test_what_others_put_into_the_template_is_carried_over(launch_template: t.Any, ec2: t.Any) -> None:
    ec2.create_launch_template(
        LaunchTemplateName=NAME,
        LaunchTemplateData={
            "ImageId": "ami-0123456789abcdef0",
            "EbsOptimized": True,
            "CreditSpecification": {"CpuCredits": "standard"},
            "NetworkInterfaces": [
                {"DeviceIndex": 1, "Groups": ["sg-0aaaaaaa"]},
                {"DeviceIndex": 0, "Groups": ["sg-0bbbbbbb"], "AssociatePublicIpAddress": False},
            ],
        },
    )
    launch_template.settled(name=NAME, security_group_ids=["sg-0bbbbbbb"])
    assert launch_template.predicted(name=NAME, instance_type="g6e.xlarge", security_group_ids=["sg-0cccccccc"]).changed
    data = data_of(ec2)
    assert data["EbsOptimized"] is True and data["CreditSpecification"] == {"CpuCredits": "standard"}
    assert [interface["Groups"] for interface in data["NetworkInterfaces"]] == [["sg-0aaaaaaa"], ["sg-0cccccccc"]]
    assert "SecurityGroupIds" not in data or not data["SecurityGroupIds"]


def test_a_public_address_needs_an_interface_and_the_groups_move_there(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    outcome = launch_template.predicted(name=NAME, associate_public_ip_address=False)
    assert outcome["diff"]["before"]["data"]["associate_public_ip_address"] is None
    assert outcome["diff"]["after"]["data"]["associate_public_ip_address"] is False
    groups = outcome["launch_template"]["data"]["security_group_ids"]
    assert groups == sorted(OPTIONS["security_group_ids"])
    data = data_of(ec2)
    (interface,) = data["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False and interface["DeviceIndex"] == 0
    assert sorted(interface["Groups"]) == groups and not data.get("SecurityGroupIds")
    launch_template.settled(**OPTIONS, associate_public_ip_address=False)
    launch_template.settled(**OPTIONS)
    assert launch_template.predicted(name=NAME, associate_public_ip_address=True, security_group_ids=["sg-0aaaaaaa"])
    (interface,) = data_of(ec2)["NetworkInterfaces"]
    assert (interface["AssociatePublicIpAddress"], interface["Groups"]) == (True, ["sg-0aaaaaaa"])
    assert numbers(ec2) == [1, 2, 3]


def test_a_template_is_made_with_an_interface_of_its_own(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.predicted(**OPTIONS, associate_public_ip_address=True)
    launch_template.settled(**OPTIONS, associate_public_ip_address=True)
    assert data_of(ec2)["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is True
    assert numbers(ec2) == [1]


@pytest.mark.parametrize(
    ("data", "associate", "expected"),
    [
        ({"NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "eni-0a1b2c3d"}]}, False, "that exists"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0}, {"DeviceIndex": 1}]}, True, "2 network interfaces"),
        ({"SecurityGroups": ["by-hand"]}, False, "Give security_group_ids, too"),
    ],
)
def test_a_public_address_that_the_template_has_no_place_for_is_refused(
    launch_template: t.Any, ec2: t.Any, data: dict[str, t.Any], associate: bool, expected: str
) -> None:
    ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData={"InstanceType": "g6e.xlarge", **data})
    assert expected in launch_template.refused(check=True, name=NAME, associate_public_ip_address=associate)
    assert numbers(ec2) == [1]


def test_groups_by_name_give_way_to_groups_by_id(launch_template: t.Any, ec2: t.Any) -> None:
    data = {"InstanceType": "g6e.xlarge", "SecurityGroups": ["by-hand"]}
    ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data)
    assert launch_template.predicted(name=NAME, security_group_ids=["sg-0aaaaaaa"], associate_public_ip_address=False)
    now = data_of(ec2)
    assert not now.get("SecurityGroups") and not now.get("SecurityGroupIds")
    assert now["NetworkInterfaces"][0]["Groups"] == ["sg-0aaaaaaa"]


def test_the_default_version_stays_on_request(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    launch_template.predicted(name=NAME, instance_type="g6e.4xlarge", default="unchanged")
    assert read_back(ec2)["DefaultVersionNumber"] == 1
    launch_template.settled(name=NAME, default="unchanged")
    assert launch_template.predicted(name=NAME).changed
    assert read_back(ec2)["DefaultVersionNumber"] == 2
    assert numbers(ec2) == [1, 2]


def test_old_versions_are_pruned_but_never_the_default(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    for instance_type in ("g6e.4xlarge", "g6e.8xlarge", "g6e.xlarge"):
        launch_template.ok(name=NAME, instance_type=instance_type, default="unchanged")
    assert launch_template.predicted(name=NAME, default="unchanged", keep_versions=2).changed
    assert numbers(ec2) == [1, 3, 4]
    launch_template.settled(name=NAME, default="unchanged", keep_versions=2)
    outcome = launch_template.predicted(name=NAME, instance_type="g6e.2xlarge", keep_versions=1)
    assert outcome["launch_template"]["versions"] == [5] == numbers(ec2)


def test_tags_of_the_template(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**{**OPTIONS, "tags": {"foreign": "yes"}})
    launch_template.predicted(name=NAME, tags={"ours": "1"})
    assert {tag["Key"] for tag in read_back(ec2)["Tags"]} == {"foreign", "ours"}
    launch_template.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True)
    assert read_back(ec2)["Tags"] == [{"Key": "ours", "Value": "1"}]
    assert numbers(ec2) == [1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"metadata_options": {"http_put_response_hop_limit": 65}}, "1 to 64"),
        ({"metadata_options": {"http_tokens": "never"}}, "http_tokens"),
        ({"block_devices": [{"device_name": "xvda1/"}]}, "device_name"),
        ({"block_devices": [{"device_name": "/dev/xvda"}, {"device_name": "/dev/xvda"}]}, "more than once"),
        ({"block_devices": [{"device_name": "/dev/xvda", "throughput": 100}]}, "125 to 2000"),
        ({"block_devices": [{"device_name": "/dev/xvda", "throughput": 1000}]}, "iops of at least 4000"),
        ({"block_devices": [{"device_name": "/dev/xvda", "volume_type": "gp2", "throughput": 200}]}, "only gp3"),
        ({"block_devices": [{"device_name": "/dev/xvda", "volume_initialization_rate": 400}]}, "100 to 300"),
        ({"block_devices": [{"device_name": "/dev/xvda", "kms_key_id": "alias/x", "encrypted": False}]}, "encrypted"),
        ({"image_id": "al2023"}, "image_id"),
        ({"security_group_ids": ["default"]}, "security_group_ids"),
        ({"user_data": "ä" * 8193}, "16384"),
        ({"keep_versions": 0}, "keep_versions"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    launch_template: t.Any, faults: t.Any, options: dict[str, t.Any], expected: str
) -> None:
    launch_template.ok(**OPTIONS)
    faults.forget_calls()
    assert expected in launch_template.refused(name=NAME, **options)
    assert all(call.startswith("Describe") for call in faults.calls())


def test_a_template_of_nothing_is_refused(launch_template: t.Any, ec2: t.Any) -> None:
    assert "no option says" in launch_template.refused(name=NAME)
    assert read_back(ec2) is None


def test_a_denial_names_the_missing_action_and_the_next_run_finishes(
    launch_template: t.Any, ec2: t.Any, faults: t.Any
) -> None:
    launch_template.ok(**OPTIONS)
    faults.add("ec2", "ModifyLaunchTemplate", "UnauthorizedOperation", status=403)
    message = launch_template.refused(name=NAME, instance_type="g6e.4xlarge")
    assert "ec2:ModifyLaunchTemplate" in message
    assert read_back(ec2)["DefaultVersionNumber"] == 1
    assert launch_template.predicted(name=NAME, instance_type="g6e.4xlarge").changed
    assert read_back(ec2)["DefaultVersionNumber"] == 2
    assert numbers(ec2) == [1, 2]


def test_throttling_is_ridden_out(launch_template: t.Any, ec2: t.Any, faults: t.Any) -> None:
    faults.add("ec2", "CreateLaunchTemplate", "RequestLimitExceeded", status=503, times=2)
    assert launch_template.ok(**OPTIONS).changed
    assert read_back(ec2)


def test_delete_and_delete_again(launch_template: t.Any, ec2: t.Any) -> None:
    launch_template.ok(**OPTIONS)
    assert launch_template.predicted(name=NAME, state="absent").changed
    assert read_back(ec2) is None
    launch_template.settled(name=NAME, state="absent")
