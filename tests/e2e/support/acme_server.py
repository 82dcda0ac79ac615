"""AcmeCa behind TLS, with every request on record, that misbehaves on command."""
import json
import pathlib
import threading
import time
from dataclasses import dataclass

from support.acme_ca import AcmeCa
from support.acme_nouns import Reply, problem
from support.jws import Unacceptable, take_apart
from support.tls_backend import Authority, TlsBackend

RESOURCES = {"directory", "new-nonce", "new-account", "account", "orders", "new-order", "order", "authorization",
             "challenge", "finalize", "certificate", "revoke", "key-change", "renewal-info"}


@dataclass
class Seen:
    number: int  # the first is 1
    at: float  # monotonic
    resource: str
    method: str
    path: str
    header: dict  # the protected one; None for GET
    payload: object
    status: int = None  # of the answer; None: there was none


# What may stand in for the right answer: called with a function that gives it; None: the connection ends unanswered.

def refuse(status, kind, detail, **fields):
    return lambda proceed: problem(status, kind, detail, **fields)


def too_many(retry_after):
    """`retry_after`: seconds, or an HTTP date."""
    return refuse(429, "rateLimited", "too many new orders recently", Retry_After=retry_after)


def says(body, status=200, content_type="application/json"):
    return lambda proceed: Reply(status, body, content_type=content_type)


def hang_up(proceed):
    del proceed


def lose_the_answer(proceed):
    proceed()


class Gate:
    """Stops the n-th request from now, before it is carried out or (`after`) before its answer is sent, until open();
    that answer is never sent. All others pass."""

    def __init__(self, number, after):
        self.number, self.after = number, after
        self.reached, self._opened = threading.Event(), threading.Event()
        self.resource = None

    def __call__(self, proceed):
        if self.after:
            proceed()
        self.reached.set()
        self._opened.wait(60)

    def open(self):
        self._opened.set()


class Held:
    """A fault: keeps requests waiting until let_go(), then they are answered as they should."""

    def __init__(self):
        self.count, self._gone = 0, threading.Event()

    def __call__(self, proceed):
        self.count += 1
        self._gone.wait(120)
        return proceed()

    def let_go(self):
        self._gone.set()


class AcmeServer(AcmeCa):
    """It listens when this returns. `folder` is its own; the other options are AcmeCa's."""

    def __init__(self, folder, **options):
        folder = pathlib.Path(folder)
        super().__init__(folder, **options)
        authority = Authority(folder, "acme-api", days=3650)  # clients' clocks may jump
        self.ca_file = authority.file
        self._pair = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")
        self.requests = []
        self._faults, self._gate = {}, None
        self._listener = TlsBackend(self._pair, self._serve)
        self.port = self._listener.port
        self.base = f"https://localhost:{self.port}"
        self.directory = f"{self.base}/directory"
        self.bugs = []  # of this server

    # -- how it behaves

    def behave(self, resource, fault, times=None):
        """From now on, or the next `times` requests, `fault` answers requests for this resource; None: as it should."""
        assert resource in RESOURCES, resource
        with self.lock:
            self._faults[resource] = (fault, times)

    def stop_at(self, number, after=False):
        """A Gate for the n-th request from now (the first is 1)."""
        with self.lock:
            self._gate = Gate(len(self.requests) + number, after)
        return self._gate

    def go_down(self):
        """From here on connections are refused, and those that are open are cut."""
        self._listener.stop()

    def come_back(self):
        self._listener = TlsBackend(self._pair, self._serve, port=self.port)

    def stop(self):
        if self._gate:
            self._gate.open()
        self._listener.stop()

    # -- what it saw

    def seen(self, resource, since=0.0):
        return [each for each in list(self.requests) if each.resource == resource and each.at >= since]

    # -- requests

    def _serve(self, exchange):
        body = exchange.read_body()
        path = exchange.request.target
        resource, _, rest = path[1:].partition("/")
        reply = problem(404, "malformed", f"no {path}")
        if resource in RESOURCES:
            seen = self._record(resource, exchange.request.method, path, body)
            number = int(rest) if rest.isdigit() else None
            reply = self._behaviour(seen)(lambda: self._answer(seen, number, body))
            if reply is None:
                exchange.close_after = True
                return
            seen.status = reply.status
        self._send(exchange, reply)

    def _record(self, resource, method, path, body):
        try:
            header, payload, _ = take_apart(body) if body else (None, None, None)
        except Unacceptable:
            header, payload = None, body
        with self.lock:
            number = len(self.requests) + 1
            self.requests.append(Seen(number, time.monotonic(), resource, method, path, header, payload))
            return self.requests[-1]

    def _behaviour(self, seen):
        resource = seen.resource
        with self.lock:
            if self._gate and self._gate.number == seen.number:
                self._gate.resource = resource
                return self._gate
            fault, times = self._faults.get(resource, (None, None))
            if times is not None:
                self._faults[resource] = (fault, times - 1) if times > 1 else (None, None)
            return fault or (lambda proceed: proceed())

    def _answer(self, seen, number, body):
        try:
            return self.answer(seen.resource, number, seen.method, f"{self.base}{seen.path}", body)
        except Unacceptable as wrong:
            return problem(wrong.status, wrong.kind, wrong.detail)
        except Exception as bug:  # pylint: disable=broad-except
            self.bugs.append(f"{seen.resource}: {bug!r}")
            return problem(500, "serverInternal", repr(bug))

    def _send(self, exchange, reply):
        fields = [("Content-Type", reply.content_type), ("Replay-Nonce", self.fresh_nonce()),
                  ("Link", f'<{self.directory}>;rel="index"'), *reply.fields.items()]
        data = reply.data()
        if reply.status == 204:
            exchange.send("\r\n".join(["HTTP/1.1 204 No Content", *(f"{name}: {value}" for name, value in fields), "", ""]))
            return
        exchange.reply(data, f"{reply.status} Said", fields)


def text_of(seen):
    """A request for a failure's message."""
    return f"{seen.at:.3f} {seen.method} {seen.path} {json.dumps(seen.payload)[:200]} → {seen.status}"
