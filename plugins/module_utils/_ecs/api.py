# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Amazon ECS, one function per API call.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Answer = dict[str, t.Any]

_NO_CLUSTER = ("ClusterNotFoundException",)
_NO_SERVICE = (*_NO_CLUSTER, "ServiceNotFoundException")
# DescribeTaskDefinition has no error of its own for "not there": it answers with this general one.
_NO_TASK_DEFINITION = ("ClientException",)

# The most that one DescribeTasks or DescribeContainerInstances takes.
_BATCH = 100


# Clusters


@aws_call("look up the cluster {name}", missing=_NO_CLUSTER)
def find_cluster(client: t.Any, name: str) -> Answer | None:
    """The cluster; a deleted one stays visible as INACTIVE for a while, and counts as not there."""
    found = client.describe_clusters(clusters=[name], include=["SETTINGS", "TAGS"])["clusters"]
    return next((cluster for cluster in found if cluster["status"] != "INACTIVE"), None)


@aws_call("create the cluster {clusterName}")
def create_cluster(client: t.Any, request: Answer) -> Answer:
    return client.create_cluster(**request)["cluster"]


@aws_call("change the settings of the cluster {name}")
def update_cluster(client: t.Any, name: str, settings: list[dict[str, str]]) -> None:
    client.update_cluster(cluster=name, settings=settings)


@aws_call("set the capacity providers of the cluster {name}")
def put_capacity_providers(client: t.Any, name: str, providers: list[str], strategy: list[Answer]) -> None:
    """Both lists as a whole: AWS takes neither without the other."""
    client.put_cluster_capacity_providers(
        cluster=name, capacityProviders=providers, defaultCapacityProviderStrategy=strategy
    )


@aws_call("delete the cluster {name}", missing=_NO_CLUSTER)
def delete_cluster(client: t.Any, name: str) -> None:
    client.delete_cluster(cluster=name)


# Task definitions


@aws_call("list the {status} task definitions of the family {family}")
def list_task_definitions(client: t.Any, family: str, status: str = "ACTIVE") -> list[str]:
    """ARNs of the revisions of exactly this family, the newest first."""
    pages = client.get_paginator("list_task_definitions").paginate(familyPrefix=family, status=status, sort="DESC")
    arns = (arn for page in pages for arn in page["taskDefinitionArns"])
    # The prefix is documented as the full name of the family, and the order as that of the revisions; no harm in
    # making sure, since a wrong one would register a revision on every run.
    ours = (arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family)
    return sorted(ours, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True)


@aws_call("look up the task definition {name}", missing=_NO_TASK_DEFINITION)
def find_task_definition(client: t.Any, name: str) -> Answer | None:
    """The task definition with its tags, by ARN, family:revision, or family, which means its newest ACTIVE revision."""
    answer = client.describe_task_definition(taskDefinition=name, include=["TAGS"])
    return {**answer["taskDefinition"], "tags": answer.get("tags", [])}


@aws_call("register a revision of the task definition {family}")
def register_task_definition(client: t.Any, request: Answer) -> Answer:
    answer = client.register_task_definition(**request)
    return {**answer["taskDefinition"], "tags": answer.get("tags", request.get("tags", []))}


@aws_call("deregister the task definition {arn}")
def deregister_task_definition(client: t.Any, arn: str) -> None:
    client.deregister_task_definition(taskDefinition=arn)


# Services


@aws_call("look up the service {name} in the cluster {cluster}", missing=_NO_SERVICE)
def find_service(client: t.Any, cluster: str, name: str) -> Answer | None:
    """The service; a deleted one stays visible as INACTIVE for a while, and counts as not there."""
    found = client.describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
    return next((service for service in found if service["status"] != "INACTIVE"), None)


@aws_call("create the service {serviceName} in the cluster {cluster}")
def create_service(client: t.Any, request: Answer) -> Answer:
    return client.create_service(**request)["service"]


@aws_call("change the service {service} in the cluster {cluster}")
def update_service(client: t.Any, request: Answer) -> Answer:
    return client.update_service(**request)["service"]


@aws_call("delete the service {name} in the cluster {cluster}", missing=_NO_SERVICE)
def delete_service(client: t.Any, cluster: str, name: str, *, force: bool) -> None:
    client.delete_service(cluster=cluster, service=name, force=force)


# Tasks and container instances


@aws_call("list the {status} tasks in the cluster {cluster}", missing=_NO_SERVICE, default=[])
def list_tasks(client: t.Any, cluster: str, service: str | None, status: str) -> list[str]:
    """ARNs of the tasks that ECS wants to be RUNNING or STOPPED; stopped ones are kept for an hour or so."""
    narrowed = {"serviceName": service} if service else {}
    pages = client.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status, **narrowed)
    return [arn for page in pages for arn in page["taskArns"]]


@aws_call("read the tasks in the cluster {cluster}", missing=_NO_CLUSTER, default=[])
def describe_tasks(client: t.Any, cluster: str, arns: list[str]) -> list[Answer]:
    batches = (arns[start : start + _BATCH] for start in range(0, len(arns), _BATCH))
    answers = (client.describe_tasks(cluster=cluster, tasks=batch) for batch in batches)
    return [task for answer in answers for task in answer["tasks"]]


@aws_call("list the container instances of the cluster {cluster}", missing=_NO_CLUSTER, default=[])
def list_container_instances(client: t.Any, cluster: str) -> list[str]:
    pages = client.get_paginator("list_container_instances").paginate(cluster=cluster)
    return [arn for page in pages for arn in page["containerInstanceArns"]]


@aws_call("read the container instances of the cluster {cluster}", missing=_NO_CLUSTER, default=[])
def describe_container_instances(client: t.Any, cluster: str, arns: list[str]) -> list[Answer]:
    batches = (arns[start : start + _BATCH] for start in range(0, len(arns), _BATCH))
    answers = (client.describe_container_instances(cluster=cluster, containerInstances=batch) for batch in batches)
    return [instance for answer in answers for instance in answer["containerInstances"]]


# ECS has no error of its own for a container instance that is not there.
@aws_call("deregister the container instance {arn}", missing=(*_NO_CLUSTER, "InvalidParameterException"))
def deregister_container_instance(client: t.Any, cluster: str, arn: str) -> None:
    """With force: tasks on a host that is gone, or about to be, keep nobody back."""
    client.deregister_container_instance(cluster=cluster, containerInstance=arn, force=True)


# Tags


@aws_call("tag {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=tag_list(tags))


@aws_call("untag {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


def tag_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def tag_dict(tags: t.Iterable[t.Mapping[str, str]] | None) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in tags or []}
