"""What the balancers should be doing, read from the AWS API: listeners, target groups, targets, firewall."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from moto.elbv2.models import elbv2_backends

from lab.context import LabContext
from lab.firewall import Verdict, allows

Document = t.Mapping[str, t.Any]
TargetKey = tuple[str, int]


@dataclass(frozen=True)
class Check:
    """A target group's health check."""

    protocol: str
    port: str
    path: str
    matcher: str
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True)
class Target:
    """One registered target: where it is here, and whether the security groups let the balancer reach it."""

    key: TargetKey
    address: str
    port: int
    traffic: Verdict
    checks: Verdict


@dataclass(frozen=True)
class Group:
    arn: str
    check: Check
    targets: tuple[Target, ...]
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
    cut_unhealthy: bool = True
    cut_deregistered_after: float | None = None


@dataclass(frozen=True)
class Listener:
    arn: str
    load_balancer_arn: str
    port: int
    group_arn: str
    idle_seconds: float


@dataclass(frozen=True)
class State:
    listeners: tuple[Listener, ...] = ()
    groups: t.Mapping[str, Group] = field(default_factory=dict)
    # All there are, also those which do not listen (yet).
    load_balancers: frozenset[str] = frozenset()


def read(ctx: LabContext) -> State:
    listeners: list[Listener] = []
    groups: dict[str, Group] = {}
    load_balancers: set[str] = set()
    for region in _regions(ctx):
        load_balancers |= _Region(ctx, region).read(listeners, groups)
    return State(tuple(listeners), groups, frozenset(load_balancers))


def _regions(ctx: LabContext) -> list[str]:
    """The regions that have load balancers; the API would have to be asked in each of them."""
    return [region for region, backend in list(elbv2_backends[ctx.account_id].items()) if backend.load_balancers]


