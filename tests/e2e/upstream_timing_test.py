"""How soon Lintel says so when its upstreams fail, how soon it lets go when a client does, and how soon a first byte comes."""
import pathlib
import statistics
import threading
import time

from support.backend import Backend
from support.black_hole import BlackHole
from support.case import Case, main, wait_for
from support.load import Load
from support.routes import routes

SYN_SENT = "02"


class UpstreamTiming(Case):
    def door(self, urls, *flags):
        lintel = self.lintel(*flags, routes=routes({"app.test": urls}), drain_timeout="500ms")
        return lintel

    def asked(self, lintel):
        """A GET: its answer, and the seconds it took."""
        with lintel.connect(within=30) as client:
            started = time.monotonic()
            response = client.request("app.test")
            return response, time.monotonic() - started

    def figures(self, what, taken, limit):
        """Prints the times, and asserts that the slowest was within `limit` seconds."""
        print(f"{what}: {statistics.median(taken) * 1e3:.1f} ms at the median of {len(taken)}, "
              f"{max(taken) * 1e3:.1f} at most (limit {limit * 1e3:.0f})")
        self.assertLessEqual(max(taken), limit)

    def test_a_refused_connection_is_said_within_50_ms(self):
        backend = self.backend()
        lintel = self.door(backend.url)
        taken = []
        for _ in range(10):
            lintel.until("app.test")
            backend.stop()
            for _ in range(5):
                response, seconds = self.asked(lintel)
                self.assertIn(response.status, (502, 503))
                taken.append(seconds)
            backend = self.backend(port=backend.port)
        self.figures("refused", taken, 0.05)

    def test_a_black_hole_is_said_after_the_connect_timeout(self):
        taken = []
        for _ in range(3):
            (response, seconds), _ = self.black_holes(1)
            self.assertEqual((504, "connect-timeout"), (response.status, response["lintel-reason"]))
            taken.append(seconds)
        self.figures("black hole, connect timeout 500 ms", taken, 0.7)

    def test_eight_black_holes_are_six_tries_at_most(self):
        (response, seconds), tries = self.black_holes(8)
        print(f"eight black holes: {response.status} after {tries} tries, {seconds * 1e3:.0f} ms (limit 700 per try, 6 tries)")
        self.assertEqual(504, response.status)
        self.assertLessEqual(tries, 6)
        self.assertLessEqual(seconds, 0.7 * tries)

    def black_holes(self, count):
        """Asks where all upstreams have become black holes; how often one was tried, too."""
        holes = [BlackHole() for _ in range(count)]
        for each in holes:
            self.addCleanup(each.stop)
        lintel = self.door([each.url for each in holes], "--connect-timeout", "500ms")
        for each in holes:
            each.take_one()
        wait_for(lambda: all(endpoint["state"] == "ready" for route in lintel.api("/routes")[1]["routes"]
                             for endpoint in route["endpoints"]), "every upstream has taken a connection")
        for each in holes:
            each.close_up()
        tried, done = set(), threading.Event()
        ours = {one.getsockname()[1] for each in holes for one in each._waiting}

        def watch():
            while not done.wait(0.01):
                tried.update(port for port, local in connecting_to({each.port for each in holes}) if local not in ours)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            return self.asked(lintel), len(tried)
        finally:
            done.set()
            watcher.join()

    def test_a_stalled_backend_is_said_after_the_read_timeout(self):
        stalled, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if stalled.is_set():
                release.wait(30)
            exchange.reply("ok")

        lintel = self.door([self.backend(answer).url, self.backend(answer).url], "--first-byte-timeout", "500ms")
        lintel.until("app.test")
        stalled.set()
        taken = []
        for _ in range(5):
            response, seconds = self.asked(lintel)
            self.assertEqual((504, "timeout"), (response.status, response["lintel-reason"]))
            taken.append(seconds)
        self.assertGreater(min(taken), 0.45)
        self.figures("stalled, first byte timeout 500 ms", taken, 0.7)

    def test_all_dead_is_said_at_once_and_their_return_is_noticed_within_a_second(self):
        pair = [Backend(), Backend()]
        lintel = self.door([each.url for each in pair])
        lintel.until("app.test")
        refused, returned = [], []
        for _ in range(3):
            for each in pair:
                each.stop()
            with Load(lintel.http, "app.test", clients=8, rate=100) as load:
                load.run_for(4)  # long enough for probes to have become rare
            refused += [sample.ended - sample.started for sample in load.failed()]
            self.assertFalse([each.failure for each in load.failed() if not each.failure.startswith(("502", "503"))])
            back = time.monotonic()
            pair = [Backend(port=each.port) for each in pair]
            lintel.until("app.test", within=5)
            returned.append(time.monotonic() - back)
        for each in pair:
            self.addCleanup(each.stop)
        self.figures("first success after their return", returned, 1.0)
        self.figures("all dead", refused, 0.05)

    def test_a_client_that_leaves_frees_the_upstream_within_200_ms(self):
        ended = []

        def answer(exchange):
            exchange.close_after = True
            if exchange.request.target == "/streams":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst")
            if exchange.request.target == "/pours":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                exchange.socket.settimeout(10)
                try:
                    while True:
                        exchange.send(b"x" * 65536)
                except OSError:
                    return ended.append(time.monotonic())
            if exchange.request.target == "/":
                return exchange.reply("ok")
            exchange.ended()
            ended.append(time.monotonic())

        upstream = self.backend(answer)
        lintel = self.door(upstream.url)
        lintel.until("app.test")
        for path in ("/waits", "/streams", "/pours"):
            taken = []
            for _ in range(10):
                before, requests = len(ended), len(upstream.requests)
                with lintel.connect() as client:
                    client.send(f"GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n")
                    wait_for(lambda: len(upstream.requests) > requests, "the request is upstream", every=0.001)
                    if path != "/waits":
                        self.assertEqual(200, client.read_head().status)
                left = time.monotonic()
                wait_for(lambda: len(ended) > before, "the upstream is let go", within=5, every=0.001)
                taken.append(ended[-1] - left)
            with self.subTest(path):
                self.figures(f"client left, upstream {path[1:]}", taken, 0.2)

    def test_a_client_that_leaves_ends_a_connect_within_200_ms(self):
        taken = []
        hole = BlackHole()
        self.addCleanup(hole.stop)
        lintel = self.door(hole.url, "--connect-timeout", "4s")
        hole.take_one()
        wait_for(lambda: lintel.api("/routes")[1]["routes"][0]["endpoints"][0]["state"] == "ready", "it is ready")
        hole.close_up()
        ours = {one.getsockname()[1] for one in hole._waiting}

        def connecting():
            return [local for _, local in connecting_to({hole.port}) if local not in ours]

        with lintel.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            wait_for(connecting, "the edge connects", every=0.001)
        left = time.monotonic()
        wait_for(lambda: not connecting(), "the connect is given up", within=10, every=0.001)
        taken.append(time.monotonic() - left)
        self.figures("client left while connecting", taken, 0.2)

    def test_the_first_byte_of_a_slow_body_comes_within_300_ms(self):
        sent, release = [], threading.Semaphore(0)

        def answer(exchange):
            if exchange.request.target == "/up":
                return exchange.reply("ok")
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            release.acquire(timeout=5)  # the client has the head
            sent.append(time.monotonic())
            exchange.send("1")
            release.acquire(timeout=5)  # the client has the first byte
            exchange.send("2")

        lintel = self.door(self.backend(answer).url)
        lintel.until("app.test", path="/up")
        taken = []
        for _ in range(20):
            with lintel.connect() as client:
                client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
                client.read_head()
                release.release()
                client.read_exactly(1)
                taken.append(time.monotonic() - sent[-1])
                release.release()
                client.read_exactly(1)
        self.figures("first byte of a slow body", taken, 0.3)


def connecting_to(ports):
    """(remote port, local port) of the IPv4 connections that are being made to these ports."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if state == SYN_SENT and int(remote.rpartition(":")[2], 16) in ports:
            yield int(remote.rpartition(":")[2], 16), int(local.rpartition(":")[2], 16)


if __name__ == "__main__":
    main()
