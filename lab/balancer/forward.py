"""One TCP connection through a balancer: bytes both ways until both ends are done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time

from lab.balancer.state import Target, TargetKey

log = logging.getLogger("lab.balancer")

_CHUNK = 65536
_CONNECT_SECONDS = 10.0


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: the peer learns that this was no orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Connection:
    """A client, the target it was given, and the bytes between them."""

    def __init__(self, target: Target, group_arn: str, idle_seconds: float) -> None:
        self.target_key: TargetKey = target.key
        self.group_arn = group_arn
        self._target = target
        self._idle_seconds = idle_seconds
        self._last = time.monotonic()
        self._writers: list[asyncio.StreamWriter] = []

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                from_target, to_target = await asyncio.open_connection(self._target.address, self._target.port)
        except (OSError, TimeoutError) as error:
            log.info("target %s:%s: %s", *self.target_key, error)
            self.cut()
            return
        self._writers.append(to_target)
        self._last = time.monotonic()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, to_target))
                both.create_task(self._pump(from_target, writer))
        except* (OSError, TimeoutError):
            # One end broke off, or nothing was said for the idle timeout: the other end learns it by a reset, as with
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#connection-idle-timeout
            self.cut()
        finally:
            for each in self._writers:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await self._read(reader)
            if not data:
                # Half-close: the other direction may go on for long.
                if writer.can_write_eof() and not writer.is_closing():
                    writer.write_eof()
                return
            self._last = time.monotonic()
            writer.write(data)
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """The next bytes; the idle timeout counts both directions together."""
        while True:
            left = self._last + self._idle_seconds - time.monotonic()
            if left <= 0:
                raise TimeoutError("idle")
            try:
                async with asyncio.timeout(left):
                    return await reader.read(_CHUNK)
            except TimeoutError:
                continue

    def cut(self) -> None:
        for writer in self._writers:
            reset(writer)
