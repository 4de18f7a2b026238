from __future__ import annotations

import os

import pytest
from central_llm_audit import output


def test_a_full_pipe_stops_nobody_and_loses_nothing() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    write = output.Output(writer)
    lines = [f"{number:06d} {'x' * 4000}\n".encode() for number in range(40)]
    for line in lines:
        write(line)
    seen = os.read(reader, 2**20)
    assert 0 < len(seen.splitlines()) < len(lines)
    write(b"the last\n")
    while not seen.endswith(b"the last\n"):
        seen += os.read(reader, 2**20)
        write(b"") if not seen.endswith(b"the last\n") else None
    assert seen == b"".join([*lines, b"the last\n"])
    os.close(reader)
    os.close(writer)


def test_nobody_listens() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output.Output(writer)(b"lost\n")
    os.close(writer)


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    write = output.Output(-1)
    for _line in range(output.MOST_WAITING + 10):
        write(b"x\n")
    assert len(write._waiting) == output.MOST_WAITING
