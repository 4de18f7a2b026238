"""Delivery streams: moto's are there at once, take any role, and write each record by itself, with its own rights.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import typing as t
import uuid

from moto.firehose.models import FirehoseBackend

from lab import roles
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards
from lab.delivery.streams import SERVICE

_ERROR_KIND = "!{firehose:error-output-type}"


def apply() -> None:
    guards("firehose", "CreateDeliveryStream")(check_creation)
    guards("firehose", "UpdateDestination")(check_change)
    guards("firehose", "StartDeliveryStreamEncryption", "StopDeliveryStreamEncryption")(require_active)
    amends("firehose", "CreateDeliveryStream")(begin)
    FirehoseBackend.put_record = put_record
    FirehoseBackend.put_record_batch = put_record_batch


def invalid(what: str) -> AwsError:
    return AwsError("InvalidArgumentException", what)


def check_creation(call: Call, params: Params) -> None:
    to = params.get("ExtendedS3DestinationConfiguration")
    if to is None or params.get("DeliveryStreamType", "DirectPut") != "DirectPut":
        raise AwsError("NotImplemented", "the lab has streams that are put to, and deliver into S3, only", 501)
    check(to, params["DeliveryStreamName"])


def check_change(call: Call, params: Params) -> None:
    stream = require_active(call, params)
    known = stream.destinations[0]["ExtendedS3"] if stream else {}
    check({**known, **params["ExtendedS3DestinationUpdate"]}, params["DeliveryStreamName"])


def check(to: dict[str, t.Any], name: str) -> None:
    ctx = current.context()
    if ctx is not None and not roles.trusted(ctx, to["RoleARN"], SERVICE):
        raise invalid(f"Firehose is unable to assume role {to['RoleARN']}. Please check the role provided.")
    prefix, errors = to.get("Prefix") or "", to.get("ErrorOutputPrefix") or ""
    if "!{" in prefix and not errors:
        raise invalid("ErrorOutputPrefix must be specified when Prefix contains expressions.")
    if "!{" in prefix and _ERROR_KIND not in errors:
        raise invalid(f"ErrorOutputPrefix must contain {_ERROR_KIND} when Prefix contains expressions.")


def require_active(call: Call, params: Params) -> t.Any:
    stream: t.Any = backend("firehose", call.region).delivery_streams.get(params["DeliveryStreamName"])
    if stream is not None and stream.delivery_stream_status != "ACTIVE":
        raise AwsError("ResourceInUseException", f"Firehose {params['DeliveryStreamName']} is not in the ACTIVE state.")
    return stream


def begin(call: Call, params: Params, _output: Params) -> None:
    stream: t.Any = backend("firehose", call.region).delivery_streams[params["DeliveryStreamName"]]
    encryption = stream.delivery_stream_encryption_configuration
    if encryption:
        encryption["Status"] = "ENABLED"
    stream.delivery_stream_status = "CREATING"

    def be_active() -> None:
        stream.delivery_stream_status = "ACTIVE"

    current.later("firehose", be_active)


def put_record(self: t.Any, delivery_stream_name: str, record: dict[str, t.Any]) -> dict[str, t.Any]:
    answer = put_record_batch(self, delivery_stream_name, [record])
    return {"RecordId": answer["RequestResponses"][0]["RecordId"], "Encrypted": answer["Encrypted"]}


def put_record_batch(self: t.Any, delivery_stream_name: str, records: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    stream = self.delivery_streams.get(delivery_stream_name)
    if stream is None:
        raise AwsError(
            "ResourceNotFoundException", f"Firehose {delivery_stream_name} under account {self.account_id} not found."
        )
    ctx = current.context()
    if ctx is not None and ctx.delivery is not None:
        ctx.delivery.put(self.region_name, stream, [record["Data"] for record in records])
    encrypted = (stream.delivery_stream_encryption_configuration or {}).get("Status") == "ENABLED"
    answers = [{"RecordId": str(uuid.uuid4())} for _ in records]
    return {"FailedPutCount": 0, "Encrypted": encrypted, "RequestResponses": answers}
