"""May the caller do this? A key that IAM or STS of this lab gave out may do what its owner's policies allow.

The lab's own key, and any that IAM does not know, is the administrator's. What is decided is the action; its resource
only where the request names it (API Gateway, whose actions are HTTP verbs on paths), and conditions count as met. So
nothing is refused that AWS would allow, but AWS may refuse more. The end of a host is decided in full, by the instance
and its tags: that is what keeps one stack from ending another's.
"""

from __future__ import annotations

import typing as t

from lab.compute import policy
from lab.context import ACCOUNT_ID
from lab.control.call import Call, service_model
from lab.control.errors import AwsError
from lab.control.operations import backend, params_of

# Operations whose action has another name, or that need more than one.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ACTIONS = {
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("s3", "PutObjectLockConfiguration"): "s3:PutBucketObjectLockConfiguration",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
}
# Services whose actions do not begin with the name that they sign with.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission is needed.
_FREE = {"GetCallerIdentity", "GetSessionToken"}


class Caller(t.NamedTuple):
    arn: str
    documents: list[policy.Document]
    boundary: list[policy.Document] | None

    @property
    def layers(self) -> list[list[policy.Document]]:
        """Each of them has to allow an action: the policies, and the boundary where there is one."""
        return [layer or [{}] for layer in (self.documents, self.boundary) if layer is not None]


def check(call: Call) -> None:
    """Raise the service's own denial where the caller's policies do not allow the call."""
    caller = _caller(call.access_key)
    if caller is None or (call.service == "sts" and call.operation in _FREE):
        return
    action, resource = needed(call)
    for documents in caller.layers:
        if not policy.may_allow(documents, action, resource):
            raise denial(call, caller.arn, action, resource)
        for instance, context in _ending(call):
            if not policy.allows(documents, action, instance, context):
                raise denial(call, caller.arn, action, instance)


def _ending(call: Call) -> t.Iterator[tuple[str, dict[str, str]]]:
    """The instances that a call would end, and what is known of each: ARN and tags."""
    if (call.service, call.operation) != ("ec2", "TerminateInstances"):
        return
    ec2 = backend("ec2", call.region)
    for instance_id in params_of(call).get("InstanceIds") or []:
        instance = ec2.get_instance_by_id(instance_id)
        if instance is not None:
            tags = {f"aws:ResourceTag/{tag['key']}": tag["value"] for tag in instance.get_tags()}
            yield f"arn:aws:ec2:{call.region}:{ACCOUNT_ID}:instance/{instance_id}", tags


def lack_of(access_key: str, action: str) -> str:
    """Why who has this key may not do this, in IAM's words, for what is no call of the API; empty where they may."""
    caller = _caller(access_key)
    if caller is None or all(policy.may_allow(documents, action, "") for documents in caller.layers):
        return ""
    return f"User: {caller.arn} is not authorized to perform: {action} because no identity-based policy allows it"


def _caller(access_key: str) -> Caller | None:
    # Here, because moto must not be imported before its environment is set.
    from lab.moto_gaps.iam_simulation import policies_of

    for user in backend("iam", "aws").users.values():
        if any(key.access_key_id == access_key for key in user.access_keys):
            return Caller(user.arn, *policies_of("user", user.name))
    for session in backend("sts", "aws").assumed_roles:
        if session.access_key_id == access_key:
            role = session.role_arn.rpartition("/")[2]
            arn = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session.session_name}"
            return Caller(arn, *policies_of("role", role))
    return None


def needed(call: Call) -> tuple[str, str]:
    """The action, and the resource where it can be told."""
    if call.service in {"apigateway", "apigatewayv2"}:
        path = call.request.path.removeprefix("/v2")
        return f"apigateway:{call.request.method}", f"arn:aws:apigateway:{call.region}::{path}"
    model = service_model(call.service)
    prefix = _PREFIXES.get(model.signing_name, model.signing_name) if model else call.service
    return _ACTIONS.get((call.service, call.operation), f"{prefix}:{call.operation}"), ""


def denial(call: Call, caller: str, action: str, resource: str) -> AwsError:
    """How the call's service refuses the caller of this ARN."""
    message = (
        f"User: {caller} is not authorized to perform: {action} on resource: {resource or '*'} "
        f"because no identity-based policy allows the {action} action"
    )
    if call.protocol == "ec2":
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}", 403)
    if call.protocol in {"query", "rest-xml"}:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 403 if call.protocol == "rest-json" else 400)
