"""A crowd of slow clients in a process of its own: `attack.py KIND HOST:PORT COUNT EVERY`. Each connection sends or reads a
little every EVERY seconds, and comes back when it is cut. Says `ready` when all are connected; ends when its input ends,
with a line that says how often it was cut. From 127.0.0.2, so that what is limited per client hits it alone."""
import collections
import json
import os
import select
import socket
import subprocess
import sys
import time

from_address = ("127.0.0.2", 0)

# kind: (what is sent first, what is dripped)
DRIPS = {
    "head": (b"GET / HTTP/1.1\r\nHost: bulk.test\r\n", b"X: y\r\n"),
    "body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "short-body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nContent-Length: 10240\r\n\r\n", b"x" * 64),
    "chunked-body": (b"POST / HTTP/1.1\r\nHost: bulk.test\r\nTransfer-Encoding: chunked\r\n\r\n", b"40\r\n" + b"x" * 64 + b"\r\n"),
    "read": (b"GET /large HTTP/1.1\r\nHost: bulk.test\r\n\r\n", b""),
}


class Attack:
    """The process, from the test's side."""

    def __init__(self, kind, address, count, every=2.0):
        self._process = subprocess.Popen(["nice", "-n", "19", sys.executable, "-B", __file__, kind, address, str(count), str(every)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.report = None
        if self._process.stdout.readline() != "ready\n":
            raise AssertionError("the attack did not get ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self.report = json.loads(self._process.stdout.readline() or "null")
        self._process.stdout.close()
        self._process.wait(timeout=10)


class Bulk:
    """An upstream in a process of its own with 4 MB at /large that takes any body: see serve()."""

    def __init__(self):
        self._process = subprocess.Popen(["nice", "-n", "10", sys.executable, "-B", __file__, "serve"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


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


def input_ended(within):
    return bool(select.select([sys.stdin], [], [], within)[0])


def attack(kind, address, count, every):
    drip = DRIPS[kind][1]
    crowd = collections.deque(opened(kind, address) for _ in range(count))
    print("ready", flush=True)
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
    print(json.dumps({"cut": cut}), flush=True)


def serve():
    """Answers /large with 4 MB and everything else with `ok` after its body, one thread-free loop for thousands."""
    import asyncio

    piece = bytes(65536)

    async def body(reader, head):
        lower = head.lower()
        if b"chunked" in lower:
            while await reader.readline() != b"0\r\n":
                pass
            await reader.readline()
        elif b"content-length:" in lower:
            await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))

    async def connection(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await body(reader, head)
                if b" /large " not in head:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n")
                for _ in range(64):  # no more than a piece of it waits here for each reader
                    writer.write(piece)
                    await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def run():
        server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
        await ended.wait()
        os._exit(0)

    asyncio.run(run())


if __name__ == "__main__":
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1] == "serve":
        serve()
    else:
        host, _, port = sys.argv[2].rpartition(":")
        attack(sys.argv[1], (host, int(port)), int(sys.argv[3]), float(sys.argv[4]))
