"""Cases of docs/http.md's rows about answers, and the checks that they share: the recorder says something, and what the
client gets is compared byte for byte."""
from dataclasses import dataclass, field

from support.door import chunked, door
from support.recorder import CLOSE
from support.rows import AFTER, NEXT, read_echo, say_after
from support.writing import at_line_ends, byte_by_byte, in_one

ASKED = "GET /answer HTTP/1.1\r\nHost: app.test\r\n\r\n"
TARGET = "/answer"


def latin(text):
    return text.encode("latin-1")


@dataclass(frozen=True)
class Case:
    """`answer`: the bytes that the app sends, as latin-1, and other steps of a recorder's script behind them."""
    answer: str
    then: tuple = field(default=(), kw_only=True)
    asked: str = field(default=ASKED, kw_only=True)

    def label(self):
        return {"answer": self.answer[:300], "then": self.then, "asked": self.asked[:60]}

    def ways(self):
        yield "in one write", in_one
        if len(self.answer) < 600:
            yield "byte by byte", byte_by_byte
        if len(self.answer) < 8000:
            yield "cut at line ends", at_line_ends

    def run(self, test, writer):
        here = door()
        mark = here.recorder.mark()
        here.recorder.scripts[TARGET] = [latin(self.answer), *self.then]
        here.recorder.send = writer
        try:
            with here.client() as client:
                client.send(self.asked)
                self.check(test, here, client, mark)
        finally:
            here.recorder.send = in_one
            here.recorder.scripts.clear()

    @property
    def method(self):
        return self.asked.split(" ")[0]


@dataclass(frozen=True)
class Passed(Case):
    """The client gets `got` (None: as answered) and, unless that says close, goes on. `reused`: whether the app's
    connection stays; None: no matter. Chunks are compared as one."""
    got: str = None
    reused: object = True
    closes: bool = False

    def check(self, test, here, client, mark):
        expected = latin(self.answer if self.got is None else self.got)
        test.assertEqual(expected, read_answer(client, self.method), "what the client gets")
        if self.closes:
            test.assertTrue(client.ended(), "the connection ends")
        else:
            client.send(NEXT)
            read_echo(test, client, NEXT)
        say_after(test, here)
        first = here.recorder.since(mark)[0]
        if self.reused is False and CLOSE not in self.then:
            here.recorder.wait_ended(first.connection)
        if self.reused:
            test.assertIsNone(here.recorder.peers[first.connection].ended, "it can be used again")
        check_apart(test, here, mark, first.connection if self.reused is False else None)


@dataclass(frozen=True)
class Surplus(Passed):
    """More than the answer. It comes with its end in one write: what came after the connection was used again would be
    the next one's answer, for all that anyone can tell."""
    reused: object = False

    def ways(self):
        yield "in one write", in_one


@dataclass(frozen=True)
class Bad(Case):
    """502; the app's connection is closed and not used again. `reasons`: what Lintel-Reason may say."""
    reasons: tuple = ("bad-response",)

    def check(self, test, here, client, mark):
        response = client.read_response(self.method)
        test.assertEqual(502, response.status, f"{response}")
        test.assertIn(response["lintel-reason"], self.reasons)
        if (response["connection"] or "").lower() == "close":
            test.assertTrue(client.ended(), "nothing behind it")
        else:
            client.send(NEXT)
            read_echo(test, client, NEXT)
        say_after(test, here)
        check_apart(test, here, mark, closed_connection(here, mark))


@dataclass(frozen=True)
class Cut(Case):
    """The client's connection is reset before what it got looks complete."""

    def check(self, test, here, client, mark):
        seen = bytearray()
        with test.assertRaises(ConnectionResetError, msg="a reset, no clean end"):
            read_until_reset(client, seen)
        test.assertFalse(looks_complete(bytes(seen)), f"looks complete: {bytes(seen)}")
        say_after(test, here)
        check_apart(test, here, mark, closed_connection(here, mark))


def check_apart(test, here, mark, unusable):
    """One request was asked, once, and what came later took other connections than `unusable`."""
    first, *others = here.recorder.since(mark)
    test.assertEqual([], [bytes(each.raw) for each in others if each.target not in ("/next", "/after")], "asked once")
    test.assertNotIn(unusable, [each.connection for each in others], "never used again")
    return first


def closed_connection(here, mark):
    number = here.recorder.since(mark)[0].connection
    here.recorder.wait_ended(number)
    return number


# -- what a client gets


def read_answer(client, method="GET"):
    """The bytes of one answer with the 1xx before it, its chunks joined into one."""
    got = b""
    while True:
        head = client._until(b"\r\n\r\n") + b"\r\n\r\n"
        got += head
        status, fields = head.split(b" ")[1], head.lower()
        if not status.startswith(b"1"):
            break
    if method == "HEAD" or status in (b"204", b"304"):
        return got
    if b"\r\ntransfer-encoding: chunked\r\n" in fields:
        return got + read_chunks(client)
    if b"\r\ncontent-length: " in fields:
        return got + client.read_exactly(int(fields.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0]))
    return got + read_to_clean_end(client)


def read_chunks(client):
    body = b""
    while (size := int(client._until(b"\r\n"), 16)) > 0:
        body += client.read_exactly(size)
        assert client.read_exactly(2) == b"\r\n", "a chunk ends in CRLF"
    trailers = b""
    while line := client._until(b"\r\n"):
        trailers += line + b"\r\n"
    return chunked(body, trailers)


def read_to_clean_end(client):
    data, client.pending = client.pending, b""
    while piece := client.socket.recv(65536):
        data += piece
    return data


def read_until_reset(client, seen):
    """Raises ConnectionResetError; returns when the connection ended cleanly instead."""
    while piece := client.socket.recv(65536):
        seen += piece


def looks_complete(seen):
    """Whether a client would take these bytes, the last it gets, for a whole answer."""
    head, _, body = seen.partition(b"\r\n\r\n")
    fields = head.lower() + b"\r\n"
    if not head:
        return False
    if b"\r\ntransfer-encoding: chunked\r\n" in fields:
        return has_last_chunk(body)
    if b"\r\ncontent-length: " in fields:
        return len(body) >= int(fields.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
    return False  # as long as the connection: a reset tells


def has_last_chunk(body):
    while body:
        size, _, body = body.partition(b"\r\n")
        if size == b"0":
            return True
        body = body[int(size, 16) + 2:]
    return False
