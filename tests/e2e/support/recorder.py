"""An upstream that records, byte for byte, what reaches it, and answers with the raw bytes that a test scripts.

It is strict where Lintel is the writer: framing that isn't exactly what a careful sender writes is a complaint, and
`Recorder.since()` fails on it. It is indifferent where the test is the writer: whatever the script says is sent."""
import fcntl
import itertools
import re
import select
import socket
import struct
import termios
import threading
from dataclasses import dataclass, field

from support.waiting import wait_for

OK = b"HTTP/1.1 200 OK\r\nEcho: %s\r\nContent-Length: 2\r\n\r\nok"  # Echo: the request line's method and target

CLOSE, RESET, HALF_CLOSE, TUNNEL = "close", "reset", "half-close", "tunnel"  # steps of a script, beside bytes and gates

REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP/1\.1")
FIELD_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*")
CHUNK_SIZE = re.compile(rb"0|[1-9A-Fa-f][0-9A-Fa-f]*")  # no zeros in front, no extension
LENGTH = re.compile(rb"0|[1-9][0-9]*")


class Odd(Exception):
    """Lintel wrote what no careful sender writes."""


class Ended(Exception):
    """The connection ended: "fin" or "rst"."""


@dataclass
class Message:
    """One request, from its first byte on. `raw` is all that came of it, `whole` says whether it is complete."""
    connection: int
    raw: bytearray = field(default_factory=bytearray)
    whole: bool = False
    head: bytes = b""  # with the empty line
    body: bytes = b""
    chunked: bool = False
    trailers: bytes = b""  # lines with their CRLF
    tunnelled: bytearray = field(default_factory=bytearray)  # what came after a 101 with a TUNNEL step

    @property
    def line(self):
        """"GET /path": method and target."""
        return self.head.split(b"\r\n")[0].rpartition(b" ")[0]

    @property
    def target(self):
        return self.line.partition(b" ")[2].decode()


@dataclass
class Peer:
    """One accepted connection. `ended`: None while it is open, "fin" or "rst" as Lintel ended it, "here" when the
    script did."""
    number: int
    ended: str = None


class Recorder:
    """Listens at once. `scripts`: target → steps, or a list of such lists, one per request and the last one for all
    others. A step is bytes, CLOSE, RESET, HALF_CLOSE, TUNNEL (record and echo all that comes), a function to call, or a
    gate: an event that is waited for. `early`: targets that are answered as soon as the head is there. `send`: how the
    bytes of a script are written."""

    def __init__(self):
        self.messages = []
        self.peers = {}
        self.complaints = []
        self.scripts = {}
        self.early = set()
        self.send = lambda connection, data: connection.sendall(data)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._sockets = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def mark(self):
        """A place in the record; what was open from an earlier test doesn't count, nor what was still to be read of it."""
        wait_for(self._has_read_all, "the recorder reads what has come", every=0.001)
        return len(self.messages)

    def since(self, mark):
        """The requests that began to arrive since `mark`, in the order of their first bytes."""
        wait_for(self._has_read_all, "the recorder reads what has come", every=0.001)
        if self.complaints:
            raise AssertionError(f"odd framing reached the upstream: {self.complaints.pop()}")
        return self.messages[mark:]

    def wait_ended(self, number, within=5.0):
        """How a connection ended, once it has."""
        return wait_for(lambda: self.peers[number].ended, f"Lintel ends the upstream connection {number}", within)

    def wait_all_ended(self, within=5.0):
        wait_for(lambda: not self._sockets, "Lintel ends all upstream connections", within)

    def _has_read_all(self):
        if select.select([self.listener], [], [], 0)[0]:
            return False
        return not any(unread_bytes(each) for each in list(self._sockets.values()))

    def stop(self):
        for each in [self.listener, *list(self._sockets.values())]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone already
        self.listener.close()

    def _accept(self):
        for number in itertools.count(1):
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[number], self._sockets[number] = Peer(number), accepted
            threading.Thread(target=self._serve, args=(accepted, number), daemon=True).start()

    def _serve(self, accepted, number):
        reader = Reader(accepted, number, self.messages)
        try:
            while True:
                message = reader.read_head()
                early = message.target in self.early
                if early:
                    self._answer(accepted, message, reader)
                reader.read_body(message)
                if not early:
                    self._answer(accepted, message, reader)
        except Ended as how:
            self.peers[number].ended = self.peers[number].ended or str(how)
        except Odd as complaint:
            self.complaints.append(str(complaint))
            self.peers[number].ended = "here"
        finally:
            del self._sockets[number]
            accepted.close()

    def _answer(self, connection, message, reader):
        for step in self._script_for(message):
            if isinstance(step, bytes):
                self._write(connection, step)
            elif step == TUNNEL:
                reader.tunnel(message)
            elif step == HALF_CLOSE:
                connection.shutdown(socket.SHUT_WR)
            elif step in (CLOSE, RESET):
                self._end(connection, step, message.connection)
            elif callable(step):
                step()
            elif not step.wait(10):
                raise Odd("a gate that nobody opened")

    def _script_for(self, message):
        script = self.scripts.get(message.target) or [OK % message.line]
        if isinstance(script[0], list):
            return script.pop(0) if len(script) > 1 else script[0]
        return script

    def _write(self, connection, data):
        try:
            self.send(connection, data)
        except OSError:
            raise Ended("rst") from None

    def _end(self, connection, how, number):
        self.peers[number].ended = "here"
        if how == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raise Ended("here")


