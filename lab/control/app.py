"""The control plane as a WSGI application, and the server thread that answers with it."""

from __future__ import annotations

import functools
import io
import logging
import threading
import typing as t

from lab.context import LabContext
from lab.control import environment

environment.prepare()

from moto.core.request import Request  # noqa: E402  moto reads its environment when it is imported
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from waitress.channel import ClientDisconnected  # noqa: E402

from lab import moto_gaps  # noqa: E402
from lab.control import authorization, current, generations, hooks, operations, strict  # noqa: E402
from lab.control.call import Call, identify, match_operation  # noqa: E402
from lab.control.calls import CallRecord  # noqa: E402
from lab.control.errors import Answer, AwsError, render  # noqa: E402
from lab.control.faults import ConnectionDropped, Faults  # noqa: E402
from lab.http_server import LoopbackServer  # noqa: E402

log = logging.getLogger("lab.control")

StartResponse = t.Callable[..., t.Any]
Environ = dict[str, t.Any]


class _Backends(DomainDispatcherApplication):
    """Knows which backend a host is for; moto itself lists the folders of all its services for every request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._known: dict[str | None, t.Any] = {}

    def get_backend_for_host(self, host: str | None) -> t.Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


class ControlApp:
    """One WSGI application for all AWS services."""

    def __init__(self, ctx: LabContext) -> None:
        self.ctx = ctx
        self.calls = CallRecord()
        self.faults = Faults()
        self._moto = _Backends()
        self._locks: dict[str, threading.RLock] = {}
        self._locks_lock = threading.Lock()
        self._hooks = hooks.Routes()
        self._hooks.add("POST", "faults", lambda request, _: self.faults.order(hooks.body_of(request)).told())
        self._hooks.add("GET", "faults", lambda *_: self.faults.all())
        self._hooks.add("DELETE", "faults", hooks.quietly(self.faults.clear))
        self._hooks.add("GET", "calls", lambda *_: self.calls.all())
        self._hooks.add("DELETE", "calls", hooks.quietly(self.calls.clear))
        self._hooks.add("POST", "reset", hooks.quietly(self.reset))
        self._hooks.add("GET", "clock", lambda *_: {"now": self.ctx.clock.utc().isoformat()})
        self._hooks.add("POST", "clock", lambda request, _: self._move_clock(hooks.body_of(request)))

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        _read_whole_body(environ)
        try:
            answer = self._answer(environ)
        except ConnectionDropped:
            answer = None
        if answer is None or environ.get("lab.reply_lost"):
            # What waitress takes for a client that left: it closes the connection without a byte.
            raise ClientDisconnected
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        start_response(
            f"{answer.status} {_reason(answer.status)}", [*headers, ("Content-Length", str(len(answer.body)))]
        )
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        request = Request(environ)
        if request.path.startswith("/_lab/"):
            return hooks.answer(request, self._hooks)
        call = Call(request)
        entry: dict[str, t.Any] = {}
        try:
            call = identify(request)
            call.ask = functools.partial(self._ask_moto, call)
            match_operation(call)
            entry = self.calls.note(call)
            strike = self.faults.strike(call)
            if strike:
                entry["struck"] = strike.told(call)
                environ["lab.reply_lost"] = strike.carry_out(call)
            authorization.check(call)
            strict.check(call)
            with self._lock_of(call.service):
                answer = operations.answer(call, lambda: self._ask_moto(call, environ))
        except AwsError as error:
            return render(error, call.protocol, call.service)
        except ConnectionDropped:
            raise
        except NotImplementedError as exc:
            lack = AwsError("NotImplemented", f"The lab lacks {call.service}.{call.operation}: {exc}", 501)
            return render(lack, call.protocol, call.service)
        except Exception:
            log.exception("%s.%s failed inside the lab", call.service, call.operation)
            fault = AwsError("InternalFailure", f"The lab failed at {call.service}.{call.operation}; see its log.", 500)
            return render(fault, call.protocol, call.service)
        entry["status"] = answer.status
        generations.note(self.ctx.generations, call, answer.status)
        return answer

    def _ask_moto(self, call: Call, environ: Environ) -> Answer:
        environ["wsgi.input"].seek(0)
        environ["RAW_URI"] = environ.get("RAW_URI") or environ.get("REQUEST_URI", "")
        answer: dict[str, t.Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: t.Any = None) -> None:
            answer["status"], answer["headers"] = int(status.split(" ", 1)[0]), headers

        application = self._application(environ)
        # Flask swallows what a backend raises unless it is told to pass it on to us.
        application.config["PROPAGATE_EXCEPTIONS"] = True
        environ["wsgi.input"].seek(0)
        body = b"".join(application(environ, start))
        status: int = answer["status"]
        if status in {404, 405, 500} and body.lstrip()[:9].lower() == b"<!doctype":
            # Flask's own page: moto has no route for this operation.
            raise NotImplementedError("moto has no route for it")
        return Answer(status, answer["headers"], body)

    def _application(self, environ: Environ) -> t.Any:
        try:
            return self._moto.get_application(environ)
        except AttributeError:
            # moto looks its backend's name up and gets None.
            raise NotImplementedError("moto has no such service") from None

    def _lock_of(self, service: str) -> threading.RLock:
        """moto's backends are plain dictionaries: one call of a service at a time.

        Functions call back into AWS while logs and lambda wait for them, so those two get no lock.
        """
        if service in {"lambda", "logs", "events", "sns", "firehose"}:
            return threading.RLock()
        with self._locks_lock:
            return self._locks.setdefault(service, threading.RLock())

    def _move_clock(self, given: dict[str, t.Any]) -> dict[str, str]:
        seconds, reset = given.pop("advance_seconds", 0), given.pop("reset", False)
        if given or not isinstance(seconds, (int, float)) or seconds < 0 or not isinstance(reset, bool):
            raise hooks.BadHook("the clock takes advance_seconds, a number of 0 or more, and reset, true or false")
        if reset:
            self.ctx.clock.reset()
        self.ctx.clock.advance(seconds)
        return {"now": self.ctx.clock.utc().isoformat()}

    def reset(self) -> None:
        """Empty everything: what the backends hold, and what the gaps hold beside them."""
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()
        current.reset_all()
        self.faults.clear()
        self.calls.clear()
        self.ctx.clock.reset()
        for service in {"apigateway", "apigatewayv2", "ec2", "elbv2", "ecs", "logs", "secretsmanager", "iam"}:
            self.ctx.generations.bump(service)


def _read_whole_body(environ: Environ) -> None:
    """Several layers read the body, so it must be one that can be read again."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _reason(status: int) -> str:
    from http.client import responses

    return responses.get(status, "Unknown")


class ControlPlane:
    """Serves the AWS API on a free loopback port until it is told to stop."""

    name = "control"

    def __init__(self, ctx: LabContext) -> None:
        moto_gaps.apply_all()
        current.bind(ctx)
        self.ctx = ctx
        self.app = ControlApp(ctx)
        self._server = LoopbackServer("control-plane")

    def start(self, port: int = 0) -> None:
        where = self._server.start(self.app, port, threads=16, channel_timeout=300)
        self.ctx.endpoint_url = f"http://{where}"

    def stop(self) -> None:
        self._server.stop()
