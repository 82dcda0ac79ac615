"""A request of a case as bytes, and the answer that the backend gives to it (bench/backend.cpp)."""
from dataclasses import dataclass

from support.wire import request_bytes

HOST = "app.test"


def letters(size):
    """The first bytes of every body: byte i is the letter 'a' + i % 26."""
    alphabet = bytes(range(ord("a"), ord("z") + 1))
    return (alphabet * (size // 26 + 1))[:size]


ANSWERS = {"/small": letters(128), "/fields": letters(128), "/64k": letters(64 * 1024), "/1m": letters(1024 * 1024),
           "/chunked": letters(16 * 1024)}


@dataclass(frozen=True)
class Request:
    path: str = "/small"
    method: str = "GET"
    fields: tuple = ()
    body: bytes = None
    chunk: int = None  # bytes per chunk of the body; None: Content-Length says how long it is

    def bytes_for(self, host=HOST):
        if not self.chunk:
            return request_bytes(host, self.path, self.method, self.fields, self.body)
        head = request_bytes(host, self.path, self.method, [*self.fields, ("Transfer-Encoding", "chunked")])
        pieces = [self.body[at:at + self.chunk] for at in range(0, len(self.body), self.chunk)]
        return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    @property
    def answer(self):
        """The body of the answer."""
        return str(len(self.body)).encode() if self.path == "/upload" else ANSWERS[self.path]

    @property
    def closes(self):
        return ("Connection", "close") in self.fields
