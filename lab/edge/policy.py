"""Who may call at all: the API's resource policy, which comes before keys.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

import json

from lab.compute.policy import decide
from lab.edge.client_request import ClientRequest
from lab.edge.configuration import Stage
from lab.edge.errors import GatewayError

ACTION = "execute-api:Invoke"


def require_allowed(client: ClientRequest, stage: Stage, account_id: str) -> None:
    """Raise for a caller that the deployed policy denies or does not allow; without a policy everybody may call."""
    stored = stage.deployment.rest_api.get("policy")
    if not stored:
        return
    # Kept as JSON whose quotes are escaped once more.
    document = json.loads(json.loads(f'"{stored}"'))
    arn = f"arn:aws:execute-api:{stage.region}:{account_id}:{stage.api_id}"
    called = f"{arn}/{client.address.stage}/{client.http_method}{client.address.path}"
    decision = decide([document], ACTION, called, {"aws:SourceIp": client.source_ip})
    if decision != "allowed":
        explicit = " with an explicit deny" if decision == "explicitDeny" else ""
        raise GatewayError(
            "ACCESS_DENIED", f"User: anonymous is not authorized to perform: {ACTION} on resource: {called}{explicit}"
        )
