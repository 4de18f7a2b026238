from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ecs import transformations

MORNING = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.UTC)


def test_a_stopped_task() -> None:
    found: dict[str, t.Any] = {
        "taskArn": "arn:task/0cf5",
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "createdAt": MORNING,
        "containers": [{"name": "vllm", "lastStatus": "STOPPED", "exitCode": 0}],
    }
    task = transformations.task(found)
    assert (task["created_at"], task["started_at"]) == ("2026-11-23T09:00:00+00:00", None)
    assert task["stopped_reason"] == "Essential container in task exited"
    # An exit code of 0 is one, too.
    assert task["containers"] == [
        {"name": "vllm", "last_status": "STOPPED", "exit_code": 0, "reason": None, "health_status": None}
    ]


def test_a_cluster_says_only_what_it_was_asked_for() -> None:
    cluster = transformations.cluster({"clusterArn": "arn", "clusterName": "name", "status": "ACTIVE"})
    assert cluster["settings"] == {"container_insights": "disabled"}
    assert (cluster["running_tasks"], cluster["tags"]) == (0, {})


@pytest.mark.parametrize("name", ["", "a" * 256, "central llm", "central/llm", "naïve"])
def test_names_that_aws_would_not_take(name: str) -> None:
    with pytest.raises(InvalidInput, match="cluster"):
        transformations.validate_name(name, "cluster")
