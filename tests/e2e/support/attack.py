"""A crowd of slow clients in a process of its own. Each connection sends or reads a little every `every` seconds, and comes back
when it is cut. From 127.0.0.2, so that what is limited per client hits it alone."""
import collections
import socket
import sys
import time

from support.beside import Beside, input_ended, ready, report, take_all_descriptors
from support.wire import split_address

from_address = ("127.0.0.2", 0)

# kind: (what is sent first, what is dripped)
DRIPS = {
    "head": (b"GET / HTTP/1.1\r\nHost: bulk.test\r\n", b"X: y\r\n"),
    "body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "short-body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nContent-Length: 10240\r\n\r\n", b"x" * 64),
    "chunked-body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nTransfer-Encoding: chunked\r\n\r\n", b"40\r\n" + b"x" * 64 + b"\r\n"),
    "read": (b"GET /large HTTP/1.1\r\nHost: bulk.test\r\n\r\n", b""),
}


class Attack(Beside):
    """`count` connections of a kind, once all are there. Its report says how often one was cut."""

    def __init__(self, kind, address, count, every=2.0):
        super().__init__("support.attack", kind, address, count, every, niceness=19)


def opened(kind, address):
    one = socket.socket()
    one.settimeout(5)
    one.bind(from_address)
    if kind == "read":
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(address)
    one.setblocking(False)
    one.send(DRIPS[kind][0])
    return one


def attack(kind, address, count, every):
    drip = DRIPS[kind][1]
    crowd = collections.deque(opened(kind, address) for _ in range(count))
    ready()
    cut, started, done = 0, time.monotonic(), 0
    while not input_ended(0.02):
        due = int((time.monotonic() - started) * count / every)
        for _ in range(min(due - done, count)):
            one = crowd.popleft()
            try:
                if drip:
                    one.send(drip)
                if not one.recv(512):
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                cut += 1
                one.close()
                try:
                    one = opened(kind, address)
                except OSError:
                    pass  # tries again in its turn
            crowd.append(one)
        done = due
    report(cut=cut)


if __name__ == "__main__":
    take_all_descriptors()
    attack(sys.argv[1], split_address(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
