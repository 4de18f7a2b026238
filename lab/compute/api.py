"""The ECS operations about services, tasks and container instances, answered by the lab's own scheduler."""

from __future__ import annotations

import random
import typing as t

from lab.compute import requests, views
from lab.compute.ecs_backend import EcsBackend, error
from lab.compute.model import ALIVE, Deployment, Instance, Service, Task, now
from lab.compute.scheduler import Scheduler

Parameters = dict[str, t.Any]
Answer = dict[str, t.Any]
FindTargetGroup = t.Callable[[str, str], dict[str, t.Any] | None]

OPERATIONS = (
    "run_task",
    "start_task",
    "stop_task",
    "describe_tasks",
    "list_tasks",
    "create_service",
    "update_service",
    "delete_service",
    "describe_services",
    "list_services",
    "describe_container_instances",
    "list_container_instances",
    "deregister_container_instance",
    "update_container_instances_state",
    "describe_clusters",
    "delete_cluster",
)

# Members that UpdateService replaces as they are.
_REPLACED = (
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "availabilityZoneRebalancing",
)


def new_deployment_id() -> str:
    return f"ecs-svc/{random.randint(10**18, 10**19 - 1)}"


class EcsApi:
    def __init__(self, backend: EcsBackend, scheduler: Scheduler, find_target_group: FindTargetGroup) -> None:
        self._backend = backend
        self._scheduler = scheduler
        self._find_target_group = find_target_group

    # -- tasks

    def run_task(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        arn, definition = self._backend.definition(region, given["taskDefinition"])
        if given.get("launchType", "EC2") != "EC2":
            raise error("UnsupportedFeatureException", "The lab has the launch type EC2 only.")
        tasks, failures = [], []
        for _ in range(int(given.get("count") or 1)):
            task, refusals = self._scheduler.place(
                region, cluster, arn, definition, **requests.task_options(given, definition)
            )
            if task:
                tasks.append(task)
            elif not self._backend.instances(region, cluster.name):
                raise error("InvalidParameterException", "No Container Instances were found in your cluster.")
            else:
                failures += [{"arn": instance, "reason": reason} for instance, reason in refusals.items()]
        return {"tasks": [views.task_view(task, with_tags=True) for task in tasks], "failures": failures}

    def start_task(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        arn, definition = self._backend.definition(region, given["taskDefinition"])
        tasks, failures = [], []
        for reference in given["containerInstances"]:
            instance = self._instance(region, cluster.name, reference)
            if instance is None:
                failures.append({"arn": reference, "reason": "MISSING"})
                continue
            task, refusals = self._scheduler.place(
                region, cluster, arn, definition, only=instance, **requests.task_options(given, definition)
            )
            if task:
                tasks.append(task)
            failures += [{"arn": which, "reason": reason} for which, reason in refusals.items() if not task]
        return {"tasks": [views.task_view(task, with_tags=True) for task in tasks], "failures": failures}

    def stop_task(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        task = self._task(region, cluster.name, given["task"])
        if task is None:
            raise error("InvalidParameterException", "The referenced task was not found.")
        if task.last_status != "STOPPED":
            task.stop("UserInitiated", given.get("reason") or "Task stopped by user")
        return {"task": views.task_view(task, with_tags=True)}

    def describe_tasks(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        if not given.get("tasks"):
            raise error("InvalidParameterException", "Tasks cannot be empty.")
        with_tags = "TAGS" in (given.get("include") or [])
        tasks, failures = [], []
        for reference in given["tasks"]:
            task = self._task(region, cluster.name, reference)
            if task:
                tasks.append(views.task_view(task, with_tags))
            else:
                arn = self._backend.arn(region, "task", "task", cluster.name, reference.rsplit("/", 1)[-1])
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"tasks": tasks, "failures": failures}

    def list_tasks(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        desired = given.get("desiredStatus") or "RUNNING"
        service = given.get("serviceName")
        if service and self._backend.service(region, cluster.name, service) is None:
            raise error("ServiceNotFoundException", "Service not found.")
        wanted: list[t.Callable[[Task], bool]] = [lambda task: task.desired_status == desired]
        if service:
            wanted.append(lambda task: task.service_name == service.rsplit("/", 1)[-1])
        if given.get("family"):
            wanted.append(lambda task: task.definition["family"] == given["family"])
        if given.get("startedBy"):
            wanted.append(lambda task: task.started_by == given["startedBy"])
        if given.get("launchType"):
            wanted.append(lambda task: task.launch_type == given["launchType"])
        if given.get("containerInstance"):
            instance = given["containerInstance"].rsplit("/", 1)[-1]
            wanted.append(lambda task: task.container_instance_arn.endswith(f"/{instance}"))
        tasks = [task for task in self._backend.tasks(region, cluster.name) if all(fits(task) for fits in wanted)]
        return requests.page("taskArns", [task.task_arn for task in tasks], given)

    # -- services

    def create_service(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        name = given["serviceName"]
        existing = self._backend.service(region, cluster.name, name)
        if existing and existing.status == "DRAINING":
            raise error("InvalidParameterException", "Unable to Start a service that is still Draining.")
        if existing and existing.status == "ACTIVE":
            raise error("InvalidParameterException", "Creation of service was not idempotent.")
        if given.get("launchType", "EC2") != "EC2" or given.get("schedulingStrategy", "REPLICA") != "REPLICA":
            raise error("UnsupportedFeatureException", "The lab has REPLICA services of the launch type EC2 only.")
        if not given.get("taskDefinition"):
            raise error("InvalidParameterException", "TaskDefinition can not be blank.")
        if given.get("desiredCount") is None:
            raise error("InvalidParameterException", "Desired count is required for REPLICA services.")
        arn, definition = self._backend.definition(region, given["taskDefinition"])
        balancers = given.get("loadBalancers") or []
        self._check_load_balancers(region, balancers, definition)
        if given.get("healthCheckGracePeriodSeconds") is not None and not balancers:
            raise error(
                "InvalidParameterException",
                "Health check grace period is only valid for services configured to use load balancers",
            )
        service = Service(
            name=name,
            arn=self._backend.arn(region, "service", "service", cluster.name, name),
            region=region,
            cluster_name=cluster.name,
            cluster_arn=cluster.arn,
            desired_count=int(given["desiredCount"]),
            task_definition=arn,
            settings=requests.settings(given),
            load_balancers=balancers,
            tags=given.get("tags") or [],
        )
        service.deployments = [Deployment(new_deployment_id(), arn, definition, service.desired_count)]
        self._backend.put_service(service)
        return {"service": views.service_view(service, with_tags=True)}

    def _check_load_balancers(self, region: str, balancers: list[Parameters], definition: Answer) -> None:
        containers = {c["name"]: c for c in definition["containerDefinitions"]}
        for balancer in balancers:
            name, port = balancer.get("containerName"), balancer.get("containerPort")
            if name not in containers:
                raise error("InvalidParameterException", f"The container {name} does not exist in the task definition.")
            if port not in [m.get("containerPort") for m in containers[name].get("portMappings") or []]:
                message = f"The container {name} did not have a container port {port} defined."
                raise error("InvalidParameterException", message)
            group_arn = balancer.get("targetGroupArn") or ""
            group = self._find_target_group(region, group_arn)
            if group is None:
                message = f"The specified target group does not exist. {group_arn}"
                raise error("InvalidParameterException", message)
            if not group.get("LoadBalancerArns"):
                message = f"The target group with targetGroupArn {group_arn} does not have an associated load balancer."
                raise error("InvalidParameterException", message)
            if group.get("TargetType") != "instance":
                message = (
                    f"The provided target group {group_arn} has target type {group.get('TargetType')}, which is "
                    f"incompatible with the {definition.get('networkMode')} network mode of the task definition."
                )
                raise error("InvalidParameterException", message)

    def update_service(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        service = self._backend.service(region, cluster.name, given["service"])
        if service is None:
            raise error("ServiceNotFoundException", "Service not found.")
        if service.status != "ACTIVE":
            raise error("ServiceNotActiveException", "Service was not ACTIVE.")
        arn, definition = self._backend.definition(region, given.get("taskDefinition") or service.task_definition)
        balancers = given.get("loadBalancers")
        if balancers is not None:
            self._check_load_balancers(region, balancers, definition)
        if given.get("desiredCount") is not None:
            service.desired_count = int(given["desiredCount"])
            service.primary.desired_count = service.desired_count
            service.primary.updated_at = now()
            service.steady = False
            # Somebody looks: what was throttled may try again at once.
            service.start_after, service.failures_in_row = 0.0, 0
        for member in _REPLACED:
            if given.get(member) is not None:
                service.settings[member] = given[member]
        if given.get("deploymentConfiguration"):
            service.settings["deploymentConfiguration"] = requests.deployment_configuration(
                {**service.settings["deploymentConfiguration"], **given["deploymentConfiguration"]}
            )
        changed = arn != service.task_definition or (balancers is not None and balancers != service.load_balancers)
        if balancers is not None:
            service.load_balancers = balancers
        if changed or given.get("forceNewDeployment"):
            self._deploy(service, arn, definition)
        return {"service": views.service_view(service, with_tags=True)}

    def _deploy(self, service: Service, arn: str, definition: Answer) -> None:
        for deployment in service.deployments:
            deployment.status = "ACTIVE"
        service.task_definition = arn
        service.deployments.insert(0, Deployment(new_deployment_id(), arn, definition, service.desired_count))
        service.start_after, service.failures_in_row, service.steady = 0.0, 0, False

    def delete_service(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        service = self._backend.service(region, cluster.name, given["service"])
        if service is None or service.status == "INACTIVE":
            raise error("ServiceNotFoundException", "Service not found.")
        if service.desired_count > 0 and not given.get("force"):
            message = "The service cannot be stopped while it is scaled above 0."
            raise error("InvalidParameterException", message)
        # It drains until its tasks are gone; the scheduler makes it INACTIVE then.
        service.status, service.desired_count = "DRAINING", 0
        service.primary.desired_count = 0
        return {"service": views.service_view(service, with_tags=True)}

    def describe_services(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        if len(given.get("services") or []) > 10:
            raise error("InvalidParameterException", "Services cannot be more than 10.")
        with_tags = "TAGS" in (given.get("include") or [])
        services, failures = [], []
        for reference in given.get("services") or []:
            service = self._backend.service(region, cluster.name, reference)
            if service:
                services.append(views.service_view(service, with_tags))
            else:
                name = reference.rsplit("/", 1)[-1]
                arn = self._backend.arn(region, "service", "service", cluster.name, name)
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"services": services, "failures": failures}

    def list_services(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        held = [s for s in self._backend.services(region) if s.cluster_name == cluster.name and s.status != "INACTIVE"]
        if given.get("launchType"):
            held = [service for service in held if service.launch_type == given["launchType"]]
        if given.get("schedulingStrategy"):
            held = [service for service in held if service.scheduling_strategy == given["schedulingStrategy"]]
        return requests.page("serviceArns", sorted(service.arn for service in held), given)

    # -- container instances and clusters

    def describe_container_instances(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        references = given.get("containerInstances") or []
        if not references:
            raise error("InvalidParameterException", "Container Instances cannot be empty.")
        with_tags = "TAGS" in (given.get("include") or [])
        return self._instances_answer(region, cluster.name, references, with_tags=with_tags)

    def list_container_instances(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        status = given.get("status")
        # Without a status, those which are ACTIVE or DRAINING.
        held = [i for i in self._backend.instances(region, cluster.name) if status in {None, i.status}]
        return requests.page("containerInstanceArns", sorted(i.container_instance_arn for i in held), given)

    def update_container_instances_state(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        if given["status"] not in {"ACTIVE", "DRAINING"}:
            message = "Container instance status should be one of [ACTIVE,DRAINING]"
            raise error("InvalidParameterException", message)
        for reference in given["containerInstances"]:
            instance = self._instance(region, cluster.name, reference)
            if instance:
                instance.status = given["status"]
                instance.version += 1
        return self._instances_answer(region, cluster.name, given["containerInstances"])

    def deregister_container_instance(self, region: str, given: Parameters) -> Answer:
        cluster = self._backend.cluster(region, given.get("cluster"))
        instance = self._instance(region, cluster.name, given["containerInstance"])
        if instance is None:
            raise error("InvalidParameterException", "The container instance was not found.")
        if self._scheduler.occupants(instance) and not given.get("force"):
            raise error("InvalidParameterException", "Found running tasks on the instance.")
        self._scheduler.deregister(instance)
        return {"containerInstance": {**views.instance_view(instance, []), "status": "INACTIVE"}}

    def _instances_answer(self, region: str, cluster: str, references: list[str], with_tags: bool = False) -> Answer:
        found, failures = [], []
        for reference in references:
            instance = self._instance(region, cluster, reference)
            if instance:
                found.append(views.instance_view(instance, self._scheduler.occupants(instance), with_tags))
            else:
                name = reference.rsplit("/", 1)[-1]
                arn = self._backend.arn(region, "container-instance", "containerInstance", cluster, name)
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"containerInstances": found, "failures": failures}

    def describe_clusters(self, region: str, given: Parameters) -> None:
        """moto answers; the numbers are the lab's."""
        self._backend.count(region)

    def delete_cluster(self, region: str, given: Parameters) -> None:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html: it must be empty."""
        cluster = self._backend.cluster(region, given.get("cluster"))
        services = [s for s in self._backend.services(region) if s.cluster_name == cluster.name]
        if any(service.status != "INACTIVE" for service in services):
            message = "The Cluster cannot be deleted while Services are active."
            raise error("ClusterContainsServicesException", message)
        if self._backend.instances(region, cluster.name):
            message = "The Cluster cannot be deleted while Container Instances are active or draining."
            raise error("ClusterContainsContainerInstancesException", message)
        if any(task.last_status in ALIVE for task in self._backend.tasks(region, cluster.name)):
            message = "The Cluster cannot be deleted while Tasks are active."
            raise error("ClusterContainsTasksException", message)

    # -- lookups

    def _task(self, region: str, cluster: str, reference: str) -> Task | None:
        task_id = reference.rsplit("/", 1)[-1]
        return next((task for task in self._backend.tasks(region, cluster) if task.id == task_id), None)

    def _instance(self, region: str, cluster: str, reference: str) -> Instance | None:
        wanted = reference.rsplit("/", 1)[-1]
        return next((i for i in self._backend.instances(region, cluster) if i.id == wanted), None)
