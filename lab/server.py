"""The lab's daemon: the control plane and the planes behind it, in one process for one LAB_HOME."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from lab.context import LabContext, Plane

log = logging.getLogger("lab.server")

# Started in this order after the control plane, stopped in the reverse one.
PLANES = {
    "balancer": "lab.balancer.plane:BalancerPlane",
    "commands": "lab.guest.plane:CommandsPlane",
    "compute": "lab.compute.plane:ComputePlane",
    "delivery": "lab.delivery.streams:DeliveryPlane",
    "edge": "lab.edge.plane:EdgePlane",
    "functions": "lab.functions.plane:FunctionsPlane",
    "registry": "lab.registry.plane:RegistryPlane",
    "schedules": "lab.schedules.plane:SchedulesPlane",
}


@dataclass(frozen=True)
class Home:
    """The folder of one lab: who runs it, what it said, what it keeps."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        given = os.environ.get("LAB_HOME")
        return cls(Path(given).resolve() if given else Path(__file__).resolve().parent.parent / ".lab")

    @property
    def state_file(self) -> Path:
        return self.path / "lab.json"

    @property
    def log_file(self) -> Path:
        return self.path / "lab.log"

    @property
    def lock_file(self) -> Path:
        return self.path / "lab.lock"

    def state(self) -> dict[str, t.Any] | None:
        """What the running lab wrote down; None where none runs, whatever a crashed one left behind."""
        if not self.is_running():
            return None
        try:
            return t.cast("dict[str, t.Any]", json.loads(self.state_file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            # It has the lock, but is not ready yet.
            return None

    def is_running(self) -> bool:
        """The kernel gives a lock back when its holder dies, so the lock is the truth, not a file's content."""
        if not self.lock_file.exists():
            return False
        with self.lock_file.open("r+", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            return False

    @contextlib.contextmanager
    def held(self) -> t.Iterator[None]:
        """Be the lab of this home; BlockingIOError when another process is."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.lock_file.open("a+", encoding="utf-8") as handle:
            _lock(handle)
            self.state_file.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.state_file.unlink(missing_ok=True)

    def write_state(self, ctx: LabContext) -> None:
        document = {
            "pid": os.getpid(),
            "started": time.time(),
            "endpoint_url": ctx.endpoint_url,
            "edge_url": ctx.edge_url,
            "home": str(self.path),
        }
        unfinished = self.state_file.with_suffix(".tmp")
        unfinished.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(self.state_file)


def _lock(handle: t.TextIO) -> None:
    """Take the lock; a look at it (`is_running`) holds it for an instant, so one refusal proves nothing."""
    for attempt in range(20):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if attempt == 19:
                raise
            time.sleep(0.05)


def chosen_planes() -> list[str]:
    """All planes, or those that LAB_PLANES names; the control plane is always there."""
    given = os.environ.get("LAB_PLANES")
    if not given:
        return list(PLANES)
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = set(names) - set(PLANES) - {"control"}
    if unknown:
        raise ValueError(f"LAB_PLANES names {sorted(unknown)}; there are control, {', '.join(PLANES)}")
    return [name for name in PLANES if name in names]


def settle_seconds() -> float:
    return float(os.environ.get("LAB_SETTLE_SECONDS", "1.0"))


class Lab:
    """Everything that one daemon runs."""

    def __init__(self, ctx: LabContext, names: list[str]) -> None:
        self.ctx = ctx
        self._names = names
        self._running: list[t.Any] = []

    def start(self) -> None:
        from lab.control.app import ControlPlane

        control = ControlPlane(self.ctx)
        self._running.append(control)
        control.start()
        log.info("control: %s", self.ctx.endpoint_url)
        for name in self._names:
            module, _, attribute = PLANES[name].partition(":")
            plane: Plane = getattr(importlib.import_module(module), attribute)()
            self._running.append(plane)
            plane.start(self.ctx)
            log.info("%s: %s", name, self.ctx.edge_url if name == "edge" else "ready")
        clock = threading.Thread(target=self.ctx.clock.run, args=(self.ctx.stopping,), name="clock", daemon=True)
        clock.start()

    def stop(self) -> None:
        """The last one started stops first; one that fails to stop does not keep the others up."""
        self.ctx.stopping.set()
        while self._running:
            plane = self._running.pop()
            log.info("%s: stopping", plane.name)
            try:
                plane.stop()
            except Exception:
                log.exception("%s did not stop properly", plane.name)
        self.ctx.addresses.close()


def serve(home: Home) -> int:
    """Run a lab until SIGTERM or SIGINT; the process that calls this is the daemon."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("werkzeug", "waitress", "botocore", "boto3", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Blocked in all threads, so that the main thread alone takes them, with sigwait.
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with home.held():
            ctx = LabContext(home=home.path, settle_seconds=settle_seconds())
            lab = Lab(ctx, chosen_planes())
            try:
                lab.start()
                home.write_state(ctx)
                log.info("ready")
                signal.sigwait(signals)
            finally:
                lab.stop()
                log.info("stopped")
    except BlockingIOError:
        log.error("another lab runs in %s", home.path)
        return 3
    except Exception:
        log.exception("the lab could not start")
        return 1
    return 0
