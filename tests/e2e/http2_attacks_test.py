"""The attacks on record against HTTP/2 (docs/http2.md): the attacker is thrown out, by name; the memory of the edge stays where it is;
whoever behaves well does not notice."""
import pathlib
import threading
import time

from support import h2
from support.attack import Bulk
from support.case import Case, main, wait_for
from support.h2 import H2, settings
from support.h2_attack import H2Attack

ROUTES = """
http:
  routers:
    app: {rule: "Host(`app.test`)", entryPoints: [http, https], service: app}
    bulk: {rule: "Host(`app.test`) && Path(`/large`)", entryPoints: [http, https], service: bulk}
    slow: {rule: "Host(`app.test`) && Path(`/slow`)", entryPoints: [http, https], service: slow}
  services:
    app: {loadBalancer: {servers: [{url: "%s"}]}}
    bulk: {loadBalancer: {servers: [{url: "%s"}]}}
    slow: {loadBalancer: {servers: [{url: "%s"}]}}
"""
MIB = 1024 * 1024
SECONDS = 2.0
MOST_GROWTH = 8 * MIB


class Bystander:
    """A client that behaves well, while it lives: a request every 5 ms."""

    def __init__(self, address):
        self.times, self.failures = [], []
        self._stop = threading.Event()
        self._peer = H2(address)
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        self._peer.close()

    def _ask(self):
        while not self._stop.wait(0.005):
            began = time.perf_counter()
            try:
                answer = self._peer.get()
                if answer.status != 200:
                    self.failures.append(answer)
            except OSError as failure:
                self.failures.append(failure)
                return
            self.times.append(time.perf_counter() - began)

    @property
    def p99(self):
        return sorted(self.times)[int(len(self.times) * 0.99)]


class Door(Case):
    def setUp(self):
        self.slow = self.backend(lambda exchange: exchange.socket.recv(1))  # never answers, notices when it is left
        self.bulk = Bulk()
        self.addCleanup(self.bulk.stop)
        self.front = self.lintel("--h2c", "allow", "--head-timeout", "1s", "--write-timeout", "1s", "--max-uploads-per-service", "1000",
                                 routes=ROUTES % (self.bulk.url, self.bulk.url, self.slow.url), workers=1)
        self.front.until("app.test")
        self.edge = wait_for(lambda: self.front.role("edge"), "the edge is there")
        with H2(self.front.http) as warm:
            for _ in range(50):
                warm.get()

    def memory(self):
        status = pathlib.Path(f"/proc/{self.edge}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def count(self, name):
        return self.front.api("/status")[1]["stats"].get(name, 0)

    def under(self, kind, name, seconds=SECONDS):
        """Runs the attack and sees to everything that holds under any. `name`: how the owner hears of it, if at all."""
        before = self.memory()
        most, pause = before, threading.Event()
        with Bystander(self.front.http) as bystander, H2Attack(kind, self.front.http) as attack:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                most = max(most, self.memory())
                pause.wait(0.05)
        self.assertGreater(attack.report["thrown_out"], 0, attack.report)
        self.assertEqual([], bystander.failures)
        self.assertGreater(len(bystander.times), 20)
        self.assertLess(bystander.p99, 0.1)
        self.assertLess(most - before, MOST_GROWTH)
        if name:
            wait_for(lambda: self.count("h2_" + name.replace("-", "_")) > 0, f"{name} is counted")
            self.assertIn(f'"attack":"{name}"', self.front.log)
        wait_for(lambda: not self.slow.open_connections, "no request of the attack is left upstream")
        return attack.report


class Attacks(Door):
    pass


def attacking(kind, name, code=None):
    def test(self):
        report = self.under(kind, name)
        if code is not None:
            self.assertIn(code, report["codes"])
    return test


for kind, name, code in (("rapid-reset", "rapid-reset", h2.CALM),
                         ("window-overflow", "made-you-reset", h2.CALM), ("lying-length", "made-you-reset", h2.CALM),
                         # These end the connection: there is nothing to repeat.
                         ("window-zero", None, None), ("priority-length", None, None), ("priority-self", None, None),
                         ("data-after-end", None, None), ("headers-after-end", None, None),
                         ("continuations", None, None), ("tiny-continuations", None, None),
                         ("few-continuations", "continuation", h2.CALM),
                         ("hpack-bomb", "header-list", h2.CALM), ("table-sizes", None, None),
                         ("too-many-streams", "too-many-streams", None),
                         ("settings", "settings", None), ("ping", "ping", None),
                         ("priority", "priority", h2.CALM), ("priority-update", "priority", h2.CALM),
                         ("window-update", "window-update", h2.CALM), ("window-dribble", "window-update", h2.CALM),
                         ("empty-data", "empty-data", h2.CALM), ("tiny-data", "tiny-data", h2.CALM),
                         ("unknown-frames", "unknown-frames", h2.CALM),
                         ("slow-head", "slow-head", h2.CALM)):
    setattr(Attacks, "test_" + kind.replace("-", "_"), attacking(kind, name, code))


class Stalled(Door):
    """Windows that stay shut."""

    def test_a_thousand_streams_are_little_memory(self):
        before = self.memory()
        peers = [H2(self.front.http, windows=False, first=settings(WINDOW=0)) for _ in range(10)]
        for peer in peers:
            self.addCleanup(peer.close)
            for _ in range(100):
                peer.open(path="/large")
        wait_for(lambda: self.count("requests_open") == 1000, "all are asked")
        for peer in peers:
            for stream in range(1, 201, 2):
                peer.answer(stream, until=lambda answer: answer.fields)
        self.assertLess(self.memory() - before, 50 * MIB)
        with Bystander(self.front.http) as bystander:
            for peer in peers:
                for stream in range(1, 201, 2):
                    self.assertIsNotNone(peer.answer(stream).reset)
        self.assertEqual([], bystander.failures)
        wait_for(lambda: self.count("h2_stalled") == 1000, "each is counted")
        wait_for(lambda: self.count("requests_open") == 0, "none is left")


if __name__ == "__main__":
    main()
