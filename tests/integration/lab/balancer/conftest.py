"""A balancer plane over the control plane, and what an NLB needs: subnets, security groups, a host that answers."""

from __future__ import annotations

import socket
import threading
import time
import typing as t

import pytest

from lab.balancer.plane import BalancerPlane
from lab.context import LabContext


def eventually(what: t.Callable[[], t.Any], seconds: float = 60) -> t.Any:
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s, last {answer!r}")
        time.sleep(0.05)


class Backend:
    """A server on a host: answers HTTP, echoes everything else; can be told to answer another status."""

    def __init__(self, address: str, port: int) -> None:
        self.status = 200
        self.accepted = 0
        self._socket = socket.create_server((address, port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    if data.startswith(b"GET "):
                        connection.sendall(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
                        return
                    connection.sendall(data)
                # The other side has said all it wanted to say; this side may still answer.
                connection.sendall(b"goodbye")
            except OSError:
                return

    def close(self) -> None:
        # Wakes the accept as well.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Net:
    def __init__(self, ctx: LabContext) -> None:
        self.ctx = ctx
        self.elb = ctx.client("elbv2")
        self.ec2 = ctx.client("ec2")
        self.eventually = eventually
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.balancer_group = self.group("balancer")
        self.host_group = self.group("host")
        self.backends: list[Backend] = []

    def group(self, name: str) -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])

    def permit(self, port: int = 8000, source: str | None = None, cidr: str | None = None) -> None:
        permission: dict[str, t.Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if cidr:
            permission["IpRanges"] = [{"CidrIp": cidr}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": source or self.balancer_group}]
        self.ec2.authorize_security_group_ingress(GroupId=self.host_group, IpPermissions=[permission])

    def balancer(self, name: str = "nlb", groups: bool = True) -> str:
        extra = {"SecurityGroups": [self.balancer_group]} if groups else {}
        answer = self.elb.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=[self.subnet], **extra
        )
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    def target_group(self, name: str = "tg", **options: t.Any) -> str:
        settings = {
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "TargetType": "instance",
            **options,
        }
        answer = self.elb.create_target_group(Name=name, Protocol="TCP", Port=8000, VpcId=self.vpc, **settings)
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, balancer: str, group: str, port: int = 8000) -> str:
        answer = self.elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="TCP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def host(self) -> str:
        image = self.ec2.register_image(
            Name=f"host-{len(self.backends)}-{time.time_ns()}", RootDeviceName="/dev/xvda", Architecture="x86_64"
        )["ImageId"]
        answer = self.ec2.run_instances(
            ImageId=image,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnet,
            SecurityGroupIds=[self.host_group],
        )
        instance_id = str(answer["Instances"][0]["InstanceId"])

        def running() -> bool:
            found = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
            return bool(found["State"]["Name"] == "running")

        eventually(running)
        return instance_id

    def backend(self, instance_id: str, port: int = 8000) -> Backend:
        backend = Backend(self.ctx.addresses.of(instance_id), port)
        self.backends.append(backend)
        return backend

    def health(self, group: str) -> dict[str, t.Any]:
        """{target id: TargetHealth}"""
        answer = self.elb.describe_target_health(TargetGroupArn=group)
        return {entry["Target"]["Id"]: entry["TargetHealth"] for entry in answer["TargetHealthDescriptions"]}

    def becomes(self, group: str, target_id: str, state: str) -> None:
        eventually(lambda: self.health(group).get(target_id, {}).get("State") == state)

    def register(self, group: str, target_id: str, port: int = 8000) -> None:
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target_id, "Port": port}])

    def connect(self, balancer: str, port: int = 8000) -> socket.socket:
        return socket.create_connection((self.ctx.addresses.of(balancer), port), timeout=20)

    def echoes(self, balancer: str, port: int = 8000) -> bool:
        try:
            with self.connect(balancer, port) as connection:
                connection.sendall(b"ping")
                return connection.recv(4) == b"ping"
        except OSError:
            return False


@pytest.fixture
def net(lab: LabContext, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Net]:
    monkeypatch.setenv("LAB_HEALTH_SPEEDUP", "50")
    plane = BalancerPlane()
    plane.start(lab)
    net = Net(lab)
    try:
        yield net
    finally:
        plane.stop()
        for backend in net.backends:
            backend.close()
