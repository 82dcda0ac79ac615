"""Cases of docs/http.md's rows about requests, and the checks that all of them share."""
import unittest
from dataclasses import dataclass, field

from support.door import door, normal
from support.wire import Truncated
from support.writing import at_line_ends, byte_by_byte, in_one

NEXT = b"GET /next HTTP/1.1\r\nHost: app.test\r\n\r\n"
AFTER = b"GET /after HTTP/1.1\r\nHost: app.test\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """`sent`: the bytes, as latin-1. `flags` and `options` choose the door."""
    sent: str
    flags: tuple = field(default=(), kw_only=True)
    options: dict = field(default_factory=dict, kw_only=True)

    @property
    def data(self):
        return self.sent.encode("latin-1")

    def label(self):
        return {"sent": short(self.sent), "options": [*self.flags, *self.options.items()]}

    def ways(self):
        """How to write it: (name, writer, bytes behind it in the same write)."""
        yield "in one write", in_one, b""
        if len(self.sent) < 1000:
            yield "byte by byte", byte_by_byte, b""
        if len(self.sent) < 8000:
            yield "cut at line ends", at_line_ends, b""


@dataclass(frozen=True)
class Taken(Case):
    """Forwarded as `up` (one text or a list, one per request; None: as sent) and answered by the app."""
    up: object = None
    closes: bool = False

    @property
    def requests(self):
        texts = [self.up or self.sent] if isinstance(self.up, (str, type(None))) else self.up
        return [text.encode("latin-1") for text in texts]

    def ways(self):
        yield from super().ways()
        yield "with another request behind", in_one, SMUGGLED if self.closes else NEXT

    def run(self, test, writer, behind):
        here, expected = door(*self.flags, **self.options), self.requests
        mark = here.recorder.mark()
        with here.client() as client:
            write(client, writer, self.data + behind)
            for each in expected:
                closing = self.closes and each is expected[-1]
                read_echo(test, client, each, closing)
            if self.closes:
                test.assertTrue(client.ended(), "the connection ends")
                expected = [*expected, AFTER]
                say_after(test, here)
            else:
                expected = [*expected, NEXT]
                if not behind:
                    client.send(NEXT)
                read_echo(test, client, NEXT)
        seen = [each for each in here.recorder.since(mark) if each.whole]
        test.assertEqual(expected, [normal(each) for each in seen], "what reached the upstream")


@dataclass(frozen=True)
class Refused(Case):
    """Answered with `status`, and the connection closes; nothing reaches an app. `partly`: the beginning may, but the
    app's connection ends before it looks complete."""
    status: object = 400
    partly: bool = False

    def ways(self):
        yield from super().ways()
        yield "with another request behind", in_one, SMUGGLED

    def run(self, test, writer, behind):
        here = door(*self.flags, **self.options)
        mark = here.recorder.mark()
        with here.client() as client:
            write(client, writer, self.data + behind)
            method = "HEAD" if self.sent.startswith("HEAD") else "GET"
            read_refusal(test, client, self.status, method)
        check_nothing_reached(test, here, mark, self.partly)


@dataclass(frozen=True)
class Own(Case):
    """Answered by Lintel itself; nothing reaches an app. `closes`: None where docs/http.md doesn't say."""
    status: object = 404
    closes: object = False

    def ways(self):
        yield from super().ways()
        yield "with another request behind", in_one, SMUGGLED if self.closes is True else NEXT

    def run(self, test, writer, behind):
        here = door(*self.flags, **self.options)
        mark = here.recorder.mark()
        next_was_asked = False
        with here.client() as client:
            write(client, writer, self.data + behind)
            response = client.read_response()
            test.assertIn(response.status, statuses(self.status))
            test.assertEqual([], response.interim, "no 100 before a refusal")
            closes = (response["connection"] or "").lower() == "close"
            if self.closes is not None:
                test.assertEqual(self.closes, closes, "the answer says whether the connection closes")
            if closes:
                test.assertTrue(client.ended(), "the connection ends")
            else:
                next_was_asked = True
                if not behind:
                    client.send(NEXT)
                read_echo(test, client, NEXT)
        check_nothing_reached(test, here, mark, before=[NEXT] if next_was_asked else [])


# -- what checks are made of


def write(client, writer, data):
    try:
        writer(client.socket, data)
    except OSError:
        pass  # it has answered and closed already: the answer is what counts


def read_echo(test, client, request, closes=False):
    """Reads the recorder's usual answer and sees that it answers `request`."""
    line = request.split(b"\r\n")[0].rpartition(b" ")[0].decode("latin-1")
    method = line.split(" ")[0]
    response = client.read_response(method)
    test.assertEqual((200, line), (response.status, response["echo"]), f"{response}")
    test.assertEqual(b"" if method == "HEAD" else b"ok", response.body)
    test.assertEqual(closes, (response["connection"] or "").lower() == "close", "the answer says whether it closes")
    return response


def read_refusal(test, client, status, method="GET"):
    response = client.read_response(method)
    test.assertIn(response.status, statuses(status))
    test.assertIn(response["lintel-reason"], ("bad-request", "too-large") if response.status == 413 else ("bad-request",
            ))
    test.assertEqual("close", (response["connection"] or "").lower())
    test.assertEqual([], response.interim)
    if response.status == 405:
        test.assertIsNotNone(response["allow"], "RFC 9110 §15.5.6")
    test.assertTrue(client.ended(), "one answer, then the end")
    return response


def statuses(wanted):
    return wanted if isinstance(wanted, tuple) else (wanted,)


def say_after(test, here):
    """Sends a good request through on another connection: what was to come before it has come."""
    with here.client() as client:
        client.send(AFTER)
        read_echo(test, client, AFTER)


def check_nothing_reached(test, here, mark, partly=False, before=()):
    """Nothing but `before` reached the upstream; where `partly`, the beginning of a message that was broken off."""
    say_after(test, here)
    seen = here.recorder.since(mark)
    if partly:
        for each in [each for each in seen if not each.whole]:
            here.recorder.wait_ended(each.connection)
        seen = [each for each in here.recorder.since(mark) if each.whole]
    test.assertEqual([], [bytes(each.raw) for each in seen if not each.whole], "no part of a request either")
    test.assertEqual([*before, AFTER], [normal(each) for each in seen], "what reached the upstream")


def answer_or_end(client, method="GET"):
    """The response, or None when the connection ends without one."""
    try:
        return client.read_response(method)
    except (Truncated, ConnectionResetError):
        return None


def table(rows):
    """A class decorator: a test per row of `rows`, {name: [cases]}, with a subtest per case and way of writing. A case
    has `ways()`, each a name and what run() wants besides the test, and `label()` for its subtest."""
    def add_tests(kind):
        kind.rows = rows
        for name, cases in rows.items():
            setattr(kind, "test_" + name.replace(".", "_").replace("-", "_"), checking(cases))
        return kind
    return add_tests


def checking(cases):
    def check_all(self):
        for case in cases:
            for name, *how in case.ways():
                with self.subTest(way=name, **case.label()):
                    case.run(self, *how)
    return check_all


def short(text):
    return text if len(text) < 300 else f"{text[:150]}… {len(text)} octets …{text[-80:]}"


def row(name):
    """Says which row a test of its own is about."""
    def named(function):
        function.row = name
        return function
    return named


class Rows(unittest.TestCase):
    maxDiff = 2000
