"""Log groups: the model does not list the retention times that CloudWatch Logs takes, so moto takes any.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, guards

DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def apply() -> None:
    guards("logs", "PutRetentionPolicy")(check)


def check(call: Call, params: Params) -> None:
    days = params["retentionInDays"]
    if days not in DAYS:
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(map(str, DAYS))}]",
        )
