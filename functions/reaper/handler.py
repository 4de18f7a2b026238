"""Ends every host of the stack whose lease is over, missing or unreadable; runs every minute.

It looks at what is there and remembers nothing, so that a run that failed is made good by the next one.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import time
import typing as t
from datetime import UTC, datetime

import boto3
from core import ENDED, LEASE_TAG, Host, Limits, judge_all, nobody_stays

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

NAMESPACE = "CentralLLM"
_LIVE = ["pending", "running", "stopping", "stopped", "shutting-down"]


@functools.cache
def client(service: str) -> t.Any:
    return boto3.client(service)


def find_hosts(stack: str, names: list[str]) -> list[Host]:
    filters = [
        {"Name": "tag:central-llm:stack", "Values": [stack]},
        {"Name": "tag:Name", "Values": names},
        {"Name": "instance-state-name", "Values": _LIVE},
    ]
    pages = client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    return [
        host_of(instance)
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def host_of(instance: dict[str, t.Any]) -> Host:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    state, name = instance["State"]["Name"], tags.get("Name", "")
    return Host(instance["InstanceId"], state, instance["LaunchTime"], tags.get(LEASE_TAG), name)


def end_all(ids: list[str]) -> list[Exception]:
    """One call each: one host that is gone, or protected, must not keep the others."""
    failures = []
    for instance_id in ids:
        try:
            client("ec2").terminate_instances(InstanceIds=[instance_id])
        except Exception as error:
            log.error("%s could not be terminated: %s", instance_id, error)
            failures.append(error)
    return failures


def scale_to_zero(cluster: str, service: str) -> bool:
    """Without a host the service wants nothing: the next session begins as after a `down`."""
    found = client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    wanted = [each for each in found if each["status"] == "ACTIVE" and each["desiredCount"] > 0]
    if wanted:
        client("ecs").update_service(cluster=cluster, service=service, desiredCount=0)
    return bool(wanted)


def measure(stack: str, count: int) -> None:
    """How many hosts there are, as CloudWatch reads a metric from a function's log.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metrics = [{"Name": "Hosts", "Unit": "Count"}]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": aws, "Stack": stack, "Hosts": count}))


def handle(event: t.Any, context: t.Any) -> dict[str, t.Any]:
    stack, name = os.environ["STACK"], os.environ["HOST_NAME"]
    # Hosts on which images are made and proven serve nothing, and end all the same.
    names = [name, *filter(None, os.environ.get("OTHER_HOST_NAMES", "").split(","))]
    cluster, service = os.environ["CLUSTER"], os.environ["SERVICE"]
    now = datetime.fromtimestamp(time.time(), UTC)
    verdicts = judge_all(find_hosts(stack, names), now, Limits())
    for verdict in verdicts:
        log.info("%s %s: %s", verdict.host.id, "ends" if verdict.ends else "stays", verdict.why)
    measure(stack, sum(verdict.host.state not in ENDED for verdict in verdicts))
    ended = [verdict.host.id for verdict in verdicts if verdict.ends]
    failures = end_all(ended)
    scaled = False
    if nobody_stays(verdicts, name):
        try:
            scaled = scale_to_zero(cluster, service)
        except client("ecs").exceptions.ClusterNotFoundException:
            log.info("there is no cluster %s", cluster)
    if scaled:
        log.info("the service %s wants no task any more: no host is left", service)
    if failures:
        # Lambda tries again, and then the event waits in the dead-letter queue, where an alarm sees it.
        raise RuntimeError(f"{len(failures)} of {len(ended)} hosts could not be terminated: {failures[0]}")
    return {"ended": ended, "stay": [v.host.id for v in verdicts if not v.ends], "scaled_to_zero": scaled}
