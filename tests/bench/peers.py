"""Who takes part in the race, and how each is run against a lab of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import typing as t
import urllib.request
from pathlib import Path

from tests.sweep.stack import ROOT, Stack

from .playing import succeed

HERE = Path(__file__).parent / "peers"
_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"


class Failed(Exception):
    """A peer's run failed: its times would mean nothing."""


class Peer:
    """One way to make the fourteen resources."""

    name = ""

    def __init__(self, work: Path) -> None:
        self.work = work / self.name
        self.work.mkdir(parents=True, exist_ok=True)
        self._stack = Stack(self.work / "lab")
        self.calls = 0

    @staticmethod
    def missing() -> str:
        """Why it cannot take part; empty where it can."""
        return ""

    def command(self, endpoint: str, image: str) -> list[str]:
        raise NotImplementedError

    def prepare(self) -> None:
        """What is done once, before anything is timed."""

    def begin(self) -> None:
        self._stack.fresh()
        self.prepare()

    def close(self) -> None:
        self._stack.close()

    def reset(self) -> None:
        request = urllib.request.Request(f"{self.endpoint}/_lab/reset", method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    @property
    def endpoint(self) -> str:
        return self._stack.environment["AWS_ENDPOINT_URL"]

    def timed(self, endpoint: str = "") -> float:
        """Seconds of one run, from its start to its end."""
        self._stack.forget_calls()
        at = endpoint or self.endpoint
        environment = {**self._stack.environment, "AWS_ENDPOINT_URL": at, "AWS_PAGER": "", "BENCH_IMAGE": self._image()}
        environment |= self.variables()
        began = time.perf_counter()
        done = subprocess.run(
            self.command(at, environment["BENCH_IMAGE"]),
            cwd=self.work,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise Failed(f"{self.name} ended with the status {done.returncode}:\n{done.stdout[-3000:]}")
        self.calls = len(self._stack.calls())
        return seconds

    def variables(self) -> dict[str, str]:
        return {}

    def _image(self) -> str:
        return str(self._stack.client("ssm").get_parameter(Name=_IMAGE)["Parameter"]["Value"])


class Central(Peer):
    name = "central.llm"

    def command(self, endpoint: str, image: str) -> list[str]:
        return ["ansible-playbook", "-i", "hosts,balancer,engine", str(HERE / "central" / "site.yml")]

    def variables(self) -> dict[str, str]:
        return {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


class Foundation(Central):
    """All rooms, with nothing to do: what the others take for theirs meanwhile tells how fast the machine is."""

    name = "foundation"

    def prepare(self) -> None:
        succeed(self._stack, "up")

    def command(self, endpoint: str, image: str) -> list[str]:
        return ["ansible-playbook", "-i", str(ROOT / "inventories" / "local"), str(HERE / "foundation.yml")]


class Cli(Peer):
    name = "cli"

    @staticmethod
    def missing() -> str:
        return "" if shutil.which("aws") else "the AWS CLI is not installed"

    def command(self, endpoint: str, image: str) -> list[str]:
        return ["bash", str(HERE / "cli.sh")]


class Terraform(Peer):
    name = "terraform"
    # Where a mirror of providers may lie that needs no network: TF_PLUGIN_MIRROR names it.
    mirror = os.environ.get("TF_PLUGIN_MIRROR", "")

    @staticmethod
    def missing() -> str:
        if not shutil.which("terraform"):
            return "Terraform is not installed"
        return "" if Terraform.mirror or Terraform._configured() else "TF_PLUGIN_MIRROR names no mirror of providers"

    @staticmethod
    def _configured() -> bool:
        return bool(os.environ.get("TF_CLI_CONFIG_FILE"))

    def variables(self) -> dict[str, str]:
        found = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        if self.mirror:
            found["TF_CLI_CONFIG_FILE"] = str(self.work / "cli.tfrc")
        return found

    def prepare(self) -> None:
        for state in self.work.glob("terraform.tfstate*"):
            state.unlink()
        shutil.copy(HERE / "terraform" / "main.tf", self.work)
        if self.mirror:
            source = (
                f"provider_installation {{\n  filesystem_mirror {{\n    path = {json.dumps(self.mirror)}\n  }}\n}}\n"
            )
            (self.work / "cli.tfrc").write_text(source, encoding="utf-8")
        environment = {**os.environ, **self.variables()}
        subprocess.run(
            ["terraform", "init", "-no-color", "-input=false"],
            cwd=self.work,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def command(self, endpoint: str, image: str) -> list[str]:
        options = ["-no-color", "-auto-approve", "-input=false"]
        return ["terraform", "apply", *options, "-var", f"endpoint={endpoint}", "-var", f"image={image}"]


@contextlib.contextmanager
def taking_part(kinds: t.Iterable[type[Peer]], work: Path) -> t.Iterator[dict[str, Peer]]:
    """Those that can, each with its lab started."""
    peers = {kind.name: kind(work) for kind in kinds if not kind.missing()}
    try:
        for peer in peers.values():
            peer.begin()
        yield peers
    finally:
        for peer in peers.values():
            peer.close()
