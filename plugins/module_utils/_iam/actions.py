# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which IAM actions a call needs: its own, and those that AWS checks besides because of what the call does. Pure.

An action of API Gateway is an HTTP verb on a path; it is written `apigateway:PATCH /restapis/*/stages/*` here.
"""

from __future__ import annotations

import re
import typing as t

_DOCS = "https://docs.aws.amazon.com/"


class Implied(t.NamedTuple):
    """An action that another one makes AWS check too."""

    action: str
    why: str
    source: str


_PASS_ROLE = _DOCS + "IAM/latest/UserGuide/id_roles_use_passrole.html"
_TAG_EC2 = _DOCS + "AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html"
_TAG_ECS = _DOCS + "AmazonECS/latest/developerguide/supported-iam-actions-tagging.html"
_TAG_ELB = _DOCS + "elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html"
_TAG_GATEWAY = _DOCS + "apigateway/latest/developerguide/apigateway-tagging-iam-policy.html"
_LINK_V1 = _DOCS + "apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html"
_EC2 = _DOCS + "service-authorization/latest/reference/list_amazonec2.html"
_DEREGISTER = _DOCS + "AWSEC2/latest/APIReference/API_DeregisterImage.html"
_FLEET = _DOCS + "AWSEC2/latest/UserGuide/ec2-fleet-prerequisites.html#ec2-fleet-iam-users"
_SPOT = _DOCS + "AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html"
_ROLE_ECS = _DOCS + "AmazonECS/latest/developerguide/using-service-linked-roles.html"
_ROLE_ELB = _DOCS + "elasticloadbalancing/latest/userguide/elb-service-linked-roles.html"
_WAF = _DOCS + "waf/latest/APIReference/API_AssociateWebACL.html"
_ROLE_GATEWAY = _DOCS + "apigateway/latest/developerguide/using-service-linked-roles.html"


def _tags(action: str, source: str) -> Implied:
    return Implied(action, "it is created with tags", source)


def _linked_role(source: str) -> Implied:
    return Implied("iam:CreateServiceLinkedRole", "the service's own role is made with its first resource", source)


_TAGS_EC2 = (_tags("ec2:CreateTags", _TAG_EC2),)
_TAGS_GATEWAY = (
    _tags("apigateway:POST /tags/*", _TAG_GATEWAY),
    _tags("apigateway:PUT /tags/*", _TAG_GATEWAY),
)
_ENDPOINT_SERVICE = tuple(
    Implied(action, "a VPC link of version 1 is a VPC endpoint service", _LINK_V1)
    for action in (
        "ec2:CreateVpcEndpointServiceConfiguration",
        "ec2:DeleteVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:ModifyVpcEndpointServicePermissions",
        "elasticloadbalancing:DescribeLoadBalancers",
    )
)

_PUSH = tuple(
    Implied(action, "Docker pushes with the token", _DOCS + "AmazonECR/latest/userguide/image-push-iam.html")
    for action in (
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    )
)

_SETS_WEB_ACL = (Implied("apigateway:SetWebACL /restapis/*/stages/*", "a stage gets or loses its web ACL", _WAF),)

# By the action that implies them.
IMPLIED: dict[str, tuple[Implied, ...]] = {
    "apigateway:DELETE /vpclinks/*": _ENDPOINT_SERVICE,
    "apigateway:PATCH /account": (Implied("iam:PassRole", "API Gateway gets the role that it logs with", _PASS_ROLE),),
    "apigateway:POST /apikeys": _TAGS_GATEWAY,
    "apigateway:POST /restapis": _TAGS_GATEWAY,
    "apigateway:POST /restapis/*/stages": _TAGS_GATEWAY,
    "apigateway:POST /usageplans": _TAGS_GATEWAY,
    "apigateway:POST /vpclinks": (*_TAGS_GATEWAY, *_ENDPOINT_SERVICE, _linked_role(_ROLE_GATEWAY)),
    "dynamodb:CreateTable": (
        _tags("dynamodb:TagResource", _DOCS + "amazondynamodb/latest/developerguide/Tagging.Operations.html"),
    ),
    "ec2:AllocateAddress": _TAGS_EC2,
    "ec2:CreateFleet": (
        Implied("ec2:RunInstances", "a fleet launches instances as its caller", _FLEET),
        Implied("ec2:CreateTags", "the launch template tags what it starts", _TAG_EC2),
        Implied("iam:PassRole", "the instances get the role of their profile", _FLEET),
        Implied("iam:CreateServiceLinkedRole", "the first spot instance of an account makes EC2's role", _SPOT),
    ),
    "ec2:CreateImage": _TAGS_EC2,
    "ec2:CreateInternetGateway": _TAGS_EC2,
    "ec2:CreateLaunchTemplate": _TAGS_EC2,
    "ec2:CreateNatGateway": _TAGS_EC2,
    "ec2:CreateRouteTable": _TAGS_EC2,
    "ec2:CreateSecurityGroup": _TAGS_EC2,
    "ec2:CreateSubnet": _TAGS_EC2,
    "ec2:CreateVpc": _TAGS_EC2,
    "ec2:CreateVpcEndpoint": (
        *_TAGS_EC2,
        Implied("route53:AssociateVPCWithHostedZone", "the private names of an endpoint are a hosted zone", _EC2),
    ),
    "ec2:DeregisterImage": (Implied("ec2:DeleteSnapshot", "the snapshots of the image go with it", _DEREGISTER),),
    "ec2:RegisterImage": _TAGS_EC2,
    "ecr:CreateRepository": (_tags("ecr:TagResource", _DOCS + "AmazonECR/latest/userguide/ecr-using-tags.html"),),
    "ecr:GetAuthorizationToken": _PUSH,
    "ecs:CreateCluster": (_tags("ecs:TagResource", _TAG_ECS), _linked_role(_ROLE_ECS)),
    "ecs:CreateService": (_tags("ecs:TagResource", _TAG_ECS),),
    "ecs:RegisterTaskDefinition": (
        _tags("ecs:TagResource", _TAG_ECS),
        Implied("iam:PassRole", "ECS gets the task's and the execution role", _PASS_ROLE),
    ),
    "elasticloadbalancing:CreateListener": (_tags("elasticloadbalancing:AddTags", _TAG_ELB),),
    "elasticloadbalancing:CreateLoadBalancer": (
        _tags("elasticloadbalancing:AddTags", _TAG_ELB),
        _linked_role(_ROLE_ELB),
    ),
    "elasticloadbalancing:CreateTargetGroup": (
        _tags("elasticloadbalancing:AddTags", _TAG_ELB),
        _linked_role(_ROLE_ELB),
    ),
    "firehose:CreateDeliveryStream": (
        _tags("firehose:TagDeliveryStream", _DOCS + "firehose/latest/APIReference/API_CreateDeliveryStream.html"),
        Implied("iam:PassRole", "Firehose gets the role that the stream writes with", _PASS_ROLE),
    ),
    "firehose:UpdateDestination": (
        Implied("iam:PassRole", "Firehose gets the role that the stream writes with", _PASS_ROLE),
    ),
    "iam:AddRoleToInstanceProfile": (
        Implied(
            "iam:PassRole",
            "EC2 gets the role",
            _DOCS + "IAM/latest/APIReference/API_AddRoleToInstanceProfile.html",
        ),
    ),
    "iam:CreateInstanceProfile": (
        _tags("iam:TagInstanceProfile", _DOCS + "IAM/latest/UserGuide/id_tags_instance-profiles.html"),
    ),
    "iam:CreatePolicy": (
        _tags("iam:TagPolicy", _DOCS + "IAM/latest/UserGuide/id_tags_customer-managed-policies.html"),
    ),
    "iam:CreateRole": (_tags("iam:TagRole", _DOCS + "IAM/latest/UserGuide/id_tags_roles.html"),),
    "cloudwatch:PutMetricAlarm": (
        _tags("cloudwatch:TagResource", _DOCS + "AmazonCloudWatch/latest/monitoring/CloudWatch-Tagging.html"),
    ),
    "cloudwatch:PutDashboard": (
        _tags("cloudwatch:TagResource", _DOCS + "AmazonCloudWatch/latest/monitoring/CloudWatch-Tagging.html"),
    ),
    "events:PutRule": (_tags("events:TagResource", _DOCS + "eventbridge/latest/userguide/eb-tagging.html"),),
    "lambda:CreateFunction": (
        _tags("lambda:TagResource", _DOCS + "lambda/latest/dg/configuration-tags.html"),
        Implied("iam:PassRole", "Lambda gets the role that the function runs with", _PASS_ROLE),
    ),
    "lambda:UpdateFunctionConfiguration": (
        Implied("iam:PassRole", "Lambda gets the role that the function runs with", _PASS_ROLE),
    ),
    "logs:CreateLogGroup": (
        _tags("logs:TagResource", _DOCS + "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"),
    ),
    "logs:PutSubscriptionFilter": (
        Implied("iam:PassRole", "CloudWatch Logs gets the role that it puts into a delivery stream with", _PASS_ROLE),
    ),
    "scheduler:CreateSchedule": (Implied("iam:PassRole", "the schedule gets the role that it acts with", _PASS_ROLE),),
    "scheduler:UpdateSchedule": (Implied("iam:PassRole", "the schedule gets the role that it acts with", _PASS_ROLE),),
    "secretsmanager:CreateSecret": (
        _tags("secretsmanager:TagResource", _DOCS + "secretsmanager/latest/apireference/API_CreateSecret.html"),
    ),
    "sns:CreateTopic": (_tags("sns:TagResource", _DOCS + "sns/latest/dg/sns-tags-configuring.html"),),
    "sqs:CreateQueue": (
        _tags("sqs:TagQueue", _DOCS + "AWSSimpleQueueService/latest/SQSDeveloperGuide/add-permissions.html"),
    ),
    "wafv2:AssociateWebACL": _SETS_WEB_ACL,
    "wafv2:DisassociateWebACL": _SETS_WEB_ACL,
}

# Operations whose action has another name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_RENAMED = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}


def action_of(signing_name: str, operation: str, http: t.Mapping[str, str]) -> str:
    """The action of an operation, as its service's model in botocore describes it."""
    if signing_name == "apigateway":
        return f"apigateway:{http['method']} {path_of(http['requestUri'])}"
    action = f"{_PREFIXES.get(signing_name, signing_name)}:{operation}"
    return _RENAMED.get(action, action)


def path_of(request_uri: str) -> str:
    """The path that a policy names: what identifies a resource is a `*`, and version 2 has no prefix.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
    """
    path = re.sub(r"\{[^}]*\}", "*", request_uri.partition("?")[0]).removeprefix("/v2")
    # Tagging names the resource by its ARN, whose slashes are no part of the path's.
    return "/tags/*" if path.startswith("/tags/") else path


def with_implied(actions: t.Iterable[str]) -> set[str]:
    """These actions and all that they imply."""
    found: set[str] = set()
    waiting = list(actions)
    while waiting:
        action = waiting.pop()
        if action not in found:
            found.add(action)
            waiting += [implied.action for implied in IMPLIED.get(action, ())]
    return found


__all__ = ("IMPLIED", "Implied", "action_of", "path_of", "with_implied")
