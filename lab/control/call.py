"""Which AWS operation an HTTP request is: service, region, operation, protocol."""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import botocore.session
from botocore.loaders import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from lab.context import PLANE_USER_AGENT
from lab.control.errors import Answer, AwsError

# Signing names that are not the name of the service's model.
_SIGNING_NAMES = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
    "email": "ses",
}
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request")
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: no credentials needed.
_UNSIGNED_STS = {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}


@dataclass
class Call:
    """One request to the AWS API, as far as it could be understood."""

    request: Request
    service: str = ""
    region: str = ""
    access_key: str = ""
    operation: str = ""
    protocol: str = "rest-xml"
    model: OperationModel | None = None
    uri: dict[str, t.Any] = field(default_factory=dict)
    # Parsed on first use, see operations.params_of.
    params: dict[str, t.Any] | None = None
    # Sends an environ to moto, past everything that the lab puts before it.
    ask: t.Callable[[dict[str, t.Any]], Answer] | None = None

    @property
    def own(self) -> bool:
        """Whether one of the lab's data planes asks."""
        return PLANE_USER_AGENT in self.request.headers.get("User-Agent", "")

    @property
    def caller(self) -> str:
        """`lab` for a data plane, `function` for one that runs in it, `client` for everybody else."""
        if self.own:
            return "lab"
        # What AWS_EXECUTION_ENV adds, which only a function's environment has.
        return "function" if "exec-env/AWS_Lambda" in self.request.headers.get("User-Agent", "") else "client"


def credential_of(request: Request) -> re.Match[str] | None:
    """The credential of a signature, from the header or from a presigned query."""
    presigned = request.args.get("X-Amz-Credential", "")
    text = request.headers.get("Authorization", "") or (f"Credential={presigned}" if presigned else "")
    return _CREDENTIAL.search(text)


def scope_of(request: Request) -> tuple[str, str] | None:
    """(signing name, region) of the credential scope."""
    found = credential_of(request)
    return (found["service"].lower(), found["region"]) if found else None


def access_key_of(request: Request) -> str:
    found = credential_of(request)
    return found["key"] if found else ""


def service_of(signing_name: str, request: Request) -> str:
    """The name of botocore's service model; some share one signing name."""
    if signing_name == "apigateway":
        return "apigatewayv2" if request.path.startswith("/v2/") else "apigateway"
    if signing_name == "elasticloadbalancing":
        # Classic load balancers are the same endpoint with an older version.
        return "elb" if request.values.get("Version") == "2012-06-01" else "elbv2"
    if signing_name == "dynamodb":
        streams = request.headers.get("X-Amz-Target", "").startswith("DynamoDBStreams")
        return "dynamodbstreams" if streams else "dynamodb"
    return _SIGNING_NAMES.get(signing_name, signing_name)


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    try:
        return get_service_model(service)
    except (UnknownServiceError, ValueError):
        return None


@functools.cache
def known_regions() -> frozenset[str]:
    endpoints = botocore.session.get_session().get_data("endpoints")
    names = {name for partition in endpoints["partitions"] for name in partition["regions"]}
    return frozenset(names | {"aws-global"})


def identify(request: Request) -> Call:
    """Understand a request; raises AwsError for what AWS refuses before it looks at the operation."""
    call = Call(request)
    scope = scope_of(request)
    if scope is None:
        action = request.values.get("Action", "")
        if action in _UNSIGNED_STS:
            scope = ("sts", "us-east-1")
        else:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    call.service, call.region, call.access_key = service_of(scope[0], request), scope[1], access_key_of(request)
    model = service_model(call.service)
    if model is None:
        raise AwsError("NotImplemented", f"The lab knows no AWS service that signs as {scope[0]!r}.", 501)
    call.protocol = protocol_of(model, request)
    return call


def protocol_of(model: ServiceModel, request: Request) -> str:
    try:
        return determine_request_protocol(model, request.content_type)
    except NotImplementedError:
        return str(model.protocol)


def match_operation(call: Call) -> None:
    """Fill in operation, model and URI parameters."""
    call.operation = _named_operation(call.request)
    try:
        model, uri = get_service_router(call.service).match(call.request)
    except HTTPException:
        raise _unknown_operation(call) from None
    except NotImplementedError as exc:
        raise AwsError("NotImplemented", f"The lab lacks this protocol of {call.service}: {exc}", 501) from exc
    call.model, call.operation, call.uri = model, model.name, uri


def _named_operation(request: Request) -> str:
    target = request.headers.get("X-Amz-Target", "")
    return target.rsplit(".", 1)[-1] if target else request.values.get("Action", "")


def _unknown_operation(call: Call) -> AwsError:
    if call.protocol == "json":
        return AwsError("UnknownOperationException", f"Unknown operation {call.operation or '(none)'}.")
    if call.protocol in {"query", "ec2"}:
        return AwsError("InvalidAction", f"The action {call.operation or '(none)'} is not valid for this web service.")
    where = f"{call.request.method} {call.request.path}"
    return AwsError("UnknownOperationException", f"No operation of {call.service} answers {where}.", 404)


def query_values(request: Request) -> dict[str, str]:
    """The flat parameters of a query request, wherever they came in."""
    values = {name: given[0] for name, given in parse_qs(request.query_string.decode()).items()}
    values.update(request.form.to_dict())
    return values
