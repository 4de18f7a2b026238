"""Network load balancers listen, check their targets, forward, drain, and obey the security groups."""

from __future__ import annotations

import socket
import threading
import typing as t

import pytest


@pytest.fixture
def served(net: t.Any) -> tuple[str, str, str, t.Any]:
    """(balancer, target group, instance, backend) with a healthy target."""
    net.permit()
    balancer, group = net.balancer(), net.target_group()
    net.listener(balancer, group)
    instance = net.host()
    backend = net.backend(instance)
    net.register(group, instance)
    net.becomes(group, instance, "healthy")
    return balancer, group, instance, backend


def test_bytes_go_both_ways_in_any_amount(net: t.Any, served: t.Any) -> None:
    blob = bytes(range(256)) * 8192
    with net.connect(served[0]) as connection:
        # More than the kernel buffers, so both sides have to make the other wait.
        threading.Thread(target=connection.sendall, args=(blob,), daemon=True).start()
        received = b""
        while len(received) < len(blob):
            part = connection.recv(65536)
            assert part
            received += part
    assert received == blob


def test_half_closed_connections_can_still_answer(net: t.Any, served: t.Any) -> None:
    with net.connect(served[0]) as connection:
        connection.sendall(b"all I have")
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(1000):
            received += part
    assert received == b"all I havegoodbye"


def test_health_follows_the_target(net: t.Any, served: t.Any) -> None:
    balancer, group, instance, backend = served
    assert net.echoes(balancer)
    backend.close()
    net.backends.remove(backend)
    net.becomes(group, instance, "unhealthy")
    assert net.health(group)[instance]["Reason"] == "Target.FailedHealthChecks"
    net.backend(instance)
    net.becomes(group, instance, "healthy")
    assert net.echoes(balancer)


def test_http_checks_look_at_the_status(net: t.Any) -> None:
    net.permit()
    balancer = net.balancer()
    group = net.target_group(HealthCheckProtocol="HTTP", HealthCheckPath="/health", Matcher={"HttpCode": "200"})
    net.listener(balancer, group)
    instance = net.host()
    backend = net.backend(instance)
    backend.status = 503
    net.register(group, instance)
    net.becomes(group, instance, "unhealthy")
    # No healthy target at all: it fails open.
    assert net.echoes(balancer)
    backend.status = 200
    net.becomes(group, instance, "healthy")


def test_only_healthy_targets_get_connections(net: t.Any, served: t.Any) -> None:
    balancer, group, _instance, _backend = served
    other = net.host()
    net.register(group, other)
    net.becomes(group, other, "unhealthy")
    assert all(net.echoes(balancer) for _ in range(10))


def test_without_targets_the_connection_is_reset(net: t.Any) -> None:
    balancer, group = net.balancer(), net.target_group()
    net.listener(balancer, group)

    def is_reset() -> bool:
        try:
            with net.connect(balancer) as connection:
                assert connection.recv(1) is None, "an orderly end, or even an answer"
        except ConnectionRefusedError:
            # It does not listen yet.
            return False
        except ConnectionResetError:
            return True
        return False

    net.eventually(is_reset)


def test_firewall_keeps_the_balancer_out(net: t.Any) -> None:
    balancer, group = net.balancer(), net.target_group()
    net.listener(balancer, group)
    instance = net.host()
    backend = net.backend(instance)
    net.register(group, instance)
    net.becomes(group, instance, "unhealthy")
    assert not net.echoes(balancer)
    assert backend.accepted == 0
    net.permit()
    net.becomes(group, instance, "healthy")
    assert net.echoes(balancer)


def test_balancer_without_group_needs_its_addresses_permitted(net: t.Any) -> None:
    balancer, group = net.balancer(groups=False), net.target_group()
    net.listener(balancer, group)
    instance = net.host()
    net.backend(instance)
    net.permit()
    net.register(group, instance)
    net.becomes(group, instance, "unhealthy")
    net.permit(cidr="10.0.1.0/24")
    net.becomes(group, instance, "healthy")


def test_open_connections_survive_deregistration(net: t.Any, served: t.Any) -> None:
    balancer, group, instance, _backend = served
    with net.connect(balancer) as connection:
        connection.sendall(b"one")
        assert connection.recv(3) == b"one"
        net.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance, "Port": 8000}])
        net.eventually(lambda: instance not in net.health(group))
        net.eventually(lambda: not net.echoes(balancer))
        connection.sendall(b"two")
        assert connection.recv(3) == b"two"


def test_targets_by_address(net: t.Any) -> None:
    net.permit()
    balancer, group = net.balancer(), net.target_group(TargetType="ip")
    net.listener(balancer, group)
    instance = net.host()
    net.backend(instance)
    found = net.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    address = found["PrivateIpAddress"]
    net.register(group, address)
    net.becomes(group, address, "healthy")
    assert net.echoes(balancer)


def test_deleted_listener_closes_its_port(net: t.Any, served: t.Any) -> None:
    balancer, _group, _instance, _backend = served
    (listener,) = net.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert net.echoes(balancer)
    net.elb.delete_listener(ListenerArn=listener["ListenerArn"])
    net.eventually(lambda: not net.echoes(balancer))
    with pytest.raises(ConnectionRefusedError):
        net.connect(balancer)


def test_unused_without_listener(net: t.Any) -> None:
    group = net.target_group()
    instance = net.host()
    net.register(group, instance)
    assert net.health(group)[instance]["State"] == "unused"
    assert net.health(group)[instance]["Reason"] == "Target.NotInUse"
