"""The rows of docs/http.md about what an app sends back, through a running front door: what the client gets byte for
byte, that what is broken never looks complete, and that nothing of it gets into another answer."""
import threading

from support.answers import ASKED, Bad, Cut, Passed, Surplus, check_apart, closed_connection, read_answer
from support.case import main
from support.door import door
from support.recorder import CLOSE, HALF_CLOSE, RESET
from support.rows import NEXT, Rows, read_echo, row, say_after, table
from support.wire import Truncated

CRLF = "\r\n"
HEAD = ASKED.replace("GET", "HEAD")
OLD = ASKED.replace("1.1", "1.0")  # closes after the answer
OLD_KEPT = OLD[:-2] + "Connection: keep-alive\r\n\r\n"
POISON = "HTTP/1.1 200 OK\r\nPoison: 1\r\nContent-Length: 6\r\n\r\npoison"
CONTROLS = [chr(code) for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)]
WEBSOCKET = ASKED[:-2] + ("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n")


def ok(fields="", body="ok", line="HTTP/1.1 200 OK"):
    """An answer with these field lines, each with its CRLF, and a Content-Length that fits."""
    return f"{line}\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}"


def raw(fields="", body="", line="HTTP/1.1 200 OK"):
    return f"{line}\r\n{fields}\r\n{body}"


def chunks(body, fields=""):
    return raw(f"{fields}Transfer-Encoding: chunked\r\n", body)


ABC = "3\r\nabc\r\n0\r\n\r\n"


