# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What schedules and rules call. Pure.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

from __future__ import annotations

import typing as t


def retargeted(target: t.Mapping[str, t.Any], arn: str) -> dict[str, t.Any]:
    """The target with this ARN and all that it has besides.

    Parameters such as SqsParameters are for the targets of one service, and AWS takes them nowhere else.
    """
    same = _service(target.get("Arn", arn)) == _service(arn)
    return {key: value for key, value in target.items() if same or not key.endswith("Parameters")} | {"Arn": arn}


def _service(arn: str) -> str:
    return ":".join(arn.split(":")[2:3])


__all__ = ("retargeted",)
