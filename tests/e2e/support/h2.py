"""A client that speaks HTTP/2 frame by frame, so that tests can say what no library would. HPACK is python3-hpack's."""
import socket
import struct
from dataclasses import dataclass, field

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CALM = 5, 6, 7, 8, 9, 11
TABLE_SIZE, MAX_STREAMS, WINDOW, FRAME_SIZE, LIST_SIZE, EXTENDED_CONNECT = 1, 3, 4, 5, 6, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self):
        """Of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[:4] if self.type == RST_STREAM else self.payload[4:8])[0]

    @property
    def last_stream(self):
        return struct.unpack(">I", self.payload[:4])[0]


@dataclass
class Answer:
    """Of one stream. `reset`: the code it was reset with; `going`: that of a GOAWAY that came instead."""
    interim: list = field(default_factory=list)
    fields: list = None
    body: bytes = b""
    trailers: list = None
    ended: bool = False
    reset: int = None
    going: int = None

    @property
    def status(self):
        return int(self[":status"]) if self.fields else None

    def __getitem__(self, name):
        return next((value for known, value in self.fields or () if known == name.lower()), None)


def frame(kind, stream=0, flags=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings(**values):
    """`settings(WINDOW=0)` as a frame."""
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", globals()[name], value) for name, value in values.items()))


def number(value):
    return struct.pack(">I", value)


class H2:
    """Connected and greeted. Answers SETTINGS and PING itself; opens windows for what it reads unless `windows` is
    False. `tls`: a context, whose ALPN is set here."""

    def __init__(self, address, tls=None, server_name=None, within=5.0, windows=True, first=settings(), source=None, greets=True):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=within, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            tls.set_alpn_protocols(["h2"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name)
        self.host = server_name or "app.test"
        self.scheme = "https" if tls else "http"
        self.windows, self.pending, self.frames, self.answers = windows, b"", [], {}
        self.encoder, self.decoder = Encoder(), Decoder()
        self.settings = {}
        self.going = None
        self.next_stream = 1
        self._block = None
        self.send((PREFACE if greets else b"") + first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # -- what it says

    def send(self, data):
        self.socket.sendall(data)

    def request(self, *extra, method="GET", path="/", host=None, scheme=None):
        """The fields of a request, pseudo-fields first. A pseudo-field that is False is left out."""
        pseudo = ((":method", method), (":scheme", self.scheme if scheme is None else scheme),
                  (":authority", self.host if host is None else host), (":path", path))
        return [(name, value) for name, value in pseudo if value is not False] + list(extra)

    def block(self, fields):
        return self.encoder.encode([NeverIndexedHeaderTuple(name, value) for name, value in fields], huffman=False)

    def headers(self, fields, stream=None, end=True):
        """The bytes of HEADERS and what CONTINUATION it takes."""
        block = self.block(fields)
        pieces = [block[at:at + 16384] for at in range(0, len(block), 16384)] or [b""]
        out = b""
        for at, piece in enumerate(pieces):
            flags = (END_STREAM if end and at == 0 else 0) | (END_HEADERS if at == len(pieces) - 1 else 0)
            out += frame(CONTINUATION if at else HEADERS, stream, flags, piece)
        return out

    def open(self, fields=None, body=None, end=None, **how):
        """Begins a request; `body`: DATA behind it. Returns the stream's number."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        ends = body is None if end is None else end
        out = self.headers(fields if fields is not None else self.request(**how), stream, ends and body is None)
        if body is not None:
            out += frame(DATA, stream, END_STREAM if end is None or end else 0, body)
        self.send(out)
        return stream

    def reset(self, stream, code=CANCEL):
        self.send(frame(RST_STREAM, stream, payload=number(code)))

    def window(self, stream, size):
        self.send(frame(WINDOW_UPDATE, stream, payload=number(size)))

    # -- what it hears

    def get(self, fields=None, body=None, **how):
        return self.answer(self.open(fields, body, **how))

    def answer(self, stream, until=None):
        """Reads until the stream is over, or the connection is, or `until(answer)` holds."""
        mine = self.answers.setdefault(stream, Answer())
        while not (mine.ended or mine.reset is not None or (until and until(mine))):
            if self.next_frame() is None or self.going:
                mine.going = self.going
                break
        return mine

    def after_answer(self, stream):
        """Reads on until a RST_STREAM of this stream, or what a PING brings back. Its code, or None."""
        self.send(frame(PING, payload=b"after-it"))
        mine = self.answers.setdefault(stream, Answer())
        while mine.reset is None:
            seen = self.next_frame()
            if seen is None or seen.type == GOAWAY or (seen.type == PING and seen.flags & ACK):
                break
        return mine.reset

    def goodbye(self):
        """Reads to the end of the connection; the code of the GOAWAY that came, None without one."""
        try:
            while self.next_frame() is not None:
                pass
        except ConnectionError:
            pass
        return self.going

    def next_frame(self):
        """None at the end of the connection."""
        while True:
            if len(self.pending) >= 9:
                size = int.from_bytes(self.pending[:3], "big")
                if len(self.pending) >= 9 + size:
                    break
            data = self.socket.recv(65536)
            if not data:
                return None
            self.pending += data
        found = Frame(self.pending[3], self.pending[4], int.from_bytes(self.pending[5:9], "big"),
                      self.pending[9:9 + size])
        self.pending = self.pending[9 + size:]
        self._take(found)
        return found

    def _take(self, found):
        mine = self.answers.setdefault(found.stream, Answer()) if found.stream else None
        if found.type == SETTINGS and not found.flags & ACK:
            for at in range(0, len(found.payload), 6):
                name, value = struct.unpack(">HI", found.payload[at:at + 6])
                self.settings[name] = value
            self.send(frame(SETTINGS, flags=ACK))
        elif found.type == PING and not found.flags & ACK:
            self.send(frame(PING, flags=ACK, payload=found.payload))
        elif found.type == GOAWAY:
            self.frames.append(found)
            self.going = found.code or self.going
        elif found.type == RST_STREAM:
            mine.reset = found.code
        elif found.type == DATA:
            mine.body += found.payload
            if self.windows and found.payload:
                self.send(frame(WINDOW_UPDATE, 0, payload=number(len(found.payload))) +
                          frame(WINDOW_UPDATE, found.stream, payload=number(len(found.payload))))
        elif found.type in (HEADERS, CONTINUATION):
            if found.type == HEADERS:
                self._block = b""
            self._block += found.payload
            if found.flags & END_HEADERS:
                self._heard(mine, self.decoder.decode(self._block))
        if mine and found.type in (DATA, HEADERS) and found.flags & END_STREAM:
            mine.ended = True

    @staticmethod
    def _heard(mine, fields):
        fields = [tuple(each) for each in fields]
        if mine.fields is not None:
            mine.trailers = fields
        elif fields[0][1].startswith("1"):
            mine.interim.append(fields)
        else:
            mine.fields = fields
