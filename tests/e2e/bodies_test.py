"""Bodies of any size pass through a bounded amount of memory, and a slow reader slows its writer down."""
import hashlib
import pathlib
import threading
import time

from support.case import Case, main, wait_for
from support.routes import routes

MIB = 1 << 20
GIB = 1 << 30
GROWTH_LIMIT = 64 * MIB


def memory(pid, what):
    """A figure of /proc/PID/status in bytes: VmRSS now, VmHWM at its peak."""
    line = next(each for each in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith(what))
    return int(line.split()[1]) * 1024


def blocks(total):
    """`total` bytes that differ from MiB to MiB."""
    filler = bytes(range(256)) * 4096
    for number in range(total // MIB):
        yield number.to_bytes(8, "big") + filler[8:]


def digest_of(total):
    digest = hashlib.sha256()
    for block in blocks(total):
        digest.update(block)
    return digest.hexdigest()


def stalled(value, quiet=0.5):
    """Waits until `value()` hasn't changed for `quiet` seconds, then returns it."""
    seen, since = value(), time.monotonic()

    def unchanged():
        nonlocal seen, since
        if value() != seen:
            seen, since = value(), time.monotonic()
        return time.monotonic() - since > quiet

    wait_for(unchanged, "no more bytes move", within=30)
    return seen


class OneGibibyte(Case):
    def setUp(self):
        upstream = self.backend(self.answer)
        self.upstream = upstream
        self.front = self.lintel(routes=routes({"app.test": upstream.url}))
        self.front.until("app.test", path="/up")
        self.edge = self.front.role("edge")
        self.before = memory(self.edge, "VmRSS")

    def answer(self, exchange):
        request = exchange.request
        if request.target == "/upload":
            digest, left = hashlib.sha256(), int(request["content-length"])
            digest.update(exchange.pending)
            left, exchange.pending = left - len(exchange.pending), b""
            while left and (piece := exchange.socket.recv(min(left, MIB))):
                digest.update(piece)
                left -= len(piece)
            exchange.reply(digest.hexdigest())
        elif request.target == "/download":
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for block in blocks(GIB):
                exchange.send(f"{len(block):x}\r\n".encode() + block + b"\r\n")
            exchange.send("0\r\n\r\n")
        else:
            exchange.reply("ok")

    def assert_memory_is_bounded(self):
        growth = memory(self.edge, "VmHWM") - self.before
        print(f"the edge grew by {growth / MIB:.1f} MiB")
        self.assertLess(growth, GROWTH_LIMIT)

    def test_goes_up_in_bounded_memory(self):
        with self.front.connect() as client:
            client.send(f"POST /upload HTTP/1.1\r\nHost: app.test\r\nContent-Length: {GIB}\r\n\r\n")
            for block in blocks(GIB):
                client.send(block)
            self.assertEqual(digest_of(GIB), client.read_response().text)
        self.assert_memory_is_bounded()

    def test_comes_down_in_bounded_memory(self):
        digest, size = hashlib.sha256(), 0
        with self.front.connect() as client:
            client.send("GET /download HTTP/1.1\r\nHost: app.test\r\n\r\n")
            self.assertEqual("chunked", client.read_head()["transfer-encoding"])
            for piece in client.chunks():
                digest.update(piece)
                size += len(piece)
        self.assertEqual((GIB, digest_of(GIB)), (size, digest.hexdigest()))
        self.assert_memory_is_bounded()


class BackPressure(Case):
    def test_a_client_that_does_not_read_stops_the_upstream(self):
        sent = [0]

        def answer(exchange):
            if exchange.request.target == "/up":
                return exchange.reply("ok")
            exchange.socket.settimeout(60)
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {GIB // 4}\r\n\r\n")
            for block in blocks(GIB // 4):
                exchange.send(block)
                sent[0] += len(block)

        lintel = self.lintel(routes=routes({"app.test": self.backend(answer).url}), workers=1)
        lintel.until("app.test", path="/up")
        with lintel.connect(within=60) as client:
            client.send("GET /download HTTP/1.1\r\nHost: app.test\r\n\r\n")
            wait_for(lambda: sent[0] > 0, "the body flows")
            self.assertLess(stalled(lambda: sent[0]), GROWTH_LIMIT)
            self.assertEqual(200, lintel.get("app.test", "/up").status, "others don't wait for it")
            self.assertEqual(digest_of(GIB // 4), hashlib.sha256(client.read_response().body).hexdigest())

    def test_an_upstream_that_does_not_read_stops_the_client(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.target == "/up":
                return exchange.reply("ok")
            release.wait(60)
            return exchange.reply(hashlib.sha256(exchange.read_body()).hexdigest())

        lintel = self.lintel(routes=routes({"app.test": self.backend(answer).url}), workers=1)
        lintel.until("app.test", path="/up")
        sent = [0]
        with lintel.connect(within=60) as client:
            client.send(f"POST /upload HTTP/1.1\r\nHost: app.test\r\nContent-Length: {GIB // 4}\r\n\r\n")

            def upload():
                for block in blocks(GIB // 4):
                    client.send(block)
                    sent[0] += len(block)

            writer = threading.Thread(target=upload)
            writer.start()
            wait_for(lambda: sent[0] > 0, "the body flows")
            self.assertLess(stalled(lambda: sent[0]), GROWTH_LIMIT)
            release.set()
            writer.join(60)
            self.assertEqual(digest_of(GIB // 4), client.read_response().text)


if __name__ == "__main__":
    main()