class _Region:
    """One reading of one region."""

    def __init__(self, ctx: LabContext, region: str) -> None:
        self._ctx = ctx
        self._elb = ctx.client("elbv2", region)
        self._ec2 = ctx.client("ec2", region)

    def read(self, listeners: list[Listener], groups: dict[str, Group]) -> set[str]:
        """Adds what this region has; the ARNs of its load balancers."""
        described = self._all(self._elb, "describe_load_balancers", "LoadBalancers")
        known = {balancer["LoadBalancerArn"] for balancer in described}
        balancers = {
            balancer["LoadBalancerArn"]: balancer
            for balancer in described
            # A balancer that is still being provisioned does not listen yet.
            if balancer["Type"] == "network" and balancer["State"]["Code"] == "active"
        }
        found = [listener for arn in balancers for listener in self._listeners(arn)]
        listeners += found
        if not found:
            return known
        self._load_network()
        balancer_of = {listener.group_arn: balancers[listener.load_balancer_arn] for listener in found}
        for group in self._all(self._elb, "describe_target_groups", "TargetGroups"):
            if group["TargetGroupArn"] in balancer_of:
                groups[group["TargetGroupArn"]] = self._group(group, balancer_of[group["TargetGroupArn"]])
        return known

    @staticmethod
    def _all(client: t.Any, operation: str, member: str, **arguments: t.Any) -> list[dict[str, t.Any]]:
        pages = client.get_paginator(operation).paginate(**arguments)
        return [entry for page in pages for entry in page[member]]

    def _listeners(self, balancer_arn: str) -> t.Iterator[Listener]:
        for listener in self._all(self._elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer_arn):
            action = (listener.get("DefaultActions") or [{}])[0]
            group_arn = action.get("TargetGroupArn") or _only_group(action)
            if listener["Protocol"] != "TCP" or not group_arn:
                continue
            answer = self._elb.describe_listener_attributes(ListenerArn=listener["ListenerArn"])
            attributes = {a["Key"]: a.get("Value") for a in answer["Attributes"]}
            idle = float(attributes.get("tcp.idle_timeout.seconds") or 350)
            yield Listener(listener["ListenerArn"], balancer_arn, int(listener["Port"]), group_arn, idle)

    def _load_network(self) -> None:
        reservations = self._all(self._ec2, "describe_instances", "Reservations")
        self._instances = {i["InstanceId"]: i for r in reservations for i in r["Instances"]}
        self._by_address = {i["PrivateIpAddress"]: i for i in self._instances.values() if i.get("PrivateIpAddress")}
        groups = self._all(self._ec2, "describe_security_groups", "SecurityGroups")
        self._security_groups = {group["GroupId"]: group for group in groups}
        self._cidrs = {s["SubnetId"]: s["CidrBlock"] for s in self._all(self._ec2, "describe_subnets", "Subnets")}

    def _group(self, group: Document, balancer: Document) -> Group:
        answer = self._elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])
        attributes = {a["Key"]: a.get("Value") for a in answer["Attributes"]}
        delay = float(attributes.get("deregistration_delay.timeout_seconds") or 300)
        ends = attributes.get("deregistration_delay.connection_termination.enabled") == "true"
        check = _check(group)
        health = self._elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return Group(
            arn=group["TargetGroupArn"],
            check=check,
            targets=tuple(self._targets(health["TargetHealthDescriptions"], check, balancer)),
            cut_unhealthy=attributes.get("target_health_state.unhealthy.connection_termination.enabled") != "false",
            cut_deregistered_after=delay if ends else None,
        )

    def _targets(self, described: list[Document], check: Check, balancer: Document) -> t.Iterator[Target]:
        for entry in described:
            if entry["TargetHealth"]["State"] == "draining":
                continue
            target_id, port = entry["Target"]["Id"], int(entry["Target"]["Port"])
            instance = self._instances.get(target_id) or self._by_address.get(target_id)
            if instance and instance["State"]["Name"] != "running":
                continue
            address = self._ctx.addresses.of(instance["InstanceId"]) if instance else _loopback(target_id)
            if address is None:
                continue
            check_port = port if check.port == "traffic-port" else int(check.port)
            yield Target(
                key=(target_id, port),
                address=address,
                port=port,
                traffic=self._verdict(balancer, instance, port),
                checks=self._verdict(balancer, instance, check_port),
            )

    def _verdict(self, balancer: Document, instance: Document | None, port: int) -> Verdict:
        """Balancer to host; a loopback address given as it is belongs to nobody's network."""
        if instance is None:
            return Verdict(True, "a loopback address")
        own = [self._security_groups[g] for g in balancer.get("SecurityGroups") or [] if g in self._security_groups]
        theirs = [
            self._security_groups[g["GroupId"]]
            for g in instance.get("SecurityGroups") or []
            if g["GroupId"] in self._security_groups
        ]
        verdict = Verdict(False, "the balancer has no subnet")
        for zone in balancer.get("AvailabilityZones") or []:
            cidr = self._cidrs.get(zone.get("SubnetId"))
            if cidr is None:
                continue
            # A balancer has an address in each of its subnets; AWS keeps the first four of a subnet.
            source = str(ipaddress.ip_network(cidr)[4])
            verdict = allows(own, source, theirs, port, destination_ip=instance.get("PrivateIpAddress"))
            if verdict.allowed:
                return verdict
        return verdict


def _only_group(action: Document) -> str | None:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    return groups[0]["TargetGroupArn"] if groups else None


def _loopback(address: str) -> str | None:
    try:
        return address if ipaddress.ip_address(address).is_loopback else None
    except ValueError:
        return None


def _check(group: Document) -> Check:
    return Check(
        protocol=group.get("HealthCheckProtocol") or "TCP",
        port=str(group.get("HealthCheckPort") or "traffic-port"),
        path=group.get("HealthCheckPath") or "/",
        # Network load balancers take 200-399 unless told otherwise.
        matcher=(group.get("Matcher") or {}).get("HttpCode") or "200-399",
        interval=float(group.get("HealthCheckIntervalSeconds") or 30),
        timeout=float(group.get("HealthCheckTimeoutSeconds") or 10),
        healthy_threshold=int(group.get("HealthyThresholdCount") or 5),
        unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
    )
