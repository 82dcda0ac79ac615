"""A strict HTTP/1.1 client on a raw socket: the tests see every byte, and nothing is retried or repaired."""
import socket
import ssl
from dataclasses import dataclass, field


class Truncated(EOFError):
    """The peer closed before the message was complete."""


@dataclass
class Response:
    version: str
    status: int
    reason: str
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)  # the 1xx responses that came before

    def __getitem__(self, name):
        """The field's value, several joined by ", "; None where there is none."""
        return ", ".join(self.all(name)) if self.all(name) else None

    def all(self, name):
        return [value for known, value in self.fields if known.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode(errors="replace")


def split_address(address):
    """"127.0.0.1:80" or "[::1]:80" → (host, port)."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def parse_fields(lines):
    pairs = (line.split(b":", 1) for line in lines)
    return [(name.decode("latin-1"), value.strip().decode("latin-1")) for name, value in pairs]


def connect(address, tls=None, server_name=None, within=10.0):
    """A new connection; every wait on it ends after `within` seconds. `tls`: an ssl.SSLContext; `server_name`: its SNI."""
    raw = socket.create_connection(split_address(address), timeout=within)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(tls.wrap_socket(raw, server_hostname=server_name) if tls else raw)


class Connection:
    """HTTP/1.1 over a connected socket, which it owns."""

    def __init__(self, connected):
        self.socket = connected
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    @property
    def local_port(self):
        return self.socket.getsockname()[1]

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, host, path="/", method="GET", fields=(), body=None):
        """Sends one whole request and reads the whole response."""
        self.send(request_bytes(host, path, method, fields, body))
        return self.read_response(method)

    def read_head(self):
        """One response head, 1xx or final; the body is left unread."""
        lines = self._until(b"\r\n\r\n").split(b"\r\n")
        version, status, reason = (lines[0].decode("latin-1").split(" ", 2) + [""])[:3]
        return Response(version, int(status), reason, parse_fields(lines[1:]))

    def read_response(self, method="GET"):
        interim = []
        head = self.read_head()
        while head.status < 200 and head.status != 101:
            interim.append(head)
            head = self.read_head()
        head.interim = interim
        self._read_body(head, method)
        return head

    def _read_body(self, head, method):
        if method == "HEAD" or head.status in (101, 204, 304):
            return
        if (head["transfer-encoding"] or "").lower() == "chunked":
            head.body = b"".join(self.chunks())
            head.trailers = self.trailers
        elif head["content-length"] is not None:
            head.body = self.read_exactly(int(head["content-length"]))
        else:
            head.body = self.read_to_end()

    def chunks(self):
        """The data of each chunk as it comes; `trailers` is set after the last."""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            yield self.read_exactly(size)
            assert self.read_exactly(2) == b"\r\n", "a chunk ends in CRLF"
        lines = []
        while line := self._until(b"\r\n"):
            lines.append(line)
        self.trailers = parse_fields(lines)

    def read_exactly(self, size):
        data = bytearray(size)
        have = min(size, len(self.pending))
        data[:have], self.pending = self.pending[:have], self.pending[have:]
        with memoryview(data) as view:
            while have < size:
                count = self.socket.recv_into(view[have:])
                if count == 0:
                    raise Truncated(f"closed after {have} of {size} bytes")
                have += count
        return bytes(data)

    def read_to_end(self):
        while True:
            try:
                self._more()
            except Truncated:
                data, self.pending = self.pending, b""
                return data

    def ended(self):
        """Waits for the peer to close; True when it does so without another byte, False when bytes come."""
        try:
            return not self.pending and not self.socket.recv(1)
        except (ConnectionResetError, ssl.SSLError):
            return True

    def _until(self, mark):
        while mark not in self.pending:
            self._more()
        data, self.pending = self.pending.split(mark, 1)
        return data

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Truncated(f"closed after {self.pending[:200]!r}")
        self.pending += data


def request_bytes(host, path="/", method="GET", fields=(), body=None):
    """A whole request. `body`: bytes, sent with Content-Length; None for no body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")
