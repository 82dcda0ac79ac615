"""The rows of docs/http.md about requests once more, over HTTP/2: each case of http_rows_test.py that HTTP/2 can express gets
the same decision and reaches the app as the same bytes (names of fields in lower case)."""
import re
import unittest

import http_rows_test
from support import rows
from support.door import door, normal
from support.h2 import DATA, END_STREAM, H2, PROTOCOL_ERROR, frame
from support.rows import Own, Refused, Taken, check_nothing_reached, statuses

H2C = ("--h2c", "allow")
# HTTP/2 has no use for these (RFC 9113 §8.2.2): there they are refused, whatever they say.
CONNECTIONS_OWN = {b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"transfer-encoding"}
LARGEST = 16384  # of a DATA frame
LINE = re.compile(rb"([^ \t]+) ([^\r\n]*) HTTP/1\.1", re.DOTALL)
# Each of these says something that a header list can't say, or says otherwise.
ELSEWHERE = {
    "line.blank-before", "line.version-1.0", "line.version-minor", "host.missing-1.0", "framing.coding-1.0",
    "target.absolute", "target.absolute-host", "target.absolute-scheme", "target.asterisk-absolute",  # :scheme and :authority
    "hop.close", "hop.pipeline", "hop.requests", "framing.none", "framing.cut", "framing.unread",  # connections
    "expect.unread", "upgrade.early",
    "chunk.size-malformed", "chunk.size-overflow", "chunk.extension-long", "chunk.line-end", "chunk.data-end",  # chunks
}


class Message:
    """What a case sends, as HTTP/2 says it. None where it can't: see `expressed`."""

    def __init__(self, fields, body, trailers):
        self.fields, self.body, self.trailers = fields, body, trailers


def expressed(data):
    """The one message in `data`, or None."""
    head, end, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    first = LINE.fullmatch(lines[0])
    if not end or not first:
        return None
    fields = field_pairs(lines[1:])
    if fields is None:
        return None
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    fields = [each for each in fields if each[0] != b"transfer-encoding"] if codings == [b"chunked"] else fields
    if any(name in CONNECTIONS_OWN for name, _ in fields) or any(value != b"trailers" for name, value in fields if name == b"te"):
        return None
    body, trailers = (unchunked(rest) or (None, None)) if codings else (rest or None, [])
    if codings and (body is None or any(name in CONNECTIONS_OWN for name, _ in trailers)):
        return None
    if len(body or b"") > 60_000:
        return None  # more than a window
    lengths = [value for name, value in fields if name == b"content-length"]
    if body and not codings and not lengths:
        return None  # a second request
    if lengths and len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) != len(body or b""):
        return None
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) == 1:
        fields = [each for each in fields if each[0] != b"host"]
    method, target = first.groups()
    pseudo = [(b":method", method), (b":scheme", b"http"), (b":path", target)]
    if len(hosts) == 1:
        pseudo.append((b":authority", hosts[0]))
    if method == b"CONNECT":
        pseudo = [each for each in pseudo if each[0] in (b":method", b":authority")]
    return Message(pseudo + fields, body, trailers)


def field_pairs(lines):
    """Names in lower case, values without the white space around them; None where a line isn't one field."""
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or line[:1] in b" \t" or name.startswith(b":"):
            return None
        pairs.append((name.lower(), value.strip(b" \t")))
    return pairs


def unchunked(data):
    """The body and the trailers, where these chunks are as they should be and nothing is behind them."""
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        size = line.split(b";")[0].rstrip(b" \t")
        if not end or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size) or len(line) > 4000:
            return None
        size = int(size, 16)
        if size == 0:
            break
        if data[size:size + 2] != b"\r\n":
            return None
        body, data = body + data[:size], data[size + 2:]
    lines, end, rest = (b"\r\n" + data).rpartition(b"\r\n\r\n")
    trailers = field_pairs(lines.split(b"\r\n")[1:]) if end else None
    return (body, trailers) if trailers is not None and not rest else None


def send(peer, message):
    stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
    out = peer.headers(message.fields, stream, end=message.body is None and not message.trailers)
    if message.body is not None or message.trailers:
        body = message.body or b""
        for at in range(0, len(body) or 1, LARGEST):
            last = at + LARGEST >= len(body) and not message.trailers
            out += frame(DATA, stream, END_STREAM if last else 0, body[at:at + LARGEST])
    if message.trailers:
        out += peer.headers(message.trailers, stream)
    peer.send(out)
    return stream


def lowered(raw):
    """A message whose field names are in lower case; what frames it is left out, since HTTP/2 has other words for it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    named = [b":".join((line.partition(b":")[0].lower(), line.partition(b":")[2])) for line in lines[1:]]
    framing = (b"content-length", b"transfer-encoding")
    return [lines[0], *sorted(line for line in named if line.partition(b":")[0] not in framing)], body


def trailers_of(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    return unchunked(body)[1] if b"\r\ntransfer-encoding:" in head.lower() else []


def check(test, case, message):
    here = door(*case.flags, *H2C, **case.options)
    mark = here.recorder.mark()
    with H2(here.lintel.http, within=3) as peer:
        stream = send(peer, message)
        answer = peer.answer(stream)
        if isinstance(case, Taken):
            test.assertEqual((200, True), (answer.status, answer.ended), f"{answer}")
            seen = [each for each in here.recorder.since(mark) if each.whole]
            test.assertEqual(1, len(seen))
            wanted, got = lowered(case.requests[0]), lowered(normal(seen[0]))
            test.assertEqual(wanted[0], got[0], "what reached the upstream")
            test.assertEqual(message.body or b"", seen[0].body)
            test.assertEqual(trailers_of(case.requests[0]), trailers_of(normal(seen[0])))
            return
        test.assertIn(answer.status, statuses(case.status), f"{answer}")
        test.assertEqual([], answer.interim, "no 100 before a refusal")
        if isinstance(case, Refused):
            test.assertIn(answer["lintel-reason"], ("bad-request", "too-large"))
            if answer.status == 405:
                test.assertIsNotNone(answer["allow"])
            test.assertIn(peer.after_answer(stream), (PROTOCOL_ERROR, 0, None))
    check_nothing_reached(test, here, mark, getattr(case, "partly", False))


class SameDecisions(unittest.TestCase):
    def test_each_row(self):
        expressible = 0
        for name, cases in tables():
            for case in cases:
                message = expressed(case.data) if type(case) in (Taken, Refused, Own) and name not in ELSEWHERE else None
                if message is None:
                    continue
                expressible += 1
                with self.subTest(row=name, sent=rows.short(case.sent)):
                    check(self, case, message)
        self.assertGreater(expressible, 350, "most rows can be said in HTTP/2")


def tables():
    """(row, cases) of every table of the HTTP/1.1 test."""
    for kind in vars(http_rows_test).values():
        if isinstance(kind, type):
            yield from getattr(kind, "rows", {}).items()


if __name__ == "__main__":
    unittest.main(verbosity=2)
