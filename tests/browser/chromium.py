"""A real Chromium without a window: what it makes of a page, and what it asks of the network meanwhile."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # No name leads anywhere: the page is looked at without a network.
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
# Whom the browser itself asks for updates, the time and accounts, whatever it shows.
_BROWSERS_OWN = ("google.com", "googleapis.com", "gstatic.com")
_LIMIT_S = 60


def is_there() -> bool:
    return shutil.which("chromium") is not None


def _run(folder: Path, page: Path, *options: str) -> str:
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    command = ["chromium", *_QUIET, f"--user-data-dir={profile}", *options, page.as_uri()]
    return subprocess.run(
        command, check=True, timeout=_LIMIT_S, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def document(folder: Path, page: Path) -> tuple[str, set[str]]:
    """The page as it is after it was loaded, and the addresses that were asked for."""
    log = folder / "net.json"
    dumped = _run(folder, page, f"--log-net-log={log}", "--dump-dom")
    asked = {
        str(event["params"]["url"])
        for event in json.loads(log.read_text())["events"]
        if "url" in event.get("params", {})
    }
    return dumped, {url for url in asked if url.startswith(("http", "ws", "ftp")) and not _is_browsers_own(url)}


def _is_browsers_own(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_BROWSERS_OWN)


def colours(folder: Path, page: Path, width: int, height: int, below: int = 0) -> Counter[tuple[int, int, int]]:
    """How many points of the page as it is shown, from a line on, have which colour."""
    picture = folder / "page.png"
    _run(folder, page, f"--window-size={width},{height}", f"--screenshot={picture}")
    return _points(picture.read_bytes(), below)


def _points(png: bytes, below: int) -> Counter[tuple[int, int, int]]:
    """https://www.w3.org/TR/png-3/: eight bits a sample, with or without an alpha channel, not interlaced."""
    at, packed, width, channels = 8, b"", 0, 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, _height, depth, colour_type, _compression, _filter, interlaced = struct.unpack(">IIBBBBB", data)
            assert (depth, interlaced) == (8, 0) and colour_type in (2, 6)
            channels = {2: 3, 6: 4}[colour_type]
        elif kind == b"IDAT":
            packed += data
        at += 12 + length
    raw, stride = zlib.decompress(packed), width * channels
    before, found = bytes(stride), Counter[tuple[int, int, int]]()
    for start in range(0, len(raw), stride + 1):
        line = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, channels)
        if start >= below * (stride + 1):
            found.update((line[x], line[x + 1], line[x + 2]) for x in range(0, stride, channels))
        before = bytes(line)
    return found


def _unfiltered(kind: int, line: bytearray, above: bytes, channels: int) -> bytearray:
    if kind == 0:
        return line
    for x in range(len(line)):
        left = line[x - channels] if x >= channels else 0
        corner = above[x - channels] if x >= channels else 0
        up = above[x]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            guess = min((left, up, corner), key=lambda value, target=left + up - corner: abs(target - value))
        line[x] = (line[x] + guess) & 255
    return line
