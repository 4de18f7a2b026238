# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Calling a function, and waiting for its answer.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import typing as t

from .._aws import AwsCallError, aws_call


@aws_call("invoke the function {function}")
def invoke(client: t.Any, function: str, content: bytes) -> None:
    answer = client.invoke(FunctionName=function, Payload=content)
    if answer.get("FunctionError"):
        said = json.loads(answer["Payload"].read()).get("errorMessage", "")
        raise AwsCallError(message=f"The function {function} failed: {said}", exception=None)


__all__ = ("invoke",)
