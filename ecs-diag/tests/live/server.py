"""A pretended AWS on this machine: moto, with faults in front of it, over HTTP.

    python server.py [SCENARIO …]

builds the account with these scenarios, else with all, prints one line of JSON (where it is and
what can be diagnosed there) and serves until its standard input is closed.

Who asks is told by the access key id, any that one likes: each has its own faults and its own
record of calls, so that many tests share a server without disturbing each other.

    PUT    /_harness/KEY/rules   a JSON list of rules; see `Rule`
    GET    /_harness/KEY/calls   the calls made with that key; see `Call`
    GET    /_harness/calls       the calls made with any key
    DELETE /_harness/KEY         forgets both
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NoReturn

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import patches
import wire
from wire import Answer, Request

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

# How long a call hangs at most, should its client never go away.
HANG_LIMIT = 120.0

FAULTS = (
    # Errors in the form of the call's protocol.
    "denied",
    "throttled",
    "expired",
    "error",
    # The page of a network that wants a login.
    "html",
    # No answer; headers and no body; a closed connection.
    "hang",
    "stall",
    "drop",
    # An answer of one's own: as the CLI prints it, or as it goes over the wire.
    "output",
    "body",
)


@dataclass
class Rule:
    """What happens to a call instead of, or before, an answer of moto's.

    Rules are tried in their order; the first fault that applies is the answer, delays add up.
    """

    # `ecs:DescribeTasks`, `ecs`, or `*`.
    match: str
    # One of FAULTS; none for a delay alone.
    fault: str | None = None
    # Only calls that mention this text, for instance one secret's ARN.
    mentions: str = ""
    # For how many calls; for ever if absent.
    times: int | None = None
    # Before the fault, or before an answer of moto's.
    delay_ms: int = 0
    # Whether the calls wait for each other, as if they were made one after the other.
    in_turn: bool = False
    # `error`: what to say; an internal error of the service if there is no code.
    status: int = 400
    code: str = ""
    message: str = ""
    # `output`: the members of the answer, as the CLI prints them.
    output: dict[str, Any] = field(default_factory=dict)
    # `body`: the answer as it goes over the wire, with `status`.
    body: str = ""
    content_type: str = "application/json"

    def __post_init__(self) -> None:
        if self.fault not in (None, *FAULTS):
            raise ValueError(f"`{self.fault}` is not a fault; one of: {', '.join(FAULTS)}")

    def applies(self, request: Request) -> bool:
        """Whether this call is meant, and still to be met."""
        names = ("*", request.service, f"{request.service}:{request.operation}")
        return (
            self.match in names
            and self.times != 0
            and (not self.mentions or request.mentions(self.mentions))
        )


@dataclass
class Call:
    """A call that arrived."""

    access_key: str
    service: str
    operation: str
    region: str
    # What was asked, as a digest: calls that ask the same have the same.
    asked: str
    # Seconds since the server started.
    began: float
    # How many calls of this key were under way when it arrived, itself included.
    under_way: int
    ended: float | None = None
    status: int | None = None
    fault: str | None = None


class Ledger:
    """Rules and calls by access key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, list[Rule]] = {}
        self._calls: dict[str, list[Call]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._began = time.monotonic()

    def put(self, key: str, rules: Iterable[dict[str, Any]]) -> None:
        """Gives a key these rules and no others."""
        known = {field.name for field in fields(Rule)}
        made = []
        for rule in rules:
            if unknown := sorted(rule.keys() - known):
                raise ValueError(f"a rule has no `{unknown[0]}`")
            made.append(Rule(**rule))
        with self._lock:
            self._rules[key] = made

    def calls(self, key: str | None = None) -> list[Call]:
        """The calls of a key, or of all, in the order in which they arrived."""
        with self._lock:
            if key is not None:
                return list(self._calls.get(key, []))
            return sorted(
                itertools.chain.from_iterable(self._calls.values()), key=lambda call: call.began
            )

    def forget(self, key: str) -> None:
        """Forgets the rules and calls of a key."""
        with self._lock:
            self._rules.pop(key, None)
            self._calls.pop(key, None)

    def turn(self, request: Request) -> contextlib.AbstractContextManager[object]:
        """What a call holds while it is under way."""
        with self._lock:
            rules = self._rules.get(request.access_key, [])
            if any(rule.in_turn and rule.applies(request) for rule in rules):
                return self._turns.setdefault(request.access_key, threading.Lock())
        return contextlib.nullcontext()

    def begin(self, request: Request) -> tuple[Call, Rule | None, float]:
        """Notes a call: its record, the fault it meets, and the seconds it waits before."""
        with self._lock:
            calls = self._calls.setdefault(request.access_key, [])
            under_way = 1 + sum(call.ended is None for call in calls)
            call = Call(
                request.access_key,
                request.service,
                request.operation,
                request.region,
                request.digest,
                time.monotonic() - self._began,
                under_way,
            )
            calls.append(call)
            delay = 0.0
            for rule in self._rules.get(request.access_key, []):
                if not rule.applies(request):
                    continue
                if rule.times is not None:
                    rule.times -= 1
                delay += rule.delay_ms / 1000
                if rule.fault:
                    call.fault = rule.fault
                    return call, rule, delay
            return call, None, delay

    def end(self, call: Call, status: int | None) -> None:
        """Notes that a call was answered, or given up."""
        call.status = status
        call.ended = time.monotonic() - self._began


class Gateway:
    """The WSGI application: control, faults, and moto behind them."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        request = _read(environ)
        if request.path.startswith("/_harness"):
            return _send(request, self._control(request), start_response)
        with self.ledger.turn(request):
            return self._serve(request, environ, start_response)

    def _serve(
        self, request: Request, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        call, rule, delay = self.ledger.begin(request)
        time.sleep(delay)
        if rule and rule.fault == "stall":
            return self._stall(call, environ, start_response)
        status = None
        try:
            if rule and rule.fault == "hang":
                _until_gone(environ)
                _drop(environ)
            if (rule and rule.fault == "drop") or request.region not in wire.regions():
                # AWS has no host in a region that does not exist.
                _drop(environ)
            answer = _faulty(rule, request) if rule else self._answer(request, environ)
            status = answer.status
            return _send(request, answer, start_response)
        finally:
            self.ledger.end(call, status)

    def _stall(
        self, call: Call, environ: Environ, start_response: StartResponse
    ) -> Iterator[bytes]:
        """Headers, and then nothing."""
        start_response("200 OK", [("Content-Length", "1000")])
        yield b""
        _until_gone(environ)
        self.ledger.end(call, None)
        _drop(environ)

    def _answer(self, request: Request, environ: Environ) -> Answer:
        canned = patches.ANSWERS.get(f"{request.service}:{request.operation}")
        if canned is not None:
            return wire.output(request, canned)
        head: list[Any] = []
        try:
            body = b"".join(
                self._moto(environ, lambda status, headers, *_: head.extend((status, headers)))
            )
        except Exception as error:  # Whatever moto raises is moto's own fault.
            return _not_served(request, repr(error))
        status = int(head[0].split()[0])
        if status >= 400 and b"<!doctype html>" in body[:100].lower():
            return _not_served(request, "no such page")
        if request.protocol == "json" and 400 < status < 500:
            # AWS's JSON services say 400 to whatever is wrong with a request.
            status = 400
        if request.protocol == "json" and status == 200 and body:
            body = wire.as_modelled(request, body)
        return Answer(status, body, tuple(head[1]))

    def _control(self, request: Request) -> Answer:
        match request.method, request.path.split("/")[2:]:
            case "GET", ["calls"]:
                return _json([asdict(call) for call in self.ledger.calls()])
            case "GET", [key, "calls"]:
                return _json([asdict(call) for call in self.ledger.calls(key)])
            case "PUT", [key, "rules"]:
                try:
                    self.ledger.put(key, json.loads(request.body))
                except (TypeError, ValueError) as error:
                    return _json({"error": str(error)}, 400)
                return _json({})
            case "DELETE", [key]:
                self.ledger.forget(key)
                return _json({})
        return _json({"error": f"no such control: {request.method} {request.path}"}, 404)


def _faulty(rule: Rule, request: Request) -> Answer:
    match rule.fault:
        case "denied":
            return wire.denied(request)
        case "throttled":
            return wire.throttled(request)
        case "expired":
            return wire.expired(request)
        case "html":
            return wire.captive_portal()
        case "output":
            return wire.output(request, rule.output)
        case "body":
            return Answer(rule.status, rule.body.encode(), (("Content-Type", rule.content_type),))
        case _ if rule.code:
            return wire.error(request, rule.status, rule.code, rule.message)
    return wire.failed(request)


def _not_served(request: Request, why: str) -> Answer:
    message = f"moto does not serve {request.service}:{request.operation}: {why}"
    return wire.error(request, 400, "UnknownOperationException", message)


def _read(environ: Environ) -> Request:
    length = environ.get("CONTENT_LENGTH")
    body = b""
    if length or environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read(int(length) if length else -1)
    environ["wsgi.input"] = io.BytesIO(body)
    path, _, query = environ["REQUEST_URI"].partition("?")
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))


def _send(request: Request, answer: Answer, start_response: StartResponse) -> list[bytes]:
    headers = list(answer.headers)
    if request.method != "HEAD":
        # Of the body as it is now; that of a HEAD is the object's.
        headers = [item for item in headers if item[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(f"{answer.status} -", headers)
    return [answer.body]


def _until_gone(environ: Environ) -> None:
    """Waits until the client has closed the connection."""
    connection: socket.socket = environ["werkzeug.socket"]
    until = time.monotonic() + HANG_LIMIT
    while time.monotonic() < until:
        readable, _, _ = select.select([connection], [], [], 0.2)
        if not readable:
            continue
        try:
            if not connection.recv(1, socket.MSG_PEEK):
                return
        except OSError:
            return
        time.sleep(0.2)


def _drop(environ: Environ) -> NoReturn:
    """Closes the connection without an answer."""
    with contextlib.suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


class _Handler(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Nothing is logged: the ledger has it all."""


class Server:
    """The server, in a thread of its own."""

    def __init__(self) -> None:
        patches.apply()
        self.gateway = Gateway()
        self._server = make_server(
            "127.0.0.1", 0, self.gateway, threaded=True, request_handler=_Handler
        )
        self._server.daemon_threads = True
        # Whoever hangs is not waited for.
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.ledger = self.gateway.ledger
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Takes no more requests."""
        self._server.shutdown()
        self._server.server_close()


def main() -> None:
    """Serves until standard input ends."""
    import scenarios

    server = Server()
    account = scenarios.build(server.url, sys.argv[1:])
    line = {
        "endpoint": server.url,
        "region": wire.REGION,
        "account": wire.ACCOUNT,
        "scenarios": [scenario.as_json() for scenario in account.values()],
    }
    print(json.dumps(line), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
