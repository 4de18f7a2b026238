"""One request on its way through the gateway: what is known of it, and when what happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from lab.edge import variables as names
from lab.edge.client_request import ClientRequest
from lab.edge.configuration import ApiKey, Stage
from lab.edge.routing import Match
from lab.edge.variables import Variables

CLIENT_CLOSED_REQUEST = 499
"""The status in the log of a request whose client left before it got one."""


@dataclass
class Exchange:
    client: ClientRequest
    account_id: str
    received_at: float = field(default_factory=time.time)
    variables: Variables = field(default_factory=dict)
    stage: Stage | None = None
    match: Match | None = None
    status: int = CLIENT_CLOSED_REQUEST
    response_length: int = 0
    _started: float = field(default_factory=time.monotonic)
    _backend_called: float | None = None

    def __post_init__(self) -> None:
        client, address = self.client, self.client.address
        self.variables.update(
            {
                "accountId": self.account_id,
                "apiId": address.api_id,
                "stage": address.stage,
                "httpMethod": client.http_method,
                "path": f"/{address.stage}{address.path}",
                "protocol": "HTTP/1.1",
                "requestId": names.request_id(client.header("x-amzn-requestid")),
                "extendedRequestId": names.new_extended_request_id(),
                "identity.sourceIp": client.source_ip,
                "identity.userAgent": client.header("user-agent") or "-",
                "domainName": client.header("host") or "-",
                "domainPrefix": (client.header("host") or "-").partition(".")[0],
                **names.request_times(self.received_at),
            }
        )

    def routed(self, stage: Stage, match: Match | None) -> None:
        self.stage, self.match = stage, match
        self.variables["deploymentId"] = stage.deployment_id
        if match:
            self.client.path_parameters = match.path_parameters
            self.variables["resourceId"] = match.route.resource_id
            self.variables["resourcePath"] = match.route.resource_path
        else:
            # What API Gateway logs for a path that no resource stands for is not documented.
            self.variables["resourcePath"] = self.client.address.path

    def identified(self, key: ApiKey, value: str) -> None:
        self.variables["identity.apiKeyId"] = key.key_id
        # The secret itself: only a format that asks for it by name ever shows it.
        self.variables["identity.apiKey"] = value

    def backend_called(self) -> None:
        self._backend_called = time.monotonic()

    def backend_answered(self, status: int, request_id: str | None, transfer_mode: str) -> None:
        self.variables.update(
            {
                "integration.status": str(status),
                "integration.requestId": request_id or "-",
                "integration.responseTransferMode": "STREAMED" if transfer_mode == "STREAM" else "BUFFERED",
                "integration.timeToAllHeaders": self._since_call(),
            }
        )

    def first_content(self) -> None:
        self.variables.setdefault("integration.timeToFirstContent", self._since_call())

    def backend_done(self) -> None:
        if self._backend_called is not None:
            elapsed = self._since_call()
            self.variables.update({"integrationLatency": elapsed, "integration.latency": elapsed})

    def finished(self) -> None:
        self.variables["status"] = str(self.status)
        self.variables["responseLength"] = str(self.response_length)
        self.variables["responseLatency"] = str(round((time.monotonic() - self._started) * 1000))

    def _since_call(self) -> str:
        return str(round((time.monotonic() - (self._backend_called or self._started)) * 1000))
