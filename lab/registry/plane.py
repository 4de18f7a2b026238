"""The registry as a plane of the lab: one HTTP server on loopback, where Docker takes plain HTTP."""

from __future__ import annotations

from lab.context import LabContext
from lab.http_server import LoopbackServer
from lab.registry.app import Registry
from lab.registry.images import ControlPlaneImages
from lab.registry.store import Store

# A layer of an engine is some gigabytes.
_LARGEST_BODY = 1 << 36


class RegistryPlane:
    name = "registry"

    def __init__(self) -> None:
        self._server = LoopbackServer("registry-plane")

    def start(self, ctx: LabContext) -> None:
        store = Store(ctx.home / "registry")
        # Images do not outlive the lab, which forgets their repositories.
        store.clear()
        registry = Registry(store, ControlPlaneImages(ctx))
        options = {"threads": 8, "channel_timeout": 600, "max_request_body_size": _LARGEST_BODY}
        ctx.registry = self._server.start(registry, **options)

    def stop(self) -> None:
        self._server.stop()