def unread_bytes(connection):
    try:
        return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0" * 4))[0]
    except (OSError, ValueError):
        return 0  # closed meanwhile


class Reader:
    """Reads requests off one connection: just enough to know where each ends, and pedantic about that."""

    def __init__(self, connection, number, messages):
        self.connection, self.number, self.messages = connection, number, messages
        self.pending = b""
        self.message = None

    def read_head(self):
        if not self.pending:
            self._more()
        self.message = Message(self.number)
        self.message.raw += self.pending
        self.messages.append(self.message)
        head = self._until(b"\r\n\r\n")
        message, self.message.head = self.message, head
        lines = head[:-4].split(b"\r\n")
        self._require(REQUEST_LINE.fullmatch(lines[0]), "request line", lines[0])
        for line in lines[1:]:
            self._require(FIELD_LINE.fullmatch(line), "field line", line)
        return message

    def read_body(self, message):
        if message.whole:
            return
        lengths, codings = self._values(b"content-length"), self._values(b"transfer-encoding")
        self._require(len(self._values(b"host")) == 1, "not one Host", message.head)
        self._require(len(lengths) + len(codings) <= 1, "framing fields", message.head)
        if codings:
            self._require(codings == [b"chunked"], "coding", codings)
            message.chunked = True
            self._read_chunks(message)
        elif lengths:
            self._require(LENGTH.fullmatch(lengths[0]), "length", lengths)
            message.body = self._exactly(int(lengths[0]))
        del message.raw[len(message.raw) - len(self.pending):]  # what follows is the next one's
        self.message, message.whole = None, True

    def tunnel(self, message):
        """Records and echoes until the end."""
        while True:
            message.tunnelled += self.pending
            if self.pending:
                self.connection.sendall(self.pending)
            self.pending = b""
            self._more()

    def _read_chunks(self, message):
        while True:
            size = self._until(b"\r\n")[:-2]
            self._require(CHUNK_SIZE.fullmatch(size), "chunk size", size)
            if int(size, 16) == 0:
                break
            message.body += self._exactly(int(size, 16))
            self._require(self._exactly(2) == b"\r\n", "end of a chunk", size)
        while (line := self._until(b"\r\n")) != b"\r\n":
            self._require(FIELD_LINE.fullmatch(line[:-2]), "trailer", line)
            message.trailers += line

    def _values(self, name):
        pairs = (line.partition(b":") for line in self.message.head.split(b"\r\n")[1:])
        return [value.strip() for known, _, value in pairs if known.lower() == name]

    def _require(self, claim, what, seen):
        if not claim:
            raise Odd(f"{what}: {seen!r} in {bytes(self.message.raw[:600])!r}")

    def _until(self, mark):
        while mark not in self.pending:
            self._more()
        data, _, self.pending = self.pending.partition(mark)
        return data + mark

    def _exactly(self, size):
        while len(self.pending) < size:
            self._more()
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def _more(self):
        try:
            data = self.connection.recv(65536)
        except OSError:
            raise Ended("rst") from None
        if not data:
            raise Ended("fin")
        self.pending += data
        if self.message:
            self.message.raw += data
