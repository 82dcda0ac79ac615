"""Backends are killed, refuse, flap, and close in turn under load: no GET fails. What only was closed while it idled in the
pool is nobody's error."""
import collections
import random
import socket
import threading
import time

from support.backend import Backend, ok
from support.case import Case, main, wait_for
from support.load import Load
from support.routes import routes
from support.wire import connect

RATE = 200


class Unreliable:
    """An upstream on one port that can be in several ways broken. `mode`: "ok", "close" (reads a request and closes) or
    "accept-close" (closes at once)."""

    def __init__(self):
        self.mode = "ok"
        self.backend = Backend(self._answer)
        self.port, self.url = self.backend.port, self.backend.url

    def _answer(self, exchange):
        if self.mode == "close":
            exchange.close_after = True
            return exchange.read_body()
        return ok(exchange)

    def kill(self):
        """As if its process died: the port refuses, what runs is cut."""
        if self.backend:
            self.backend.stop()
            self.backend = None

    def start(self):
        if not self.backend:
            self.backend = Backend(self._answer, port=self.port)

    stop = kill


class TwoBackends(Case):
    def door(self, **options):
        self.two = [Unreliable(), Unreliable()]
        for each in self.two:
            self.addCleanup(each.stop)
        lintel = self.lintel(routes=routes({"app.test": [each.url for each in self.two]}), **options)
        lintel.until("app.test")
        wait_whole(lintel)
        return lintel

    def under_load(self, fault):
        """`fault(load, upstream)` is done to one, then to the other."""
        lintel = self.door()
        with Load(lintel.http, "app.test", clients=16, rate=RATE) as load:
            load.run_for(0.5)
            for upstream in self.two:
                fault(load, upstream)
                wait_whole(lintel)
        failures = collections.Counter(each.failure for each in load.failed())
        print(f"{self.id().rsplit('.', 1)[1]}: {len(load.samples)} GETs, {sum(failures.values())} failed {dict(failures)}")
        self.assertFalse(failures)
        self.assertGreater(len(load.samples), RATE)

    def test_no_get_fails_when_one_is_killed(self):
        def killed(load, upstream):
            upstream.kill()
            load.run_for(1)
            upstream.start()

        self.under_load(killed)

    def test_no_get_fails_when_one_flaps(self):
        def flaps(load, upstream):
            for _ in range(8):
                upstream.kill()
                load.run_for(0.1)
                upstream.start()
                load.run_for(0.1)

        self.under_load(flaps)

    def test_no_get_fails_when_one_closes_each_connection_without_an_answer(self):
        def closes(load, upstream):
            upstream.mode = "close"
            load.run_for(1)
            upstream.mode = "ok"

        self.under_load(closes)

    def test_no_get_fails_when_one_cuts_its_idle_connections(self):
        def cuts(load, upstream):
            for _ in range(20):
                for each in list(upstream.backend._sockets.values()):
                    try:
                        each.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass  # gone already
                load.run_for(0.05)

        self.under_load(cuts)


def wait_whole(lintel):
    """Both take requests again: the next fault needs the other one."""
    def whole():
        return all(endpoint["state"] == "ready" for route in lintel.api("/routes")[1]["routes"]
                   for endpoint in route["endpoints"])

    wait_for(whole, "both are ready", within=5)


class Deaf(Case):
    def test_an_upstream_that_stops_reading_an_upload_is_given_up_after_the_write_timeout(self):
        deaf, release = threading.Event(), threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.method == "POST":
                exchange.close_after = True
                deaf.set()
                return release.wait(30)
            exchange.reply("ok")

        lintel = self.lintel("--write-timeout", "500ms", "--first-byte-timeout", "500ms", drain_timeout="500ms",
                             routes=routes({"app.test": self.backend(answer).url}))
        lintel.until("app.test")
        with lintel.connect(within=5) as client:
            client.send(f"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: {10 ** 9}\r\n\r\n")
            self.assertTrue(deaf.wait(5))
            client.socket.settimeout(0.2)
            try:
                while True:
                    client.send(b"x" * 65536)
            except OSError:
                pass  # no more is taken, or it was cut already
            client.socket.settimeout(5)
            started = time.monotonic()
            try:
                response = client.read_response("POST")
                what = f"{response.status} {response['lintel-reason']}"
                self.assertIn(response.status, (502, 504))
            except TimeoutError:
                self.fail("the client waits for ever")
            except (ConnectionError, EOFError):
                what = "cut"
        print(f"a deaf upstream: {what} after {time.monotonic() - started:.2f} s")


class StalePool(Case):
    def test_an_upstream_that_closes_idle_connections_loses_no_request(self):
        """Gaps around the very moment when it closes, GET and POST; with two seconds, too, which many servers have."""
        random.seed(4)
        idles = {"short.test": 0.2, "long.test": 2.0}

        def closing_after(idle):
            def answer(exchange):
                exchange.socket.settimeout(idle)
                exchange.read_body()
                exchange.reply(exchange.request.body or b"ok")
            return answer

        urls = {host: self.backend(closing_after(idle)).url for host, idle in idles.items()}
        lintel = self.lintel(routes=routes(urls))
        for host in idles:
            lintel.until(host)
        failures, count = [], collections.Counter()
        end = time.monotonic() + 8

        def client(host, idle, seed):
            gaps = random.Random(seed)
            while time.monotonic() < end:
                method, body = gaps.choice([("GET", None), ("POST", b"once")])
                try:
                    with connect(lintel.http) as connection:
                        response = connection.request(host, "/", method, body=body)
                    if (response.status, response.body) != (200, body or b"ok"):
                        failures.append(f"{host} {method}: {response.status} {response['lintel-reason']}")
                except (OSError, EOFError) as failure:
                    failures.append(f"{host} {method}: {failure!r}")
                count[host, method] += 1
                stop.wait(gaps.choice([gaps.gauss(idle, 0.002), gaps.uniform(0, idle * 1.2)]))

        stop = threading.Event()
        threads = [threading.Thread(target=client, args=(host, idle, seed), daemon=True)
                   for host, idle in idles.items() for seed in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        print(f"stale pool: {dict(count)}, {len(failures)} lost {dict(collections.Counter(failures))}")
        self.assertEqual([], failures)


if __name__ == "__main__":
    main()
