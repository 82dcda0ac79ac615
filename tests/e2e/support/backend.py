"""An upstream in this process that records what reaches it. Each test says in a function how it answers."""
import itertools
import socket
import threading
from dataclasses import dataclass, field

from support.wire import Connection, Truncated, parse_fields


@dataclass
class Request:
    method: str
    target: str
    version: str
    fields: list
    connection: int  # which accepted connection it came on
    body: bytes = b""
    trailers: list = field(default_factory=list)

    def __getitem__(self, name):
        return ", ".join(self.all(name)) if self.all(name) else None

    def all(self, name):
        return [value for known, value in self.fields if known.lower() == name.lower()]


class Exchange(Connection):
    """One request on the upstream's side: `request` has its head, the rest is up to the answering function."""

    def __init__(self, accepted):
        super().__init__(accepted)
        self.request = None
        self.close_after = False

    def read_body(self):
        request = self.request
        if (request["transfer-encoding"] or "").lower() == "chunked":
            request.body = b"".join(self.chunks())
            request.trailers = self.trailers
        else:
            request.body = self.read_exactly(int(request["content-length"] or 0))
        return request.body

    def reply(self, body=b"", status="200 OK", fields=()):
        body = body.encode() if isinstance(body, str) else body
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in fields)]
        data = "\r\n".join([*head, "", ""]).encode("latin-1")
        self.send(data if self.request.method == "HEAD" else data + body)


def ok(exchange):
    exchange.read_body()
    exchange.reply("ok")


class Backend:
    """Listens at once. `answer(exchange)` runs on the connection's own thread for each request."""

    def __init__(self, answer=ok, host="127.0.0.1", port=0):
        self.answer = answer
        self.requests = []
        self.open_connections = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self._sockets = {}
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def used_connections(self):
        """The connections that carried a request: a probe's connection carries none."""
        return {request.connection for request in self.requests}

    def stop(self):
        for each in [self.listener, *self._sockets.values()]:
            try:
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
            except OSError:
                pass  # gone already
        self.listener.close()

    def _accept(self):
        for number in itertools.count(1):
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            self._sockets[number] = accepted
            self.open_connections.add(number)
            threading.Thread(target=self._serve, args=(accepted, number), daemon=True).start()

    def _serve(self, accepted, number):
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(accepted, number)
        except (Truncated, OSError):
            pass  # the proxy closed; a test that cares looks at open_connections
        finally:
            self.open_connections.discard(number)
            self._sockets.pop(number).close()

    def _converse(self, accepted, number):
        """All that is said on a connection. Who secures it puts what it becomes into `_sockets`."""
        exchange = Exchange(accepted)
        while not exchange.close_after:
            lines = exchange._until(b"\r\n\r\n").split(b"\r\n")
            method, target, version = lines[0].decode("latin-1").split(" ")
            exchange.request = Request(method, target, version, parse_fields(lines[1:]), number)
            self.requests.append(exchange.request)
            self.answer(exchange)