@table({
    "answer.status-line": [
        *(Passed(ok(line=f"HTTP/1.1 {status} Odd"), got=ok(line=f"HTTP/1.1 {status} Unknown")) for status in (600, 999)),
        *(Bad(ok(line=line)) for line in (
            "HELLO", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/1.1 000 OK", "HTTP/1.1  200 OK",
            "HTTP/1.1\t200 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 +200 OK", "HTTP/1.1 0x2 OK",
            "HTTP/1.1 OK", "HTTP/1.1", "HTTP/1.1 ", " HTTP/1.1 200 OK", "HTTP/2.0 200 OK", "HTTP/2 200 OK",
            "HTTP/0.9 200 OK", "HTTP/3.1 200 OK", "http/1.1 200 OK", "HTTP/1. 200 OK", "HTTP/11 200 OK",
            "HTTP/1.10 200 OK", "HTTP/01.1 200 OK", "ICY 200 OK", "HTTPS/1.1 200 OK", "HTTP/1.1 200OK",
            "HTTP/1.1,200 OK", "200 OK", "\x00HTTP/1.1 200 OK", "GET / HTTP/1.1", "HTTP/1.1 2\xb20 OK",
            "HTTP/1.1 200 O\x00K", "HTTP/1.1 200 O\x7fK",
            "HTTP/1.1 200 \x0bOK")),
        Bad("\r\n" + ok()), Bad("<html>hello</html>\r\n\r\n", then=(CLOSE,)),
        Bad("<html>no end", then=(CLOSE,), reasons=("bad-response", "response-cut")),
        Bad("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n"), Bad("\x00" * 40 + "\r\n\r\n"),
    ],
    "answer.reason": [
        *(Passed(ok(line=f"HTTP/1.1 {sent}"), got=ok(line=f"HTTP/1.1 {got}")) for sent, got in (
            ("200", "200 OK"), ("200 ", "200 OK"), ("200 Fine, thanks", "200 OK"), ("200 \xc3\xa9\xff", "200 OK"),
            ("200 a\tb", "200 OK"), ("404 Nope", "404 Not Found"),
            ("500 200 OK", "500 Internal Server Error"), ("200  OK", "200 OK"), ("418", "418 I'm a teapot"))),
        Passed(ok(line="HTTP/1.0 200 Sure\r\nConnection: keep-alive"), got=ok(), reused=None),
        Passed(ok(line="HTTP/1.2 200 OK"), got=ok()),
    ],
    "answer.lines": [
        *(Bad(answer) for answer in (
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok",
            raw("Content-Length: 2\n", "ok"), raw("X-A: 1\n" "Content-Length: 2\r\n", "ok"),
            raw("Content-Length: 2\r\n\n", "ok"), raw("X-A: a\rb\r\nContent-Length: 2\r\n", "ok"),
            raw("X-A: a\r\r\nContent-Length: 2\r\n", "ok"), raw("\rX-A: a\r\nContent-Length: 2\r\n", "ok"),
            "HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\rContent-Length: 2\r\n\r\nok",
            ok("X-A: 1\r\n 2\r\n"), ok("X-A: 1\r\n\t2\r\n"), ok("X-A: 1\r\n \r\n"), ok(" X-A: 1\r\n"),
            ok("X-A : 1\r\n"), ok("X-A\t: 1\r\n"), raw("Content-Length : 2\r\n", "ok"),
            raw("Transfer-Encoding : chunked\r\n", ABC), raw("Transfer-Encoding:\r\n chunked\r\n", ABC),
            ok("Location: /\rSet-Cookie: a=b\r\n"), ok("Location: /\nSet-Cookie: a=b\r\n"))),
    ],
    "answer.field": [
        *(Bad(ok(f"{text}\r\n")) for text in (
            ": 1", "no colon", "X A: 1", "X(A): 1", "X\x00A: 1", "X\x7fA: 1", "X\xe9: 1", "X/A: 1", "\"X\": 1",
            "X=A: 1", "[X]: 1", *(f"X-A: a{octet}b" for octet in CONTROLS), "Set-Cookie: a=\x00", "Location: /\x0b")),
        Passed(ok("X-A: caf\xe9 \xff\r\nX-B:\t a\tb \r\nX_C: 1\r\n"),
            got=ok("X-A: caf\xe9 \xff\r\nX-B: a\tb\r\nX_C: 1\r\n")),
    ],
    "answer.size": [
        Passed(ok("".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(60)))), Passed(ok("X-A: 1\r\n" * 999)),
        Bad(ok("X-A: 1\r\n" * 1000)), Bad(ok("".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(66)))),
        Bad(ok(f"X-A: {'a' * 66000}\r\n")), Bad("HTTP/1.1 200 OK\r\nX-A: " + "a" * 70000),
    ],
    "answer.connection-many": [
        Bad(ok(f"Connection: {','.join(['x-a'] * 65)}\r\n")), Bad(ok(f"Connection: {','.join(['x-a'] * 33)}\r\n" * 2)),
        Passed(ok(f"Connection: {','.join(['x-a'] * 64)}\r\nX-A: 1\r\n"), got=ok())],
    "answer.length": [
        *(Bad(raw(f"Content-Length:{value}\r\n", "abc")) for value in (
            " 3\r\nContent-Length: 3", " 3\r\ncontent-length: 4", " 3, 3", "3,3", "3,", ",3", "+3", "-3", "-0", "0x3",
            "3a", "", " ", "3 3", "3.0", "3;", "\"3\"", "18446744073709551616", "18446744073709551619",
            "9223372036854775808", "99999999999999999999", "\xb3",
            "\xa03")),
        Passed(raw("Content-Length: 003\r\n", "abc"), got=ok(body="abc")),
        Passed(raw("content-length:\t3 \r\n", "abc"), got=ok(body="abc")), Passed(ok(body="")),
        Passed(ok(body="\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")), Passed(ok(body="z" * 100000)),
        Passed(ok("X-A: 1\r\n"), asked=OLD, got=ok("X-A: 1\r\nConnection: close\r\n"), closes=True),
        Passed(ok(), asked=OLD_KEPT, got=ok("Connection: keep-alive\r\n")),
    ],
    "answer.both": [Bad(raw(fields, ABC)) for fields in (
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 13\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 3\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 3\r\nTransfer-Encoding:\r\n",
        "Content-Length: x\r\nTransfer-Encoding: chunked\r\n")],
    "answer.coding": [Bad(raw(f"Transfer-Encoding:{coding}\r\n", ABC)) for coding in (
        "gzip", " gzip, chunked", " chunked, gzip", " chunked, chunked", " identity",
        " chunked\r\nTransfer-Encoding: chunked", " identity\r\nTransfer-Encoding: chunked", "xchunked",
        "\"chunked\"", "chunked;q=1", "chunked,", ",chunked", "", " chunked\xa0", "chunk")
    ] + [Bad(raw("Transfer-Encoding: chunked\r\n", ABC, "HTTP/1.0 200 OK")),
    Bad(raw("Transfer-Encoding: gzip\r\n", "abc", "HTTP/1.0 200 OK"), then=(CLOSE,)),
         Bad(raw("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", ABC, "HTTP/1.0 200 OK")),
         Passed(raw("transfer-encoding: CHUNKED\r\n", ABC), got=chunks(ABC)), Passed(chunks("0\r\n\r\n")),
         Passed(chunks(ABC), asked=OLD, got=raw("Connection: close\r\n", "abc"), closes=True)],
    "answer.bodiless": [
        Passed(ok(body="")[:-5] + "5\r\n\r\n", asked=HEAD), Passed(raw("Content-Length: 9223372036854775807\r\n"),
            asked=HEAD),
        Passed(raw("Transfer-Encoding: chunked\r\n"), asked=HEAD, got=raw(), reused=None),
        Passed(raw("ETag: \"a\"\r\n"), asked=HEAD, reused=None),
        Passed(raw("ETag: \"a\"\r\n", line="HTTP/1.1 204 No Content")),
        Passed(raw("Content-Length: 0\r\n", line="HTTP/1.1 204 No Content"), got=raw(line="HTTP/1.1 204 No Content")),
        Passed(raw("Content-Length: 5\r\n", line="HTTP/1.1 204 No Content"), got=raw(line="HTTP/1.1 204 No Content"),
            reused=None),
        Passed(raw("Content-Length: 5\r\n", line="HTTP/1.1 304 Not Modified")),
        Passed(raw("ETag: \"a\"\r\n", line="HTTP/1.1 304 Not Modified")),
    ],
    "answer.until-close": [
        Passed(raw("", "until I close"), then=(CLOSE,), got=chunks("d\r\nuntil I close\r\n0\r\n\r\n"), reused=False),
        Passed(raw("", "0\r\n\r\n"), then=(HALF_CLOSE,), got=chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), reused=False),
        Passed(raw(), then=(CLOSE,), got=chunks("0\r\n\r\n"), reused=False),
        Passed(raw("", "abc", "HTTP/1.0 200 OK"), then=(CLOSE,), got=chunks(ABC), reused=False),
        Passed(raw("Connection: keep-alive\r\n", "abc"), then=(CLOSE,), got=chunks(ABC), reused=False),
        Passed(raw("", "abc"), then=(CLOSE,), asked=OLD, got=raw("Connection: close\r\n", "abc"), reused=False,
            closes=True),
        Passed(raw("", "abc"), then=(CLOSE,), asked=OLD_KEPT, got=raw("Connection: close\r\n", "abc"), reused=False,
            closes=True),
        Cut(raw("", "abc"), then=(RESET,)),
    ],
    "answer.hop": [
        *(Passed(ok(f"{fields}X-Kept: 1\r\n"), got=ok("X-Kept: 1\r\n")) for fields in (
            "Connection: keep-alive\r\n", "Connection: X-A\r\nX-A: 1\r\n",
            "Connection: x-a, X-B\r\nX-A: 1\r\nX-B: 2\r\n", "Keep-Alive: timeout=5\r\n",
            "Proxy-Authenticate: Basic\r\n", "Upgrade: h2c\r\n", "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n",
            "Proxy-Connection: keep-alive\r\n", "TE: trailers\r\n")),
        Passed(ok("Connection: close\r\n"), got=ok(), reused=False),
        Passed(ok("Connection: X, Close\r\n"), got=ok(), reused=False),
        Passed(ok("Connection: Content-Length\r\n"), got=ok()),
        Passed(ok("Connection: close\r\n"), then=(CLOSE,), got=ok(), reused=False),
        Passed(ok(line="HTTP/1.0 200 OK"), got=ok(), reused=False),
        Passed(ok("Connection: Keep-Alive\r\n", line="HTTP/1.0 200 OK"), got=ok()),
        Passed(chunks(ABC, "Connection: Transfer-Encoding\r\n"), got=chunks(ABC)),
    ],
    "answer.interim": [
        Passed(raw("Link: </a>\r\n", line="HTTP/1.1 103 Early Hints") + ok()),
        Passed(raw(line="HTTP/1.1 102 Processing") + ok()),
        Passed(raw("Link: </a>\r\n", line="HTTP/1.1 103 Early Hints") * 2 + raw(line="HTTP/1.1 102 Processing") + ok()),
        Passed(raw(line="HTTP/1.1 100 Continue") + ok(), got=ok()),
        Passed(raw("X-A: 1\r\n", line="HTTP/1.1 100 Go") * 3 + ok(), got=ok()),
        Passed(raw("Connection: X-A\r\nX-A: 1\r\nX-B: 2\r\n", line="HTTP/1.1 103 Early Hints") + ok(),
            got=raw("X-B: 2\r\n", line="HTTP/1.1 103 Early Hints") + ok()),
        Passed(raw("Link: </a>\r\n", line="HTTP/1.1 103 Early Hints") + ok(), asked=OLD,
            got=ok("Connection: close\r\n"), closes=True),
        Passed(raw("Link: </a>\r\n", line="HTTP/1.1 103 Early Hints") + ok(body=""), asked=HEAD),
        Bad(raw("Content-Length: 36\r\n", "HTTP/1.1 20 ", line="HTTP/1.1 103 Early Hints") + POISON),
        Bad(raw("X-A : 1\r\n", line="HTTP/1.1 103 Early Hints") + ok()),
        Bad(raw(line="HTTP/1.1 103 Early Hints"), then=(CLOSE,), reasons=("bad-response", "response-cut",
                "upstream-closed")),
    ],
    "answer.interim-flood": [
        Passed(raw("X: 1\r\n", line="HTTP/1.1 103 Early Hints") * 100 + ok()),
        Passed(raw(line="HTTP/1.1 100 Continue") * 100 + ok(), got=ok()),
        Bad(raw("X: 1\r\n", line="HTTP/1.1 103 Early Hints") * 101 + ok()),
        Bad(raw(line="HTTP/1.1 100 Continue") * 101 + ok()),
        Bad(raw("X: 1\r\n", line="HTTP/1.1 102 Processing") * 1000),
        Bad(raw(line="HTTP/1.1 102 Processing") * 101 + ok(), asked=OLD),
    ],
    "answer.switch-unasked": [
        Bad(raw("Upgrade: websocket\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols") + POISON),
        Bad(raw("Upgrade: h2c\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols"),
            asked=ASKED[:-2] + "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
        Bad(raw("Upgrade: h2c\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols") + POISON,
            asked=WEBSOCKET),
        Bad(raw("Upgrade: websocket\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols"), asked=OLD),
        Bad(raw("Upgrade: websocket\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols"), asked=HEAD),
        Bad(raw("Upgrade: websocket, h2c\r\nConnection: upgrade\r\n", line="HTTP/1.1 101 Switching Protocols"),
            asked=WEBSOCKET),
    ],
    "answer.cut-length": [
        *(Cut(ok()[:-1], then=(how,)) for how in (CLOSE, RESET, HALF_CLOSE)),
        Cut(raw("Content-Length: 5\r\n"), then=(CLOSE,)),
        Cut(raw("Content-Length: 9223372036854775807\r\n", "abc"), then=(CLOSE,)),
        Cut(raw("Content-Length: 100000\r\n", "z" * 99999), then=(CLOSE,)),
        Cut(raw("Content-Length: 3\r\n", "ab"), then=(CLOSE,), asked=OLD),
        Cut(raw("Content-Length: 3\r\nConnection: close\r\n", "ab"), then=(CLOSE,)),
    ],
    "answer.cut-chunked": [
        *(Cut(chunks(body), then=(how,)) for how in (CLOSE, RESET) for body in (
            "3\r\nabc\r\n", "3\r\nabc\r\n0", "3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\n\r", "3\r\nabc\r\n0\r\nX-Sum: 4",
            "3\r\nabc\r\n0\r\nX-Sum: 42\r\n", "3\r\nab", "3", "3\r\nabc", "3\r\nabc\r", "")),
        Cut(chunks("3\r\nabc\r\n"), then=(CLOSE,), asked=OLD), Cut(chunks("7fffffffffffffff\r\nabc\r\n0\r\n\r\n"),
            then=(CLOSE,)),
        Cut(chunks("3\r\nabc\r\n0\r\n"), then=(CLOSE,), asked=OLD), Cut(chunks("3\r\nabc\r\n"), then=(HALF_CLOSE,)),
    ],
    "answer.chunk": [Cut(chunks(f"2\r\nok\r\n{body}")) for body in (
        "+3\r\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n", "g\r\nabc\r\n0\r\n\r\n", "\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
        "3\rabc\r\n0\r\n\r\n", "3;a\nb\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabcXX0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "8000000000000000\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n", "0\r\nX-A : 1\r\n\r\n", "0\r\nno colon\r\n\r\n",
        "0\r\nX-A: a\x00\r\n\r\n", "0\r\n\n", "0\n\r\n", "0\r\nX-A: 1\r\n 2\r\n\r\n", "0 \r\n\r\n", "-0\r\n\r\n",
        f"3;a={'x' * 5000}\r\nabc\r\n0\r\n\r\n",
        "\x00\r\n\r\n")
    ] + [Cut(chunks("nonsense\r\n")), Cut(chunks("2\r\nok\r\nzz\r\n"), asked=OLD),
    Passed(chunks("3;a=b\r\nabc\r\n0;c\r\n\r\n"), got=chunks(ABC)),
    Passed(chunks("03\r\nabc\r\n000\r\n\r\n"), got=chunks(ABC))],
    "answer.surplus": [
        Surplus(ok() + POISON, got=ok()), Surplus(ok() + "\r\n", got=ok()), Surplus(ok() + "x", got=ok()),
        Surplus(chunks(ABC) + POISON, got=chunks(ABC)),
        Surplus(ok(body="") + POISON, got=ok(body="")), Surplus(ok(body="hello"), asked=HEAD,
            got=ok(body="hello")[:-5]), Surplus(chunks(ABC), asked=HEAD, got=raw()),
        Surplus(raw("Content-Length: 5\r\n", "hello", "HTTP/1.1 204 No Content"),
            got=raw(line="HTTP/1.1 204 No Content")),
        Surplus(raw("Content-Length: 5\r\n", "hello", "HTTP/1.1 304 Not Modified"),
            got=raw("Content-Length: 5\r\n", line="HTTP/1.1 304 Not Modified")),
        Surplus(raw("", POISON, "HTTP/1.1 204 No Content"), got=raw(line="HTTP/1.1 204 No Content")),
        Surplus(ok() + POISON, then=(CLOSE,), got=ok()),
        Surplus(ok() + POISON, asked=OLD, got=ok("Connection: close\r\n"), closes=True),
        Surplus(ok() + raw(line="HTTP/1.1 103 Early Hints"), got=ok()),
    ],
    "answer.trailer": [
        Passed(chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n", "Trailer: X-Sum\r\n")),
        Passed(chunks("3\r\nabc\r\n0\r\nX-Sum:42 \r\nX-B: 1\r\n\r\n"),
            got=chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\nX-B: 1\r\n\r\n")),
        Passed(chunks("0\r\ngrpc-status: 0\r\n\r\n")), Passed(chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n"), asked=OLD,
            got=raw("Connection: close\r\n", "abc"), closes=True),
        *(Passed(chunks(f"3\r\nabc\r\n0\r\n{field}\r\nX-Sum: 42\r\n\r\n"),
                got=chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")) for field in (
            "Content-Length: 3", "Transfer-Encoding: chunked", "Trailer: X-A", "Host: evil", "Set-Cookie: a=b",
            "WWW-Authenticate: x", "Proxy-Authenticate: x", "Cache-Control: max-age=9", "Age: 1", "Expires: 0",
            "Vary: *", "Content-Type: text/html", "Content-Encoding: gzip", "Content-Range: bytes 0-1/2",
            "Location: /evil", "Date: x", "Connection: close", "Keep-Alive: 5", "Upgrade: h2c")),
    ],
})
class Answers(Rows):
    """`answer.early-close` and `answer.early` need more than one answer."""

    def tearDown(self):
        recorder = door().recorder
        recorder.scripts.clear()
        recorder.early.clear()

    POST = ASKED.replace("GET", "POST")[:-2] + "Content-Length: 3\r\n\r\nabc"

    @row("answer.early-close")
    def test_answer_early_close(self):
        for part in ("", "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", ok()[:-6], raw()[:-1]):
            for how in (CLOSE, RESET, HALF_CLOSE):
                for asked in (self.POST, *([ASKED] if part else [])):  # a byte of an answer arrived: never asked again
                    with self.subTest(part=part, how=how, asked=asked):
                        case = Bad(part, then=(how,), asked=asked, reasons=("bad-response", "upstream-closed",
                                "response-cut"))
                        case.run(self, lambda connection, data: connection.sendall(data))

    @row("answer.early-close")
    def test_answer_early_close_of_a_pooled_connection_is_tried_again(self):
        here = door()
        for how in (CLOSE, RESET, HALF_CLOSE):
            with self.subTest(how):
                say_after(self, here)  # there is a pooled connection
                mark = here.recorder.mark()
                here.recorder.scripts["/answer"] = [[how], [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"]]
                with here.client() as client:
                    client.send(ASKED)
                    self.assertEqual(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain", read_answer(client))
                    client.send(NEXT)
                    read_echo(self, client, NEXT)
                first, second, *_ = here.recorder.since(mark)
                self.assertEqual(("/answer", "/answer"), (first.target, second.target))
                self.assertNotEqual(first.connection, second.connection)

    @row("answer.surplus")
    def test_answer_surplus_that_comes_late(self):
        """The poison arrives when the connection rests in the pool."""
        here = door()
        for poison in (POISON, "x", CRLF, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"):
            with self.subTest(poison):
                mark = here.recorder.mark()
                gate, sent = threading.Event(), threading.Event()
                here.recorder.scripts["/answer"] = [ok().encode(), gate, poison.encode(), sent.set]
                with here.client() as client:
                    client.send(ASKED)
                    self.assertEqual(ok().encode(), read_answer(client))
                    gate.set()
                    self.assertTrue(sent.wait(5))
                    for _ in range(4):
                        client.send(NEXT)
                        read_echo(self, client, NEXT)
                check_apart(self, here, mark, closed_connection(here, mark))

    @row("answer.early")
    def test_answer_early(self):
        smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"
        length = "Content-Length: 200000\r\n\r\n"
        pieces = "Transfer-Encoding: chunked\r\n\r\n"
        for framing, begun, rest in (
                (length, "z" * 1000, smuggled * 2 + "z" * (199000 - 2 * len(smuggled))), (length, "", "z" * 200000),
                (pieces, "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n\r\n"),
                (pieces, "", f"{len(smuggled):x}\r\n{smuggled}\r\n0\r\n\r\n")):
            for answer, got in ((ok(), ok()), (raw("", "abc", "HTTP/1.1 413 Content Too Large"), None),
                (chunks(ABC), chunks(ABC))):
                for how in ((), (CLOSE,)) if got else ((CLOSE,),):
                    with self.subTest(framing=framing, begun=begun[:40], answer=answer, how=how):
                        self.check_early(framing + begun, rest, answer, how)

    def check_early(self, begun, rest, answer, how):
        here = door()
        mark = here.recorder.mark()
        here.recorder.early = {"/answer"}
        here.recorder.scripts["/answer"] = [answer.encode(), *how]
        with here.client() as client:
            client.send(ASKED.replace("GET", "POST")[:-2] + begun)
            response = client.read_response()  # at once: the rest isn't even sent
            self.assertEqual(413 if " 413 " in answer else 200, response.status)
            self.assertEqual(b"ok" if answer == ok() else b"abc", response.body)
            self.send_the_rest(client, rest, (response["connection"] or "").lower() == "close")
        say_after(self, here)
        closed = closed_connection(here, mark)
        first = check_apart(self, here, mark, closed)
        self.assertFalse(first.whole, "the app was told before the end")

    def send_the_rest(self, client, rest, closing):
        """It is read past and the next request is answered, or the connection is closed; nothing else."""
        try:
            client.send(rest.encode() + NEXT)
            response = client.read_response()
        except (Truncated, ConnectionError):
            return
        self.assertFalse(closing, "it said that it closes")
        self.assertEqual((200, "GET /next"), (response.status, response["echo"]))


if __name__ == "__main__":
    main()
