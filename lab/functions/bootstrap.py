"""The runtime inside a function's process: it loads the handler once and answers events until its input ends.

    python bootstrap.py MODULE.FUNCTION CHANNEL

Events come as lines of JSON on standard input; what the function says and answers goes, as lines of JSON too, to the
file descriptor CHANNEL. Only the standard library is used here: everything else is the function's own affair.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import io
import json
import logging
import os
import signal
import sys
import time
import traceback
import typing as t
from pathlib import Path

_real_time = time.time


def _shifted(seconds: float) -> float:
    return _real_time() + seconds


class Channel:
    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", buffering=1, encoding="utf-8")

    def send(self, **message: t.Any) -> None:
        self._file.write(json.dumps(message) + "\n")


class Output:
    """Standard output and error: each line is an event of the function's log."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._channel.send(log=line)
        return len(text)

    def flush(self) -> None:
        if self._rest:
            self._channel.send(log=self._rest)
            self._rest = ""

    def isatty(self) -> bool:
        return False


class LogHandler(logging.Handler):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html: level, time and request stand first."""

    request_id = ""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        text = self.format(record)
        self._channel.send(log=f"[{record.levelname}]\t{when}\t{self.request_id}\t{text}")


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, event: dict[str, t.Any]) -> None:
        self.aws_request_id: str = event["request_id"]
        self.invoked_function_arn: str = event["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = _real_time() + event["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - _real_time()) * 1000))


def failure(kind: str, message: str, trace: list[str]) -> dict[str, t.Any]:
    return {"errorMessage": message, "errorType": kind, "stackTrace": trace}


def load(name: str) -> t.Callable[[t.Any, Context], t.Any] | dict[str, t.Any]:
    """The handler, or the error of a function that has none."""
    module, _dot, attribute = name.rpartition(".")
    sys.path.insert(0, str(Path.cwd()))
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        return failure("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}", [])
    except SyntaxError as error:
        return failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", [])
    except Exception as error:
        return failure(type(error).__name__, str(error), traceback.format_tb(error.__traceback__))
    found = getattr(loaded, attribute, None)
    if found is None:
        return failure("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module}'", [])
    return t.cast("t.Callable[[t.Any, Context], t.Any]", found)


def answer(handler: t.Any, event: dict[str, t.Any]) -> dict[str, t.Any]:
    if isinstance(handler, dict):
        return {"error": handler}
    try:
        result = handler(json.loads(event["payload"]), Context(event))
    except Exception as error:
        trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        return {"error": failure(type(error).__name__, str(error), trace)}
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return {"error": failure("Runtime.MarshalError", f"Unable to marshal response: {error}", [])}


def main(name: str, descriptor: int) -> None:
    # A function does not outlive the lab, whatever it is doing.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    channel = Channel(descriptor)
    events, sys.stdin = sys.stdin, io.StringIO()
    output = Output(channel)
    sys.stdout = sys.stderr = t.cast("t.TextIO", output)
    log = LogHandler(channel)
    logging.getLogger().addHandler(log)
    handler = load(name)
    for line in events:
        event = json.loads(line)
        log.request_id = event["request_id"]
        # The lab's clock may be ahead of the machine's.
        ahead = event["now"] - _real_time()
        time.time = functools.partial(_shifted, ahead)
        found = answer(handler, event)
        output.flush()
        channel.send(**found)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
