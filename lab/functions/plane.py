"""The functions plane: what invokes a function, by whatever way, comes here.

`invoke` and `invoke_later` are for other planes (schedules, log subscriptions, authorizers); calls of the Invoke
operation come in through moto, which is told to ask here in the place of Docker.
"""

from __future__ import annotations

import typing as t

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction

from lab.compute import policy
from lab.context import LabContext
from lab.control import current
from lab.control.operations import backend
from lab.functions.asynchronous import Payload, Queue
from lab.functions.invocations import Invocations
from lab.functions.sandbox import Outcome


class NotInvoked(Exception):
    """The function is not there, or its policy does not let the caller invoke it."""


class FunctionsPlane:
    name = "functions"

    def start(self, ctx: LabContext) -> None:
        self._ctx = ctx
        self._invocations = Invocations(ctx)
        self._queue = Queue(ctx, self._invocations)
        ctx.clock.follow(self._queue)
        ctx.functions = self
        current.on_reset(self._invocations.clear)
        self._moto = LambdaFunction.invoke
        LambdaFunction.invoke = self._answer_moto(self._invocations, self._queue)

    def stop(self) -> None:
        LambdaFunction.invoke = self._moto
        self._ctx.clock.leave(self._queue)
        self._ctx.functions = None
        self._invocations.clear()

    def invoke(self, arn: str, payload: str, principal: str, source_arn: str) -> Outcome:
        """Run a function for an AWS service (`events.amazonaws.com`) on behalf of one of its resources; wait for it."""
        return self._invocations.run(self._allowed(arn, principal, source_arn), payload)

    def invoke_later(self, arn: str, payload: Payload, principal: str, source_arn: str) -> None:
        """Let the function have an event; it is tried again when it fails."""
        self._queue.put(self._allowed(arn, principal, source_arn), payload)

    def _allowed(self, arn: str, principal: str, source_arn: str) -> t.Any:
        """https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""
        region, name = arn.split(":")[3], arn.split(":")[6]
        try:
            function = backend("lambda", region).get_function(name)
        except UnknownFunctionException as error:
            raise NotInvoked(error.message) from None
        if not permits(function, principal, source_arn, self._ctx.account_id):
            raise NotInvoked(
                f"{principal} ({source_arn}) is not authorized to perform: lambda:InvokeFunction on resource: {arn} "
                "because no resource-based policy allows the lambda:InvokeFunction action"
            )
        return function

    @staticmethod
    def _answer_moto(invocations: Invocations, queue: Queue) -> t.Callable[..., t.Any]:
        def invoke(self: t.Any, body: t.Any, request_headers: t.Any, response_headers: dict[str, str]) -> bytes:
            import base64

            payload = (body.decode() if isinstance(body, bytes) else body) or "{}"
            kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
            if kind == "DryRun":
                return b""
            if kind == "Event":
                queue.put(self, payload)
                return b""
            outcome = invocations.run(self, payload)
            if outcome.error:
                response_headers["x-amz-function-error"] = outcome.error
            tail = "\n".join(outcome.lines).encode()[-4096:]
            response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
            response_headers["x-amz-executed-version"] = "$LATEST"
            return outcome.payload.encode()

        return invoke


def permits(function: t.Any, principal: str, source_arn: str, account_id: str) -> bool:
    """Whether the function's own policy lets an AWS service invoke it on behalf of this resource."""
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": account_id}
    statements = [s for s in function.policy.statements if principal in _services(s)]
    return policy.allows([{"Statement": statements}], "lambda:InvokeFunction", function.function_arn, context)


def _services(statement: dict[str, t.Any]) -> list[str]:
    principal = statement.get("Principal")
    return policy.as_list(principal.get("Service")) if isinstance(principal, dict) else policy.as_list(principal)
