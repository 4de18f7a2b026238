"""Tasks are real processes: they start, fail, crash, log, get checked, and end with whatever keeps them alive."""

from __future__ import annotations

import os
import signal
import typing as t
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lab import testing

LOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/ecs/web", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "run"},
}


def get(world: t.Any, instance_id: str, path: str = "/", port: int = 8000) -> str:
    url = f"http://{world.ctx.addresses.of(instance_id)}:{port}{path}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def answers(world: t.Any, instance_id: str, path: str = "/") -> str:
    try:
        return get(world, instance_id, path)
    except OSError:
        return ""


def test_service_starts_a_process_that_answers(world: t.Any) -> None:
    instance_id = world.host()
    world.define(environment=[{"name": "GREETING", "value": "hello"}], command=["--verbose"])
    world.serve()
    (task,) = world.running()
    assert world.eventually(lambda: answers(world, instance_id)) == "ok"
    assert task["containers"][0]["networkBindings"] == [
        {"bindIP": "0.0.0.0", "containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}
    ]
    assert task["startedAt"] >= task["createdAt"]
    environment = get(world, instance_id, "/env")
    assert "'GREETING': 'hello'" in environment
    assert "'FROM_IMAGE': 'yes'" in environment
    command = Path(f"/proc/{world.pid_of(task)}/cmdline").read_text().split("\0")
    assert command[-2:] == ["--verbose", ""]


def test_the_developers_environment_stays_outside(world: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_MINE", "do not look")
    instance_id = world.host()
    world.define()
    world.serve()
    world.running()
    environment = world.eventually(lambda: answers(world, instance_id, "/env"))
    assert "A_SECRET_OF_MINE" not in environment
    assert f"'HOME': '{world.ctx.home}/tasks/" in environment


def test_gpu_is_taken_and_given_back(world: t.Any) -> None:
    world.host()
    world.define(resourceRequirements=[{"type": "GPU", "value": "1"}])
    world.serve()
    (task,) = world.running()

    def gpus(which: str) -> list[str]:
        (instance,) = world.container_instances()
        return list(next(r["stringSetValue"] for r in instance[which] if r["name"] == "GPU"))

    assert task["containers"][0]["gpuIds"] == gpus("registeredResources")
    assert gpus("remainingResources") == []
    world.ecs.update_service(cluster="c", service="s", desiredCount=0)
    world.eventually(lambda: gpus("remainingResources") == gpus("registeredResources"))


def test_unknown_image_is_refused_and_retried_with_growing_delay(world: t.Any) -> None:
    world.host()
    world.define(image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/nothing:1")
    world.serve()
    task = world.stopped()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert "startedAt" not in task
    world.eventually(lambda: "is unable to consistently start tasks successfully" in world.events())


def test_crash_shows_why_and_is_replaced(world: t.Any) -> None:
    instance_id = world.host()
    world.define()
    world.serve()
    (first,) = world.running()
    world.eventually(lambda: answers(world, instance_id))
    with pytest.raises(OSError):
        get(world, instance_id, "/exit")
    task = world.stopped()
    assert task["taskArn"] == first["taskArn"]
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["containers"][0]["exitCode"] == 7
    (second,) = world.running()
    assert second["taskArn"] != first["taskArn"]


def test_a_signal_is_an_exit_code(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve()
    (task,) = world.running()
    os.kill(world.pid_of(task), signal.SIGKILL)
    assert world.stopped()["containers"][0]["exitCode"] == 137


def test_stop_timeout_ends_what_ignores_sigterm(world: t.Any) -> None:
    world.host()
    world.define(command=["--stubborn", "--child"], stopTimeout=2)
    world.serve()
    (task,) = world.running()
    pid = world.pid_of(task)
    children = Path(f"/proc/{pid}/task/{pid}/children")
    (child,) = world.eventually(lambda: children.read_text().split())
    world.ecs.update_service(cluster="c", service="s", desiredCount=0)
    stopped = world.stopped()
    assert stopped["containers"][0]["exitCode"] == 137
    assert not world.alive(pid)
    # It had left the process group; as in a container, it still goes.
    assert not world.alive(int(child))


def test_terminated_host_takes_its_processes_along(world: t.Any) -> None:
    instance_id = world.host()
    world.define(command=["--stubborn", "--child"])
    world.serve()
    (task,) = world.running()
    pid = world.pid_of(task)
    world.ec2.terminate_instances(InstanceIds=[instance_id])
    world.eventually(lambda: not world.alive(pid))
    stopped = world.stopped()
    assert stopped["stoppedReason"] == f"Host EC2 (instance {instance_id}) terminated."
    world.eventually(lambda: "No Container Instances were found in your cluster" in world.events())


def test_reset_leaves_no_process(world: t.Any) -> None:
    world.host()
    world.define()
    world.serve()
    (task,) = world.running()
    pid = world.pid_of(task)
    testing.reset(world.ctx)
    world.eventually(lambda: not world.alive(pid))


def test_container_health_check_is_executed(world: t.Any) -> None:
    world.host()
    check = 'import urllib.request; urllib.request.urlopen("http://localhost:8000/", timeout=3)'
    world.define(healthCheck={"command": ["CMD", "python3", "-c", check], "interval": 5, "retries": 2})
    world.serve()
    (task,) = world.running()

    def described() -> dict[str, t.Any]:
        return dict(world.ecs.describe_tasks(cluster="c", tasks=[task["taskArn"]])["tasks"][0])

    world.eventually(lambda: described()["healthStatus"] == "HEALTHY")
    folder = world.ctx.home / "tasks" / task["taskArn"].rsplit("/", 1)[-1] / "app"
    (folder / "sick").touch()
    stopped = world.stopped()
    assert stopped["taskArn"] == task["taskArn"]
    assert stopped["stoppedReason"] == "Task failed container health checks"
    assert "failed container health checks" in world.events()


def test_output_reaches_the_log_group(world: t.Any) -> None:
    world.logs.create_log_group(logGroupName="/ecs/web")
    world.host()
    world.define(logConfiguration=LOGS)
    world.serve()
    (task,) = world.running()
    stream = f"run/app/{task['taskArn'].rsplit('/', 1)[-1]}"

    def messages() -> list[str]:
        answer = world.logs.get_log_events(logGroupName="/ecs/web", logStreamName=stream)
        return [event["message"] for event in answer["events"]]

    lines = world.eventually(messages)
    assert lines[0].startswith("listening 127.")


def test_missing_log_group_keeps_the_task_from_starting(world: t.Any) -> None:
    world.host()
    world.define(logConfiguration=LOGS)
    world.serve()
    task = world.stopped()
    assert "ResourceInitializationError" in task["stoppedReason"]
    assert "The specified log group does not exist" in task["stoppedReason"]


def test_secrets_need_the_execution_roles_permission(world: t.Any) -> None:
    arn = world.secrets.create_secret(Name="token", SecretString='{"value": "s3cret"}')["ARN"]
    inline = {"Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}]}
    allowed = world.role("may", "ecs-tasks.amazonaws.com", inline={"Version": "2012-10-17", **inline})
    refused = world.role("may-not", "ecs-tasks.amazonaws.com")
    instance_id = world.host()
    secrets = [{"name": "TOKEN", "valueFrom": f"{arn}:value::"}]
    world.define("refused", secrets=secrets, executionRoleArn=refused)
    world.serve("refused")
    reason = world.stopped()["stoppedReason"]
    assert reason.startswith("ResourceInitializationError: ")
    assert "may-not is not authorized to perform: secretsmanager:GetSecretValue" in reason
    world.define("allowed", secrets=secrets, executionRoleArn=allowed)
    world.ecs.update_service(cluster="c", service="s", taskDefinition="allowed")
    world.running()
    assert "'TOKEN': 's3cret'" in world.eventually(lambda: answers(world, instance_id, "/env"))


def test_port_mapping_is_a_limit_that_the_lab_names(world: t.Any) -> None:
    world.host()
    world.define(portMappings=[{"containerPort": 8000, "hostPort": 80}])
    world.serve()
    assert "the lab cannot map ports" in world.stopped()["stoppedReason"]


def test_run_task_and_stop_task(world: t.Any) -> None:
    world.host()
    world.define()
    answer = world.ecs.run_task(cluster="c", taskDefinition="web", startedBy="me")
    (task,) = answer["tasks"]
    assert task["lastStatus"] in {"PENDING", "PROVISIONING"}
    world.running()
    busy = world.ecs.run_task(cluster="c", taskDefinition="web")
    assert busy["tasks"] == []
    assert busy["failures"][0]["reason"] == "RESOURCE:PORTS"
    assert world.ecs.list_tasks(cluster="c", startedBy="me")["taskArns"] == [task["taskArn"]]
    world.ecs.stop_task(cluster="c", task=task["taskArn"], reason="enough")
    stopped = world.stopped()
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")


def test_run_task_without_instances(world: t.Any) -> None:
    world.ecs.create_cluster(clusterName="c")
    world.define()
    with pytest.raises(ClientError, match="No Container Instances were found in your cluster"):
        world.ecs.run_task(cluster="c", taskDefinition="web")
