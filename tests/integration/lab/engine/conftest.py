"""Starts a process image the way the compute plane does: its entrypoint, the task's command, the host's address."""

from __future__ import annotations

import os
import subprocess
import typing as t

import pytest
from engine_support import Running, Start, free_port

from lab.compute import images


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Start]:
    running: list[Running] = []

    def start_image(name: str, *command: str, address: str = "127.0.0.2") -> Running:
        home = tmp_path_factory.mktemp("home")
        image = images.resolve(name, home)
        assert image is not None
        port = free_port(address)
        log = home / "log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                images.argv_of(image, {"command": [*command, "--port", str(port)]}),
                env={**os.environ, **image.env, "LAB_BIND_ADDRESS": address},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running.append(Running(process, address, port, log))
        return running[-1]

    yield start_image
    for one in running:
        one.stop()
