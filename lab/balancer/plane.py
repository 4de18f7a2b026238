"""The balancer plane: what network load balancers do between a VPC link and the hosts."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from lab.balancer import state
from lab.balancer.forward import Connection, reset
from lab.balancer.health import HEALTHY, INITIAL, UNHEALTHY, Checker, Health
from lab.balancer.state import Group, Listener, State, Target, TargetKey
from lab.context import LabContext
from lab.moto_gaps import elbv2_target_health

log = logging.getLogger("lab.balancer")

_POLL_SECONDS = 0.1
_IDLE_SECONDS = 5.0
_WATCHED = ("elbv2", "ec2")


class BalancerPlane:
    name = "balancer"

    def __init__(self) -> None:
        self._speedup = float(os.environ.get("LAB_HEALTH_SPEEDUP") or 5.0)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, ctx: LabContext) -> None:
        self._thread = threading.Thread(target=self._serve, args=(ctx,), name="balancer-plane", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout=15)

    def _serve(self, ctx: LabContext) -> None:
        asyncio.run(self._run(ctx))

    async def _run(self, ctx: LabContext) -> None:
        balancers = Balancers(ctx, self._speedup)
        seen = -1
        next_read = 0.0
        while not (self._stopping.is_set() or ctx.stopping.is_set()):
            generation = ctx.generations.of(*_WATCHED)
            if generation != seen or time.monotonic() >= next_read:
                seen = generation
                next_read = time.monotonic() + _IDLE_SECONDS
                try:
                    await balancers.become(await asyncio.to_thread(state.read, ctx))
                except (ClientError, BotoCoreError) as error:
                    # Something was deleted while it was read; the deletion has made the generation grow.
                    log.info("balancer plane: %s", error)
                    next_read = time.monotonic() + _POLL_SECONDS
                except Exception:
                    log.exception("balancer plane")
            await asyncio.sleep(_POLL_SECONDS)
        await balancers.become(State())
        balancers.cut_all()


class Balancers:
    """The listeners that are open, the checks that run, the connections that live."""

    def __init__(self, ctx: LabContext, speedup: float) -> None:
        self._ctx = ctx
        self._speedup = speedup
        self._state = State()
        self._servers: dict[tuple[str, str, int], asyncio.Server] = {}
        self._checkers: dict[tuple[str, TargetKey], Checker] = {}
        self._connections: set[Connection] = set()

    async def become(self, wanted: State) -> None:
        before, self._state = self._state, wanted
        self._update_checkers()
        self._end_deregistered(before)
        await self._update_listeners()
        for gone in before.load_balancers - wanted.load_balancers:
            self._ctx.addresses.release(gone)
        for arn in {*before.groups, *wanted.groups}:
            self._report(arn)

    def cut_all(self) -> None:
        """The end of the plane."""
        for connection in list(self._connections):
            connection.cut()

    # -- listeners

    async def _update_listeners(self) -> None:
        wanted = {(each.arn, each.load_balancer_arn, each.port): each for each in self._state.listeners}
        for key in [key for key in self._servers if key not in wanted]:
            # Connections that are open stay open.
            self._servers.pop(key).close()
        for key, listener in wanted.items():
            if key not in self._servers:
                await self._listen(key, listener)

    async def _listen(self, key: tuple[str, str, int], listener: Listener) -> None:
        address = self._ctx.addresses.of(listener.load_balancer_arn)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(listener.arn, reader, writer)

        try:
            self._servers[key] = await asyncio.start_server(accept, address, listener.port)
        except OSError as error:
            log.warning("%s cannot listen on %s:%s: %s", listener.load_balancer_arn, address, listener.port, error)
        else:
            log.info("%s listens on %s:%s", listener.load_balancer_arn, address, listener.port)

    async def _serve(self, listener_arn: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener = next((each for each in self._state.listeners if each.arn == listener_arn), None)
        group = self._state.groups.get(listener.group_arn) if listener else None
        target = self._choose(group) if group else None
        if listener is None or group is None or target is None:
            reset(writer)
            return
        if not target.traffic.allowed:
            # On AWS the packets vanish; here the client need not wait for its timeout to learn of it.
            log.info("target %s:%s: %s", *target.key, target.traffic.reason)
            reset(writer)
            return
        connection = Connection(target, group.arn, listener.idle_seconds)
        self._connections.add(connection)
        try:
            await connection.run(reader, writer)
        finally:
            self._connections.discard(connection)

    def _choose(self, group: Group) -> Target | None:
        """A healthy target; when none is, any: network load balancers fail open.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
        """
        healthy = [target for target in group.targets if self._health(group.arn, target.key) == HEALTHY]
        candidates = healthy or list(group.targets)
        return random.choice(candidates) if candidates else None

    # -- health

    def _health(self, group_arn: str, key: TargetKey) -> Health:
        checker = self._checkers.get((group_arn, key))
        return checker.count.state if checker else INITIAL

    def _update_checkers(self) -> None:
        wanted = {(g.arn, target.key): (g, target) for g in self._state.groups.values() for target in g.targets}
        for key, checker in list(self._checkers.items()):
            if key not in wanted or checker.check != wanted[key][0].check:
                checker.stop()
                del self._checkers[key]
            else:
                checker.adopt(wanted[key][1])
        for key, (group, target) in wanted.items():
            if key not in self._checkers:
                self._checkers[key] = self._checker(group, target)

    def _checker(self, group: Group, target: Target) -> Checker:
        def changed(health: Health) -> None:
            log.info("target %s:%s is %s in %s", *target.key, health[0], group.arn)
            now = self._state.groups.get(group.arn)
            if health == UNHEALTHY and now is not None and now.cut_unhealthy:
                # "Terminate connections on unhealthy" is on unless it has been switched off.
                self._cut(group.arn, target.key)
            self._report(group.arn)

        return Checker(target, group.check, self._speedup, changed)

    def _report(self, group_arn: str) -> None:
        group = self._state.groups.get(group_arn)
        targets = group.targets if group else ()
        elbv2_target_health.report(group_arn, {t.key: self._health(group_arn, t.key) for t in targets})

    # -- ends of connections

    def _cut(self, group_arn: str, key: TargetKey) -> None:
        for connection in list(self._connections):
            if connection.group_arn == group_arn and connection.target_key == key:
                connection.cut()

    def _end_deregistered(self, before: State) -> None:
        """Connections to a target that was taken out go on, unless the group says that they end with the delay."""
        loop = asyncio.get_running_loop()
        for arn, group in before.groups.items():
            now = self._state.groups.get(arn)
            left = {t.key for t in group.targets} - {t.key for t in (now.targets if now else ())}
            delay = (now or group).cut_deregistered_after
            if delay is not None:
                for key in left:
                    loop.call_later(delay / self._speedup, self._cut, arn, key)
