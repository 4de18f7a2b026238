"""What every plane of the lab shares: where it is, how it reaches the AWS API, and which loopback addresses it owns."""

from __future__ import annotations

import random
import socket
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config

from lab.clock import Clock

ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "eu-central-1"
ACCESS_KEY_ID = "lab"
SECRET_ACCESS_KEY = "lab-secret"
# How the control plane knows the data planes' own calls.
PLANE_USER_AGENT = "central-llm-lab-plane"


class Addresses:
    """One /24 of 127.0.0.0/8 belongs to this lab; each resource that has a network address gets one of it.

    Real ports stay real (an NLB listens on 8000), and two labs never meet: the block is reserved by keeping
    a socket bound on its first address, so that the kernel arbitrates and a crash frees it.
    """

    _RESERVATION_PORT = 7

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: dict[str, str] = {}
        self._reservation, self._prefix = self._reserve()

    @staticmethod
    def _reserve() -> tuple[socket.socket, str]:
        for _attempt in range(1000):
            # 127.0.0.* is everybody's, 127.255.* ends in broadcast addresses.
            prefix = f"127.{random.randint(16, 250)}.{random.randint(0, 255)}"
            holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                # A high port: no root needed. The number itself means nothing.
                holder.bind((f"{prefix}.1", 20000 + Addresses._RESERVATION_PORT))
            except OSError:
                holder.close()
                continue
            return holder, prefix
        raise RuntimeError("no free block of loopback addresses was found in 127.16.0.0 - 127.250.255.0")

    def of(self, resource_id: str) -> str:
        """The loopback address of a resource: the same for as long as it lives."""
        with self._lock:
            if resource_id not in self._given:
                taken = set(self._given.values())
                free = (f"{self._prefix}.{last}" for last in range(2, 255))
                address = next((candidate for candidate in free if candidate not in taken), None)
                if address is None:
                    raise RuntimeError("this lab has given all of its 253 loopback addresses away")
                self._given[resource_id] = address
            return self._given[resource_id]

    def release(self, resource_id: str) -> None:
        with self._lock:
            self._given.pop(resource_id, None)

    def close(self) -> None:
        self._reservation.close()


class Generations:
    """How often each AWS service has been written to: a plane keeps what it read until the number grows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def of(self, *services: str) -> int:
        with self._lock:
            return sum(self._counts.get(service, 0) for service in services)

    def bump(self, service: str) -> None:
        with self._lock:
            self._counts[service] = self._counts.get(service, 0) + 1


@dataclass
class LabContext:
    home: Path
    endpoint_url: str = ""
    edge_url: str = ""
    # Where ECR's registry answers, as host and port; empty where it does not run.
    registry: str = ""
    account_id: str = ACCOUNT_ID
    region: str = DEFAULT_REGION
    settle_seconds: float = 1.0
    addresses: Addresses = field(default_factory=Addresses)
    generations: Generations = field(default_factory=Generations)
    clock: Clock = field(default_factory=Clock)
    # The functions plane, for the planes that invoke functions; None where it does not run.
    functions: t.Any = None
    # What delivery streams wait with, for whoever puts into them; None where it does not run.
    delivery: t.Any = None
    stopping: threading.Event = field(default_factory=threading.Event)
    _clients: dict[tuple[str, str], t.Any] = field(default_factory=dict)
    _client_lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str, region: str | None = None) -> t.Any:
        """A boto3 client of this lab; clients are safe to share between threads, making them is not."""
        key = (service, region or self.region)
        with self._client_lock:
            if key not in self._clients:
                session = boto3.session.Session(
                    aws_access_key_id=ACCESS_KEY_ID,
                    aws_secret_access_key=SECRET_ACCESS_KEY,
                    region_name=key[1],
                )
                self._clients[key] = session.client(
                    service,
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        retries={"total_max_attempts": 3}, max_pool_connections=20, user_agent_extra=PLANE_USER_AGENT
                    ),
                )
            return self._clients[key]


class Plane(t.Protocol):
    """A part of the data plane; it starts once the control plane answers and stops before it goes away."""

    name: str

    def start(self, ctx: LabContext) -> None: ...

    def stop(self) -> None: ...
