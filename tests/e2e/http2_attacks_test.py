"""The attacks on record against HTTP/2 (docs/http2.md): the attacker is thrown out, by name; the memory of the edge stays where it is;
whoever behaves well does not notice."""
import itertools
import json
import pathlib
import re
import threading
import time

from support import h2
from support.bulk import Bulk
from support.bystander import Bystander
from support.case import Case, main, wait_for
from support.h2 import H2, frame, number, settings
from support.h2_attack import H2Attack
from support.lintel import ROOT
from support.proc import sockets_to

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
STREAMS = 100  # that a connection may have
HEAD_TIMEOUT = 1.0
MOST_GROWTH = 8 * MIB
MOST_PATIENCE = 0.1  # seconds, for 99 of a bystander's 100 requests


class Door(Case):
    def setUp(self):
        self.bulk, self.slow = Bulk(), Bulk()  # what hangs must not slow down who behaves
        self.addCleanup(self.bulk.stop)
        self.addCleanup(self.slow.stop)
        self.front = self.lintel("--h2c", "allow", "--head-timeout", f"{HEAD_TIMEOUT:g}s", "--write-timeout", "1s", "--max-uploads-per-service", "1000",
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

    def under(self, kind, name, seconds=SECONDS, tls=False, throws_out=True):
        """Runs the attack and sees to everything that holds under any. `name`: how the owner hears of it, if at all. What
        else the machine does may cost a bystander's patience in one round, not in three."""
        before, p99 = self.memory(), []
        while len(p99) < 3 and min(p99, default=MOST_PATIENCE) >= MOST_PATIENCE:
            most, most_upstream, bystander, attack = self.attacked(kind, seconds, tls)
            self.assertEqual(throws_out, attack.report["thrown_out"] > 0, attack.report)
            self.assertEqual([], bystander.failures)
            self.assertGreater(len(bystander.times), 20)
            self.assertLess(most - before, MOST_GROWTH)
            self.assertLessEqual(most_upstream, 2 * STREAMS, "of a connection, and of one that is being wound up")
            p99.append(bystander.p99)
        self.assertLess(min(p99), MOST_PATIENCE, p99)
        if name:
            wait_for(lambda: self.count("h2_" + name.replace("-", "_")) > 0, f"{name} is counted")
            self.assertIn(f'"attack":"{name}"', self.front.log)
        wait_for(lambda: self.slow.held == 0, "no request of the attack is left upstream")
        return attack.report

    def attacked(self, kind, seconds, tls):
        """One round: the most memory and the most connections to the slow app meanwhile, who asked beside it, the attacker."""
        most, most_upstream, pause = 0, 0, threading.Event()
        where = (self.front.https, self.front.ca) if tls else (self.front.http,)
        with Bystander(self.front.http) as bystander, H2Attack(kind, *where) as attack:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                most = max(most, self.memory())
                most_upstream = max(most_upstream, sockets_to(self.edge, {self.slow.port}))
                pause.wait(0.1)
        return most, most_upstream, bystander, attack


# What is done, how the owner hears of it, and the code of the GOAWAY. Who sends what can't be is thrown out at once.
ATTACKS = (
    ("rapid-reset", "rapid-reset", h2.CALM),
    # The six ways to make us reset a stream (CVE-2025-8671), and one of our own.
    ("window-overflow", "made-you-reset", h2.CALM), ("window-zero", "made-you-reset", h2.PROTOCOL_ERROR),
    ("priority-length", "made-you-reset", h2.FRAME_SIZE_ERROR), ("priority-self", "made-you-reset", h2.PROTOCOL_ERROR),
    ("data-after-end", "made-you-reset", h2.STREAM_CLOSED), ("headers-after-end", "made-you-reset", h2.STREAM_CLOSED),
    ("lying-length", "made-you-reset", h2.CALM),
    ("continuations", "continuation", h2.CALM), ("tiny-continuations", "continuation", h2.CALM), ("few-continuations", "continuation", h2.CALM),
    ("large-lists", "continuation", h2.CALM), ("hpack-bomb", "header-list", h2.CALM),
    ("table-sizes", "too-many-streams", h2.CALM), ("too-many-streams", "too-many-streams", h2.CALM),
    ("settings", "settings", None), ("ping", "ping", None),
    ("priority", "priority", h2.CALM), ("priority-update", "priority", h2.CALM),
    ("window-update", "window-update", h2.CALM), ("window-dribble", "window-update", h2.CALM),
    ("empty-data", "empty-data", h2.CALM), ("tiny-data", "tiny-data", h2.CALM),
    ("unknown-frames", "unknown-frames", h2.CALM),
)
# These want time: the head's. Before the preface a connection is known to be HTTP/2 only over TLS.
SLOW_ATTACKS = (
    ("no-preface", "slow-preface", True), ("half-preface", "slow-preface", True), ("dripped-preface", "slow-preface", True),
    ("slow-head", "slow-head", False), ("dripped-head", "slow-head", False),
)


class Attacks(Door):
    def test_a_table_that_is_filled_anew_by_each_request_is_its_senders_own_work(self):
        self.under("table-churn", None, throws_out=False)

    def test_each_name_in_the_documentation_is_that_of_an_attack_here(self):
        names = re.findall(r"^\| `([a-z-]+)`, `h2_", (ROOT / "docs/http2.md").read_text(), re.MULTILINE)
        tried = {name for _, name, _ in (*ATTACKS, *SLOW_ATTACKS) if name}
        self.assertEqual(set(names), tried | {"stalled"})


def attacking(kind, name, code=None, **options):
    def test(self):
        report = self.under(kind, name, **options)
        if code is not None:
            self.assertIn(code, report["codes"])
    return test


for kind, name, code in ATTACKS:
    setattr(Attacks, "test_" + kind.replace("-", "_"), attacking(kind, name, code))
for kind, name, tls in SLOW_ATTACKS:
    setattr(Attacks, "test_" + kind.replace("-", "_"), attacking(kind, name, h2.CALM, seconds=3.5 * HEAD_TIMEOUT, tls=tls))


class Slow(Door):
    """To the second."""

    def cut_after(self, peer, drip):
        """Seconds until the end of the connection, while a byte of `drip` goes out each quarter of one."""
        peer.socket.settimeout(0.25)
        drip = iter(drip)
        began = time.monotonic()
        while True:
            try:
                data = peer.socket.recv(65536)
                if not data:
                    return time.monotonic() - began
                peer.pending += data
            except TimeoutError:
                peer.send(bytes(itertools.islice(drip, 1)))

    def test_who_agreed_to_http_2_and_does_not_begin(self):
        beginnings = ((b"", b""), (h2.PREFACE[:10], b""), (b"", h2.PREFACE), (h2.PREFACE, b""), (h2.PREFACE, settings()))
        for first, drip in beginnings:
            with (self.subTest(first=first, drip=drip),
                  H2(self.front.https, self.front.trust(), "app.test", greets=False, first=first) as peer):
                took = self.cut_after(peer, drip)
                self.assertLess(HEAD_TIMEOUT - 0.2, took)
                self.assertLess(took, HEAD_TIMEOUT + 1)
                self.assertEqual(h2.CALM, peer.goodbye())
        wait_for(lambda: self.count("h2_slow_preface") == len(beginnings), "each is counted")
        said = [json.loads(line) for line in self.front.log.splitlines() if '"h2.attack"' in line]
        self.assertEqual([("slow-preface", "https", "127.0.0.1")] * len(beginnings),
                         [(each["attack"], each["entrypoint"], each["client"]) for each in said])

    def test_what_may_become_http_1_in_clear_text_is_treated_so(self):
        for first, drip in ((h2.PREFACE[:10], b""), (b"", h2.PREFACE)):
            with self.subTest(first=first, drip=drip), H2(self.front.http, greets=False, first=first) as peer:
                self.assertLess(self.cut_after(peer, drip), HEAD_TIMEOUT + 2)
                self.assertTrue(peer.pending.startswith(b"HTTP/1.1 408 "), peer.pending)


class Resets(Door):
    def test_what_is_reset_ends_upstream_at_once_and_has_its_place_until_then(self):
        with H2(self.front.http) as peer:
            self.assertEqual(200, peer.get().status)
            streams = [peer.open(path="/slow") for _ in range(STREAMS)]
            wait_for(lambda: self.slow.held == STREAMS, "all are under way")
            another, peer.next_stream = peer.next_stream, peer.next_stream + 2
            peer.send(b"".join(frame(h2.RST_STREAM, each, payload=number(h2.CANCEL)) for each in streams) +
                      peer.headers(peer.request(), another))
            self.assertEqual(200, peer.answer(another).status, "it waits for a place, and there is one at once")
            wait_for(lambda: self.slow.held == 0, "the app is rid of them", within=1)


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
        self.assertLess(bystander.p99, MOST_PATIENCE)
        wait_for(lambda: self.count("h2_stalled") == 1000, "each is counted")
        wait_for(lambda: self.count("requests_open") == 0, "none is left")


if __name__ == "__main__":
    main()
