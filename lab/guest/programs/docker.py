"""Docker's client and daemon in one, as far as a host pulls images and runs them.

Images are kept below /var/lib/docker, as on a host. A container is a process of the command that starts it.
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

IMAGES = Path("/var/lib/docker/images.json")
RUNNING = Path("/run/docker")
WORLD = Path("/usr/local/lab/world.json")


def fail(message: str, code: int = 1) -> t.NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


def read(path: Path, default: t.Any) -> t.Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


def write(path: Path, value: t.Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def parts(reference: str) -> tuple[str, str, str]:
    name, _, digest = reference.partition("@")
    head, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    return head + slash + base, tag or ("" if digest else "latest"), digest


def find(reference: str) -> dict[str, t.Any] | None:
    """The image of that name or digest which is here."""
    repository, tag, digest = parts(reference)
    for image in read(IMAGES, []):
        if image["repository"] == repository and (digest == image["digest"] if digest else tag in image["tags"]):
            return image
    return None


def login(registry: str) -> None:
    """ECR takes what `aws ecr get-login-password` gave for its own region."""
    region = registry.partition(".dkr.ecr.")[2].partition(".")[0]
    if sys.stdin.read().strip() != f"the-password-of-the-registries-in-{region}":
        fail(f"Error response from daemon: login attempt to https://{registry}/v2/ failed with status: 400 Bad Request")
    print("Login Succeeded")


def pull(arguments: list[str]) -> None:
    reference = arguments[-1]
    repository, tag, digest = parts(reference)
    registry = read(WORLD, {})["registry"]
    if not registry["answers"]:
        fail(f'Error response from daemon: Get "https://{repository.partition("/")[0]}/v2/": dial tcp: i/o timeout')
    names = [name for name in registry["images"] if repository == name or repository.endswith(f"/{name}")]
    if not names:
        fail(
            f"Error response from daemon: pull access denied for {repository}, repository does not exist or may "
            "require 'docker login': denied: requested access to the resource is denied"
        )
    found = registry["images"][names[0]]
    if digest and digest != found["digest"]:
        fail(f"Error response from daemon: manifest for {reference} not found: manifest unknown")
    images = [
        image for image in read(IMAGES, []) if image["repository"] != repository or image["digest"] != found["digest"]
    ]
    images.append({**found, "repository": repository, "tags": [tag] if tag else []})
    write(IMAGES, images)
    print(f"Digest: {found['digest']}\nStatus: Downloaded newer image for {reference}\n{reference}")


def image_command(arguments: list[str]) -> None:
    verb, *rest = arguments
    if verb == "inspect":
        reference = rest[-1]
        image = find(reference)
        if image is None:
            fail(f"Error response from daemon: No such image: {reference}")
        digests = [f"{image['repository']}@{image['digest']}"]
        if any("RepoDigests" in word for word in rest):
            print(json.dumps(digests))
        else:
            print(json.dumps([{"Id": image["digest"], "RepoDigests": digests}]))
    elif verb == "prune":
        print("Total reclaimed space: 0B")
    else:
        fail(f"the lab's guests have no docker image {verb}")


def run(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="docker run", add_help=False)
    for option in ("--name", "--gpus", "--network", "--shm-size", "--entrypoint", "--pull"):
        parser.add_argument(option, default="")
    for option in ("-p", "--publish", "-v", "--volume", "-e", "--env", "--ulimit"):
        parser.add_argument(option, action="append", default=[])
    for option in ("-d", "--detach", "--rm", "--init"):
        parser.add_argument(option, action="store_true")
    # What comes behind the image is the container's.
    known, rest = split(arguments, parser)
    options = parser.parse_args(known)
    reference, command = rest[0], rest[1:]
    image = find(reference)
    if image is None and options.pull != "never":
        pull([reference])
        image = find(reference)
    if image is None:
        fail(f"docker: Error response from daemon: No such image: {reference}.", 125)
    if options.gpus and not read(WORLD, {})["gpus"]:
        fail('docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].', 125)
    environment = {"PATH": os.environ["PATH"], "HOME": "/root", **image["env"]}
    environment.update(pair.split("=", 1) for pair in options.e + options.env)
    argv = [options.entrypoint] if options.entrypoint else image["argv"]
    name = options.name or f"unnamed-{os.getpid()}"
    RUNNING.mkdir(parents=True, exist_ok=True)
    for pair in options.v + options.volume:
        source = pair.split(":")[0]
        if not Path(source).is_dir():
            fail(
                f"docker: Error response from daemon: invalid mount config: bind source path does not exist: {source}.",
                125,
            )
    argv = argv + (command or image["command"])
    if not (options.d or options.detach):
        sys.exit(subprocess.run(argv, env=environment, check=False).returncode)
    with (RUNNING / f"{name}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(argv, env=environment, stdout=log, stderr=log, start_new_session=True)
    write(RUNNING / f"{name}.json", {"pid": process.pid, "image": reference})
    print(f"{process.pid:064x}")


def split(arguments: list[str], parser: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """The options of `docker run`, and the image with what follows it."""
    takes = {word for action in parser._actions if action.nargs is None for word in action.option_strings}
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        index += 2 if arguments[index] in takes else 1
    return arguments[:index], arguments[index:]


def container(name: str) -> dict[str, t.Any]:
    found = read(RUNNING / f"{name}.json", None)
    if found is None:
        fail(f"Error response from daemon: No such container: {name}")
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def stop(arguments: list[str]) -> None:
    name, limit = arguments[-1], 10.0
    for option, value in itertools.pairwise(arguments):
        if option in ("-t", "--time"):
            limit = float(value)
    pid = container(name)["pid"]
    if alive(pid):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + limit
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    if alive(pid):
        os.kill(pid, signal.SIGKILL)
    print(name)


def remove(arguments: list[str]) -> None:
    for name in [word for word in arguments if not word.startswith("-")]:
        path = RUNNING / f"{name}.json"
        if path.exists():
            pid = container(name)["pid"]
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
            path.unlink()
            print(name)
        elif "-f" not in arguments and "--force" not in arguments:
            fail(f"Error response from daemon: No such container: {name}")


def names() -> list[str]:
    return sorted(path.stem for path in RUNNING.glob("*.json"))


def main() -> None:
    verb, *arguments = sys.argv[1:] or [""]
    if verb == "login":
        login(arguments[-1])
    elif verb == "pull":
        pull(arguments)
    elif verb == "image":
        image_command(arguments)
    elif verb == "run":
        run(arguments)
    elif verb == "inspect":
        print("true" if alive(container(arguments[-1])["pid"]) else "false")
    elif verb == "logs":
        container(arguments[-1])
        sys.stdout.write((RUNNING / f"{arguments[-1]}.log").read_text(encoding="utf-8", errors="replace"))
    elif verb == "stop":
        stop(arguments)
    elif verb == "rm":
        remove(arguments)
    elif verb == "ps":
        print("\n".join(names()))
    elif verb == "version":
        print("25.0.16")
    elif verb in ("logout", "info"):
        pass
    else:
        fail(f"the lab's guests have no docker {verb}")


main()
