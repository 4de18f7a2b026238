"""Functions: moto's are ready at once, take any role, and forget their dead-letter queue and logging configuration.

A function is Pending until it is ready, and refuses to run or to change while it, or a change of it, is on its way.
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import functools
import typing as t

from moto.awslambda.models import LambdaFunction

from lab.compute import policy
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, amends, backend, guards

# What moto forgets -> the attribute that keeps it
_FORGOTTEN = {"DeadLetterConfig": "lab_dead_letter_config", "LoggingConfig": "lab_logging_config"}
# ARN of a function -> what is going on: "State" or "LastUpdateStatus"
_busy: dict[str, str] = {}


@current.on_reset
def clear() -> None:
    _busy.clear()


def apply() -> None:
    guards("lambda", "CreateFunction", "UpdateFunctionConfiguration")(check)
    guards("lambda", "UpdateFunctionCode", "UpdateFunctionConfiguration", "Invoke")(check_busy)
    guards("lambda", "AddPermission")(check_statement)
    amends("lambda", "CreateFunction")(keep("State"))
    amends("lambda", "UpdateFunctionCode", "UpdateFunctionConfiguration")(keep("LastUpdateStatus"))
    amends("lambda", "GetFunctionConfiguration")(complete)
    amends("lambda", "GetFunction")(lambda call, params, output: _complete(call, output["Configuration"]))


def find(call: Call, name: str) -> LambdaFunction | None:
    try:
        return t.cast(LambdaFunction, backend("lambda", call.region).get_function(name.rpartition(":function:")[2]))
    except Exception:
        # moto then says so in AWS's words.
        return None


def check(call: Call, params: Params) -> None:
    role = params.get("Role")
    function = find(call, params["FunctionName"])
    if role:
        found = next((each for each in backend("iam", "aws").roles.values() if each.arn == role), None)
        document = policy_document(found.assume_role_policy_document) if found else {}
        if not policy.trusts(document, "lambda.amazonaws.com"):
            raise AwsError(
                "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
            )
    queue = (params.get("DeadLetterConfig") or {}).get("TargetArn")
    if queue and ":sqs:" in queue:
        from lab.moto_gaps.iam_simulation import policies_of

        name = str(role or (function.role if function else "")).rpartition("/")[2]
        if not policy.allows(policies_of("role", name)[0], "sqs:SendMessage", queue):
            raise AwsError(
                "InvalidParameterValueException",
                "The provided execution role does not have permissions to call SendMessage on SQS",
            )


def policy_document(text: t.Any) -> dict[str, t.Any]:
    from lab.moto_gaps.iam_simulation import parsed

    return parsed(text)


def check_statement(call: Call, params: Params) -> None:
    """moto takes a statement's id any number of times."""
    function, name = find(call, params["FunctionName"]), params["StatementId"]
    if function is not None and any(statement.get("Sid") == name for statement in function.policy.statements):
        raise AwsError(
            "ResourceConflictException",
            f"The statement id ({name}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            409,
        )


def check_busy(call: Call, params: Params) -> None:
    function = find(call, params["FunctionName"])
    busy = _busy.get(function.function_arn) if function else None
    if function is None or busy is None or (call.operation == "Invoke" and busy == "LastUpdateStatus"):
        return
    what = (
        "The function is currently in the following state: Pending"
        if busy == "State"
        else f"An update is in progress for resource: {function.function_arn}"
    )
    raise AwsError("ResourceConflictException", f"The operation cannot be performed at this time. {what}", 409)


def keep(busy: str) -> t.Callable[[Call, Params, Params], None]:
    def amend(call: Call, params: Params, output: Params) -> None:
        function = find(call, params["FunctionName"])
        assert function is not None
        for given, attribute in _FORGOTTEN.items():
            if given in params:
                setattr(function, attribute, params[given])
        arn = function.function_arn
        _busy[arn] = busy
        current.later("lambda", functools.partial(_settled, arn))
        _complete(call, output)

    return amend


def _settled(arn: str) -> None:
    _busy.pop(arn, None)


def complete(call: Call, params: Params, output: Params) -> None:
    _complete(call, output)


def _complete(call: Call, output: Params) -> None:
    function = find(call, output["FunctionName"])
    busy = _busy.get(output["FunctionArn"])
    output["State"] = "Pending" if busy == "State" else "Active"
    output["LastUpdateStatus"] = "InProgress" if busy == "LastUpdateStatus" else "Successful"
    dead_letters = getattr(function, "lab_dead_letter_config", None)
    if dead_letters and dead_letters.get("TargetArn"):
        output["DeadLetterConfig"] = dead_letters
    logging = getattr(function, "lab_logging_config", None) or {}
    output["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{output['FunctionName']}", **logging}
