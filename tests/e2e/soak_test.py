"""Everything at once, for LINTEL_SOAK_SECONDS (60): good clients and bad ones, upstreams that die and return, routes that
change. No good client fails, and memory and descriptors are what they were after the first third."""
import collections
import os
import pathlib
import random
import re
import socket
import threading
import time

from support import websocket
from support.backend import Backend
from support.case import Case, main, wait_for
from support.proc import sockets_to
from support.routes import document, routes
from support.wire import Truncated

SECONDS = float(os.environ.get("LINTEL_SOAK_SECONDS", "60"))
BODY = random.Random(4).randbytes(100_000)
MALFORMED = (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\0\1\2\3\r\n\r\n",
             b"POST / HTTP/1.1\r\nHost: steady.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             b"GET / HTTP/1.1\r\nHost : steady.test\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: steady.test\r\n\r\n",
             b"GET / HTTP/1.1\r\nHost: steady.test\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")


def answer(exchange):
    target = exchange.request.target
    if target == "/tunnel":
        return websocket.echo_server(exchange)
    body = exchange.read_body()
    if target == "/chunked":
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 9000):
            piece = body[at:at + 9000]
            exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        return exchange.send("0\r\n\r\n")
    exchange.reply(body or b"ok")


class Soak(Case):
    def test_memory_and_descriptors_are_flat_and_no_good_client_fails(self):
        self.steady = self.backend(answer)
        self.mortal = [Backend(answer), Backend(answer)]
        self.addCleanup(lambda: [each.stop() for each in self.mortal])
        self.ports = {self.steady.port, *(each.port for each in self.mortal)}
        self.door = self.lintel(routes=routes({"steady.test": self.steady.url, "mortal.test": [each.url for each in self.mortal]}))
        self.door.write_routes(document({"secure": ("Host(`steady.test`)", self.steady.url)}, tls=True), "tls.yml")
        for host, get in (("steady.test", None), ("mortal.test", None), ("steady.test", self.door.get_tls)):
            self.door.until(host, get=get)
        self.edge = self.door.role("edge")
        self.done, self.failures, self.stopped, self.going = collections.Counter(), collections.Counter(), threading.Event(), threading.Event()
        self.resting = threading.Semaphore(0)

        habits = [(self.gets, 20), (self.posts, 20), (self.chunked, 10), (self.tunnels, 5), (self.handshakes, 5),
                  (self.cut, 20), (self.malformed, 10), (self.gets_while_upstreams_die, 40), (self.kill_and_return, 1),
                  (self.change_routes, 1)]
        threads = [threading.Thread(target=self.repeat, args=habit, daemon=True) for habit in habits]
        for thread in threads:
            thread.start()
        seen = []
        for _ in range(3):
            self.going.set()
            self.stopped.wait(SECONDS / 3)  # its duration is what is tested
            self.going.clear()
            for _ in threads:
                self.assertTrue(self.resting.acquire(timeout=30), "an exchange never ends")
            seen.append(self.resources())
        self.stopped.set()
        self.going.set()
        for thread in threads:
            thread.join(30)
        self.report(seen)

    def report(self, seen):
        print(f"soak of {SECONDS:.0f} s: {dict(self.done)}; failures {dict(self.failures)}")
        print("after each third: " + "; ".join(f"{kib} KiB resident, {descriptors} descriptors" for kib, descriptors in seen))
        (warm, first), (end, last) = seen[0], seen[-1]
        print(f"drift after the warm-up: {end - warm:+} KiB ({(end - warm) / warm:+.1%}), {last - first:+} descriptors")
        self.assertFalse(self.failures)
        self.assertEqual(self.edge, self.door.role("edge"), "the same edge")
        self.assertNotIn('"level":"error"', self.door.log)
        self.assertLessEqual(end - warm, max(warm * 0.02, 1024))
        self.assertEqual(first, last, "descriptors")

    def resources(self):
        """Of the edge at rest, without its pooled upstream connections: resident KiB and descriptors."""
        counts = collections.deque(maxlen=20)

        def steady():
            counts.append(len(os.listdir(f"/proc/{self.edge}/fd")) - sockets_to(self.edge, self.ports))
            return counts.count(counts[-1]) == 20

        wait_for(steady, "the edge is at rest", within=20, every=0.05)
        status = pathlib.Path(f"/proc/{self.edge}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), counts[-1]

    def repeat(self, habit, per_second):
        pace = random.Random(habit.__name__)
        while not self.stopped.is_set():
            if not self.going.is_set():
                self.resting.release()
                self.going.wait()
                continue
            try:
                habit(pace)
                self.done[habit.__name__] += 1
            except (OSError, EOFError, ValueError, AssertionError) as failure:
                self.failures[f"{habit.__name__}: {type(failure).__name__} {str(failure)[:200]}"] += 1
            self.stopped.wait(pace.expovariate(per_second))

    def expect(self, response, body=b"ok"):
        if response.status != 200 or response.body != body:
            raise AssertionError(f"{response.status} {response['lintel-reason']}, {len(response.body)} bytes for {len(body)}")

    # -- the habits

    def gets(self, pace):
        with self.door.connect() as client:
            for _ in range(pace.randint(1, 5)):
                self.expect(client.request("steady.test"))

    def posts(self, pace):
        body = BODY[:pace.choice([1, 1000, 60_000, 100_000])]
        self.expect(self.door.get("steady.test", method="POST", body=body), body)

    def chunked(self, pace):
        size = pace.choice([1, 5000, 100_000])
        with self.door.connect() as client:
            client.send("POST /chunked HTTP/1.1\r\nHost: steady.test\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, size, 7000):
                piece = BODY[at:min(at + 7000, size)]
                client.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            client.send("0\r\n\r\n")
            self.expect(client.read_response("POST"), BODY[:size])

    def tunnels(self, pace):
        with self.door.connect() as client:
            if (status := websocket.handshake(client, "steady.test", "/tunnel").status) != 101:
                raise AssertionError(f"{status} for 101")
            for _ in range(pace.randint(0, 5)):
                text = "x" * pace.choice([1, 200, 70_000])
                if websocket.echo_text(client, text) != text:
                    raise AssertionError("something else came back")
            if pace.random() < 0.5:
                websocket.write_frame(client, websocket.CLOSE, b"", mask=True)
                websocket.read_frame(client)

    def handshakes(self, _):
        self.expect(self.door.get_tls("steady.test"))

    def cut(self, pace):
        """A client that leaves somewhere in its request or its answer."""
        whole = b"POST /chunked HTTP/1.1\r\nHost: steady.test\r\nContent-Length: 100000\r\n\r\n" + BODY
        with self.door.connect() as client:
            client.send(whole[:pace.choice([1, 30, 70, 200, 50_000, len(whole)])])
            if pace.random() < 0.5:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def malformed(self, pace):
        with self.door.connect() as client:
            try:
                client.send(pace.choice(MALFORMED))
                status = client.read_response().status
            except (ConnectionError, Truncated):
                return  # cut while it was still sent
            if not 400 <= status < 500 and status != 505:
                raise AssertionError(f"{status} for what is malformed")

    def gets_while_upstreams_die(self, _):
        self.expect(self.door.get("mortal.test"))

    def kill_and_return(self, pace):
        """One of the two; the other takes over. The next one dies when this one is known to be back."""
        which = pace.randrange(2)
        self.mortal[which].stop()
        self.stopped.wait(pace.uniform(0, 1))
        self.mortal[which] = Backend(answer, port=self.mortal[which].port)
        wait_for(self.whole, "it is back", within=5)

    def whole(self):
        return all(endpoint["state"] == "ready" for route in self.door.api("/routes")[1]["routes"]
                   for endpoint in route["endpoints"])

    def change_routes(self, pace):
        host = f"host{pace.randrange(20)}.test"
        self.door.write_routes(routes({host: self.steady.url}), "changing.yml")
        self.door.until(host, within=5)


if __name__ == "__main__":
    main()
