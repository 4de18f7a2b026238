"""Health checks of targets: TCP connects or HTTP requests, counted against thresholds.

https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import typing as t
from dataclasses import dataclass

from lab.balancer.state import Check, Target

Health = tuple[str, str, str]

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
INITIAL: Health = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
HEALTHY: Health = ("healthy", "", "")
UNHEALTHY: Health = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


@dataclass
class Count:
    """Consecutive results of one target's checks, and the state that follows from them."""

    state: Health = INITIAL
    successes: int = 0
    failures: int = 0

    def note(self, passed: bool, check: Check) -> Health:
        self.successes = self.successes + 1 if passed else 0
        self.failures = 0 if passed else self.failures + 1
        if self.successes >= check.healthy_threshold:
            self.state = HEALTHY
        elif self.failures >= check.unhealthy_threshold:
            self.state = UNHEALTHY
        return self.state


def matches(matcher: str, code: int) -> bool:
    """`200`, `200,204`, `200-399`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


async def passes(target: Target, check: Check) -> bool:
    """One check. What the security groups drop never arrives, so it fails without being sent."""
    if not target.checks.allowed:
        return False
    port = target.port if check.port == "traffic-port" else int(check.port)
    try:
        async with asyncio.timeout(check.timeout):
            if check.protocol == "TCP":
                return await _connects(target.address, port)
            return matches(check.matcher, await _status(target.address, port, check))
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return False


async def _connects(address: str, port: int) -> bool:
    _reader, writer = await asyncio.open_connection(address, port)
    await _close(writer)
    return True


async def _status(address: str, port: int, check: Check) -> int:
    context: ssl.SSLContext | None = None
    if check.protocol == "HTTPS":
        # Load balancers do not verify the certificates of targets.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(address, port, ssl=context)
    try:
        request = f"GET {check.path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n"
        writer.write(f"{request}User-Agent: ELB-HealthChecker/2.0\r\n\r\n".encode())
        await writer.drain()
        line = await reader.readline()
        return int(line.split()[1])
    except IndexError as error:
        raise ValueError("no HTTP status line") from error
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


class Checker:
    """Checks one target until it is cancelled; tells `changed` of each new state."""

    def __init__(self, target: Target, check: Check, speedup: float, changed: t.Callable[[Health], None]) -> None:
        self.target = target
        self.check = check
        self.count = Count()
        self._interval = check.interval / speedup
        self._changed = changed
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            before = self.count.state
            after = self.count.note(await passes(self.target, self.check), self.check)
            if after != before:
                self._changed(after)
            await asyncio.sleep(self._interval)

    def adopt(self, target: Target) -> None:
        """The same target with other firewall rules: its history stays."""
        self.target = target

    def stop(self) -> None:
        self._task.cancel()
